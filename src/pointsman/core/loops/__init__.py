"""Loops: operations whose messages, as the configuration has them, set each other off. Nothing that happens is decided here.

outline.py     texts with holes where they are not known
listening.py   who reads a topic; reading.py: and what a message says to them
reach.py       a run of an operation → readings of what it publishes; leads.py: which runs an entity has
vertices.py    the same for all entities, those that behave alike at once
graph.py       what leads to what; lasting.py: which parts of that keep going
find.py        find_loops: a short way round for each; words.py: in words
"""

from pointsman.core.loops.find import Loop, Step, find_loops
from pointsman.core.loops.listening import Listener, OwnReports, OwnRequests
from pointsman.core.loops.reach import Announcing
from pointsman.core.loops.vertices import TooMany
from pointsman.core.loops.words import in_words

__all__ = ["Announcing", "Listener", "Loop", "OwnReports", "OwnRequests", "Step", "TooMany", "find_loops", "in_words"]
