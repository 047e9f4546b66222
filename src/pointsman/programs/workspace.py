"""Private directories: one for each worker, in it one for each job, gone with the job.

Knows: the standard library, errors. Must not know: jobs, what lies in the directories. A worker holds a lock (flock(2)) on its
directory for as long as it lives. By that the next start tells what a killed one left behind, and removes it; and
systemd-tmpfiles leaves a locked directory alone however old it is (tmpfiles.d(5)).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pointsman.errors import ConfigurationError, PointsmanError

PREFIX = "pointsman-programs-"
_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class NoWorkspace(PointsmanError):
    """No private directory could be made for a job."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """One job's private place (mode 0700)."""

    directory: Path
    """Where its program runs, and its HOME; empty at first."""
    script: Path
    """Where its script goes, if it has one; nothing is there yet."""


class Workspaces:
    """The worker's directory. `open` makes it, `close` removes it."""

    def __init__(self, base: Path | None) -> None:
        self._base = base
        self._lock = -1
        self._root: Path | None = None

    def open(self) -> None:
        """Remove what dead workers left, make and lock our own. Raises ConfigurationError when no directory can be made."""
        base = self._base or Path(tempfile.gettempdir())
        try:
            for leftover in base.glob(f"{PREFIX}*"):
                _sweep(leftover)
            while self._root is None:
                self._make(base)
        except OSError as error:
            raise ConfigurationError(
                f"programs.work_directory: expected a directory that the worker may write to, found {base} ({error.strerror}); "
                "create it, or name another"
            ) from error

    def close(self) -> None:
        """Remove the directory and all that is in it."""
        if self._root is not None:
            _remove(self._root)
            os.close(self._lock)
            self._root = None

    @contextmanager
    def workspace(self) -> Iterator[Workspace]:
        """A private place for one job, removed afterwards whatever happens. Raises NoWorkspace.

        What a program that escaped still writes there may keep it from going; the next start removes it then.
        """
        place = self._new_place()
        try:
            yield Workspace(place / "work", place / "script")
        finally:
            _remove(place)

    def _new_place(self) -> Path:
        if self._root is None:
            raise NoWorkspace("expected the worker's directory, found none: it was not opened, or is closed")
        try:
            place = Path(tempfile.mkdtemp(prefix="job-", dir=self._root))
            (place / "work").mkdir(mode=0o700)
        except OSError as error:
            raise NoWorkspace(
                f"expected room for a private directory in {self._root}, found none ({error.strerror}); see to its disk"
            ) from error
        return place

    def _make(self, base: Path) -> None:
        root = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        lock = os.open(root, _FLAGS)
        # Between the two lines another worker that starts may have taken it for a dead one's.
        if _locked(lock) and root.exists():
            self._root, self._lock = root, lock
        else:
            os.close(lock)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sweep(leftover: Path) -> None:
    """Remove a dead worker's directory; a live one's, and another user's, stay."""
    with suppress(OSError):
        lock = os.open(leftover, _FLAGS)
        try:
            if os.fstat(lock).st_uid == os.geteuid() and _locked(lock):
                _remove(leftover)
        finally:
            os.close(lock)


def _remove(directory: Path) -> None:
    """Remove it, also where a program took permissions away."""
    try:
        shutil.rmtree(directory)
    except OSError:
        with suppress(OSError):
            directory.chmod(0o700)
            for place, names, _ in os.walk(directory):
                for inner in (Path(place, name) for name in names):
                    if not inner.is_symlink():
                        inner.chmod(0o700)
        shutil.rmtree(directory, ignore_errors=True)
