"""Keeps a second writer away from a SQLite store: two of them would each do the work once.

The lock is the kernel's (`flock`), so it ends with the process that holds it, however that ends. The file that carries it stays.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from pointsman.errors import StoreUnavailable


class WriterLock:
    """Held from the beginning until `release`. Raises StoreUnavailable, saying who has it, when somebody else does."""

    def __init__(self, store: Path) -> None:
        if not store.parent.is_dir():
            raise StoreUnavailable(
                f"expected the directory {store.parent} for the store, found none. Create or mount it, or correct store.url"
            )
        path = store.with_name(store.name + ".lock")
        try:
            # Not inherited by the programs that are started (PEP 446): a child that lives on would hold it.
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            raise StoreUnavailable(
                f"expected to write {path}, which keeps other writers out, found: {error.strerror}. "
                "Run as the user whom the store's directory belongs to"
            ) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._fd, 32, 0).decode("ascii", "replace").strip()
            os.close(self._fd)
            raise StoreUnavailable(
                f"expected to be the only writer of {store}, found that process {holder or 'unknown'} has it open. "
                "Stop that one first, or give this one a store and a client id of its own"
            ) from error
        with contextlib.suppress(OSError):  # a full disk: the lock is held all the same
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, f"{os.getpid()}\n".encode("ascii"), 0)

    def release(self) -> None:
        """Let others have it. Once more is nothing."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
