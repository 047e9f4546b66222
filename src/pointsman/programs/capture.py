"""What is kept of a program's output: the first and the last half of a limit. Pure memory, bounded whatever comes."""

from __future__ import annotations

import codecs


class Capture:
    """Takes bytes as they come. Holds at most one and a half times `limit` of them."""

    def __init__(self, limit: int) -> None:
        self._last_room = max(limit, 0) // 2
        self._first_room = max(limit, 0) - self._last_room
        self._first = bytearray()
        self._last = bytearray()
        self._total = 0

    def add(self, data: bytes) -> None:
        """Take what was read."""
        self._total += len(data)
        fits = self._first_room - len(self._first)
        self._first += data[:fits]
        if rest := data[fits:]:
            self._last += rest[max(len(rest) - self._last_room, 0) :]
            if len(self._last) > 2 * self._last_room:
                self._trim()

    @property
    def dropped(self) -> int:
        """How many bytes in the middle are not kept."""
        return max(self._total - self._first_room - self._last_room, 0)

    def text(self) -> str:
        """What was kept, as UTF-8 text; what is not UTF-8, and NUL, which not every store takes, becomes U+FFFD.

        Where something is left out a line says how much, and characters that the cut went through are left out too.
        """
        self._trim()
        if not self.dropped:
            return _text(bytes(self._first + self._last))
        first = codecs.getincrementaldecoder("utf-8")("replace").decode(bytes(self._first))
        start = next((n for n, byte in enumerate(self._last[:3]) if byte & 0xC0 != 0x80), min(len(self._last), 3))
        last = _text(bytes(self._last[start:]))
        return f"{first}\n[… {self.dropped} bytes left out …]\n{last}".replace("\0", "\ufffd")

    def _trim(self) -> None:
        del self._last[: max(len(self._last) - self._last_room, 0)]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\0", "\ufffd")
