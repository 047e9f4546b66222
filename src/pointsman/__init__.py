"""Pointsman watches signals, throws the switches and writes every move in the book.

    MQTT state message → state change → trigger decides → job recorded → operation runs → result recorded and announced

Layers, outermost first; each knows only those to its right:

    cli → daemon → { mqtt, programs, store, settings, observe } → engine.ports → core → model

Begin with `daemon.py`, which puts the parts together, and `engine/engine.py`, where the line above is one loop.
"""

__version__ = "0.1.0"
