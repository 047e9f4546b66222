"""The queue: the only way in to the engine. It does not know what its items mean."""

from __future__ import annotations

from queue import Empty, SimpleQueue

from pointsman.engine.ports import Item


class Inbox:
    """Many threads put, one takes. `put` never blocks: what must be bounded is bounded where it comes from (the broker holds
    what is not acknowledged yet, programs wait in the store)."""

    def __init__(self) -> None:
        self._items: SimpleQueue[Item | None] = SimpleQueue()

    def put(self, item: Item) -> None:
        """Queue an item. Safe from any thread."""
        self._items.put(item)

    def wake(self) -> None:
        """Make a waiting `take` return."""
        self._items.put(None)

    def take(self, limit: int, wait: float) -> list[Item]:
        """What is waiting, at most `limit` items, oldest first. Up to `wait` seconds are spent on the first, none on the rest."""
        items: list[Item] = []
        try:
            first = self._items.get(timeout=wait) if wait > 0 else self._items.get_nowait()
            if first is not None:
                items.append(first)
            while len(items) < limit:
                following = self._items.get_nowait()
                if following is not None:
                    items.append(following)
        except Empty:
            pass
        return items

    def __len__(self) -> int:
        return self._items.qsize()
