"""Private directories: one for each worker, in it one for each job, which outlives the worker until its job is settled.

Knows: the standard library, errors, ids, the names of the files in them. Must not know: what is in the files. A worker's
directory has the same name at each start, made from its key, so that the next start finds what this one leaves; nobody touches
another's. The worker and its keeper hold a lock (flock(2)) on it for as long as they live, and the next worker waits for that:
it is the last moment at which a supervisor may turn up. systemd-tmpfiles leaves a locked directory alone, however old it is
(tmpfiles.d(5)).
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from pointsman.errors import ConfigurationError, PointsmanError
from pointsman.model.ids import JobId
from pointsman.programs.supervisor.record import DEFECT, LAUNCH, LIFE, ORDERS, OUTCOME, SCRIPT, STDIN, WORK

PREFIX = "pointsman-programs-"
_JOB = "job-"
PATIENCE = 10.0
"""Seconds that a worker before this one, which was killed, has to be gone with its keeper. It takes milliseconds."""
_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class NoWorkspace(PointsmanError):
    """No private directory could be made for a job, or what belongs there could not be written."""


class WorkspaceInUse(PointsmanError):
    """Another worker has the directory."""


@dataclass(frozen=True, slots=True)
class Place:
    """One job's private place (mode 0700). What the files are for: supervisor/record.py."""

    root: Path

    @property
    def work(self) -> Path:
        """Where its program runs."""
        return self.root / WORK

    @property
    def script(self) -> Path:
        """Where its script goes, if it has one."""
        return self.root / SCRIPT

    @property
    def life(self) -> Path:
        """The pipe that is open while there is a supervisor."""
        return self.root / LIFE

    @property
    def orders(self) -> Path:
        """The pipe by which a supervisor is told to end its program."""
        return self.root / ORDERS

    def lives(self) -> bool:
        """Whether there is a supervisor. Raises OSError when that cannot be told."""
        try:
            life = os.open(self.life, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            while os.read(life, 100):
                pass
        except BlockingIOError:
            return True
        finally:
            os.close(life)
        return False

    def order(self, what: bytes) -> None:
        """Tell the supervisor to end the program, if there is one. Raises OSError."""
        try:
            orders = os.open(self.orders, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENXIO):
                return  # nobody reads it any more
            raise
        try:
            os.write(orders, what)
        finally:
            os.close(orders)

    @property
    def launched(self) -> bool:
        """Whether a supervisor has taken the launch: the program was run, or may have been."""
        return not (self.root / LAUNCH).exists()

    def prepare(self, launch: bytes, stdin: bytes) -> None:
        """Put there what a supervisor needs. Raises NoWorkspace."""
        try:
            os.mkfifo(self.life, 0o600)
            os.mkfifo(self.orders, 0o600)
            _write(self.root / STDIN, stdin)
            _write(self.root / LAUNCH, launch)
        except OSError as error:
            raise NoWorkspace(f"the job could not be written to {self.root}: {error.strerror}; see to its disk") from error

    def outcome(self) -> bytes | None:
        """How the program ended, as its supervisor left it; None when it has left nothing. Raises OSError."""
        return _read(self.root / OUTCOME)

    def defect(self) -> str | None:
        """What went wrong in the supervisor, if it could say so."""
        found = _read(self.root / DEFECT)
        return None if found is None else found.decode("utf-8", "replace")


class Workspaces:
    """A worker's directory. `open` makes and locks it, `close` lets it go."""

    def __init__(self, base: Path | None, key: str) -> None:
        """`base` is where it lies; None is the system's directory for temporary files. `key` makes the name this worker's own."""
        self.root = (base or Path(tempfile.gettempdir())).absolute() / f"{PREFIX}{key}"
        self.lock = -1
        """The descriptor that holds the lock."""

    def open(self) -> None:
        """Make the directory unless it is there, and lock it. Raises ConfigurationError when that cannot be, WorkspaceInUse."""
        until = time.monotonic() + PATIENCE
        try:
            while self.lock < 0:
                self._try(until)
        except OSError as error:
            raise ConfigurationError(
                f"programs.work_directory: expected a directory that the worker may write to, found {self.root.parent} "
                f"({error.strerror}); create it, or name another"
            ) from error

    def close(self) -> None:
        """Let it go; what is in it is kept for the next start."""
        if self.lock >= 0:
            with suppress(OSError):  # it is not empty
                self.root.rmdir()
            os.close(self.lock)
            self.lock = -1

    def jobs(self) -> list[JobId]:
        """The jobs that have a directory here."""
        return [JobId(unquote(each.name.removeprefix(_JOB))) for each in self.root.glob(f"{_JOB}*")]

    def place(self, job: JobId) -> Place:
        """Where a job's directory is, if it has one."""
        return Place(self.root / f"{_JOB}{quote(job, safe='')}")

    def new(self, job: JobId) -> Place:
        """A new directory for a job, in the place of one that an earlier run has left. Raises NoWorkspace."""
        if self.lock < 0:
            raise NoWorkspace("expected the worker's directory, found none: it was not opened, or is closed")
        place = self.place(job)
        try:
            if place.lives():
                raise NoWorkspace("expected no program of an earlier run of this job, found one that still runs; end it")
            _remove(place.root)
            place.root.mkdir(mode=0o700)
            place.work.mkdir(mode=0o700)
        except OSError as error:
            raise NoWorkspace(
                f"expected room for a private directory in {self.root}, found none ({error.strerror}); see to its disk"
            ) from error
        return place

    def remove(self, job: JobId) -> None:
        """Remove a job's directory and all that is in it, if there is one.

        What a program that escaped still writes there may keep it from going; the next start removes it then.
        """
        _remove(self.place(job).root)

    def _try(self, until: float) -> None:
        with suppress(FileExistsError):
            self.root.mkdir(mode=0o700)
        try:
            lock = os.open(self.root, _FLAGS)
        except FileNotFoundError:
            return  # whoever had it has removed it just now
        try:
            if os.fstat(lock).st_uid != os.geteuid():
                raise ConfigurationError(
                    f"programs.work_directory: expected {self.root} to be this user's, found it somebody else's; "
                    "remove it, or name another directory"
                )
            os.fchmod(lock, 0o700)
            # Whoever had the lock may have removed the directory since it was opened here.
            if _locked(lock) and _leads_to(self.root, lock):
                self.lock = lock
                return
        finally:
            if self.lock != lock:
                os.close(lock)
        if time.monotonic() > until:
            raise WorkspaceInUse(
                f"expected no other worker in {self.root}, found one; end it, or give this one another node.id or "
                "programs.work_directory"
            )
        time.sleep(0.02)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _leads_to(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _write(path: Path, data: bytes) -> None:
    with open(os.open(path, _NEW, 0o600), "wb") as file:
        file.write(data)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _remove(directory: Path) -> None:
    """Remove it, also where a program took permissions away."""
    try:
        shutil.rmtree(directory)
    except FileNotFoundError:
        return
    except OSError:
        with suppress(OSError):
            directory.chmod(0o700)
            for place, names, _ in os.walk(directory):
                for inner in (Path(place, name) for name in names):
                    if not inner.is_symlink():
                        inner.chmod(0o700)
        shutil.rmtree(directory, ignore_errors=True)
