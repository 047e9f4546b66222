"""The queue: the only way in to the engine. All it knows of its items is that outcomes go first."""

from __future__ import annotations

import threading
from collections import deque

from pointsman.engine.ports import Item
from pointsman.model.command import Begin, EditCatalog, Finish


class Inbox:
    """Many threads put, one takes. `put` never blocks: what must be bounded is bounded where it comes from (the broker holds
    what is not acknowledged yet, programs wait in the store).

    What became of a job goes before what came in: the sooner that is durable, the less is done twice after a crash. What comes
    behind edits of the catalog is taken only with the next batch: it is read with the catalog that they make.
    """

    def __init__(self) -> None:
        self._outcomes: deque[Item] = deque()
        self._items: deque[Item] = deque()
        self._woken = False
        self._changed = threading.Condition()

    def put(self, item: Item) -> None:
        """Queue an item. Safe from any thread."""
        with self._changed:
            (self._outcomes if isinstance(item, Finish | Begin) else self._items).append(item)
            self._changed.notify()

    def wake(self) -> None:
        """Make a waiting `take` return."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def take(self, limit: int, wait: float) -> list[Item]:
        """What is there, at most `limit` items: outcomes first, each kind oldest first. Waits up to `wait` seconds for any."""
        with self._changed:
            if wait > 0:
                self._changed.wait_for(lambda: self._woken or self._outcomes or self._items, wait)
            self._woken = False
            taken: list[Item] = []
            for waiting in (self._outcomes, self._items):
                while waiting and len(taken) < limit:
                    if taken and isinstance(taken[-1], EditCatalog) and not isinstance(waiting[0], EditCatalog):
                        return taken
                    taken.append(waiting.popleft())
            return taken

    def __len__(self) -> int:
        return len(self._items) + len(self._outcomes)
