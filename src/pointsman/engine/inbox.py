"""The queue: the only way in to the engine. All it knows of its items is what goes first: outcomes, then what is waited for."""

from __future__ import annotations

import threading
from collections import deque

from pointsman.engine.ports import Item
from pointsman.model.command import AddResult, Begin, Cancel, EditCatalog, Execute, Finish, GrantKey, RevokeKeys

BRISK = 8
"""A batch that somebody waits for is filled up to this part of what it may hold."""
ASKED = (Execute, Cancel, AddResult, GrantKey, RevokeKeys)
"""What a thread of this process may wait for the answer of, and what no message says anything of."""


class Inbox:
    """Many threads put, one takes. `put` never blocks: what must be bounded is bounded where it comes from (the broker holds
    what is not acknowledged yet, programs wait in the store).

    What became of a job goes before what came in: the sooner that is durable, the less is done twice after a crash. Then comes
    what somebody waits for who has no place among the messages, and few messages with it: it is not to wait for hundreds of them.
    What says how an entity is keeps its place, whoever says it. What comes behind edits of the catalog is taken only with the
    next batch: it is read with the catalog that they make.
    """

    def __init__(self) -> None:
        self._outcomes: deque[Item] = deque()
        self._asked: deque[Item] = deque()
        self._items: deque[Item] = deque()
        self._woken = False
        self._changed = threading.Condition()

    def put(self, item: Item) -> None:
        """Queue an item. Safe from any thread."""
        with self._changed:
            self._lane(item).append(item)
            self._changed.notify()

    def wake(self) -> None:
        """Make a waiting `take` return."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def take(self, limit: int, wait: float) -> list[Item]:
        """What is there, at most `limit` items: outcomes first, then what is asked for, each kind oldest first. Waits up to
        `wait` seconds for any."""
        with self._changed:
            if wait > 0:
                self._changed.wait_for(lambda: self._woken or len(self), wait)
            self._woken = False
            taken: list[Item] = []
            most = limit if not self._asked else max(1, limit // BRISK)
            for waiting, up_to in ((self._outcomes, limit), (self._asked, limit), (self._items, most)):
                while waiting and len(taken) < up_to:
                    if taken and isinstance(taken[-1], EditCatalog) and not isinstance(waiting[0], EditCatalog):
                        return taken
                    taken.append(waiting.popleft())
            return taken

    def __len__(self) -> int:
        return len(self._items) + len(self._asked) + len(self._outcomes)

    def _lane(self, item: Item) -> deque[Item]:
        if isinstance(item, Finish | Begin):
            return self._outcomes
        return self._asked if isinstance(item, ASKED) and callable(item.reply) else self._items
