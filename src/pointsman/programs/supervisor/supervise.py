"""One supervisor: from the launch that it takes to the outcome that it leaves.

Knows: record, spawn, watch. Must not know: the worker, jobs, other supervisors. It has a process, a session and one thread of its
own, and everything that it needs, so that it does not matter to it whether there is a worker. Files are read and written by the
system's calls: what `open` brings along would add a fifth to the memory that each supervisor has of its own.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import time

from pointsman.programs.supervisor.record import (
    DEFECT,
    LAUNCH,
    NOT_STARTED,
    OUTCOME,
    STARTED,
    STDIN,
    WORK,
    Ended,
    Task,
    decode_task,
    encode_ended,
)
from pointsman.programs.supervisor.spawn import CannotStart, spawn
from pointsman.programs.supervisor.watch import Watch

AGAIN = 1.0
"""Seconds until an outcome for which there was no room on the disk is written again."""
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def supervise(place: str, life: int, orders: int) -> None:
    """Run the program whose launch lies in a job's directory, and leave its outcome there. Returns when all is done.

    Whatever is raised here ends the process, and with it, by the tether, the program; the outcome is unknown then.
    """
    try:
        wake = _on_signals()
        task = _take(place)
        _write(place, _run(place, task, life, orders, wake), orders)
    except BaseException as defect:
        _note(place, defect)
        raise


def _take(place: str) -> Task:
    """Read the launch and take it away. Raises FileNotFoundError when somebody has: it is being run, or was."""
    path = f"{place}/{LAUNCH}"
    launch = os.open(path, os.O_RDONLY)
    data = os.read(launch, os.fstat(launch).st_size)
    os.close(launch)
    os.unlink(path)
    return decode_task(data)


def _run(place: str, task: Task, life: int, orders: int, wake: int) -> Ended:
    begun = time.monotonic()
    try:
        process = spawn(task, f"{place}/{STDIN}", f"{place}/{WORK}")
    except CannotStart as fault:
        return Ended(reason=NOT_STARTED, code=fault.number, duration_ms=0, truncated=False, stdout=fault.what, stderr="")
    os.unlink(f"{place}/{STDIN}")  # what an operation is given may be secret: it is gone as soon as it is open
    os.write(life, STARTED)
    watch = Watch(process, task, begun + task.timeout_ms / 1000, orders, wake)
    watch.until_done()
    code = watch.clear_away()
    return Ended(
        reason=watch.reason,
        code=code,
        duration_ms=round((time.monotonic() - begun) * 1000),
        truncated=bool(watch.stdout.dropped or watch.stderr.dropped),
        stdout=watch.stdout.text(),
        stderr=watch.stderr.text(),
    )


def _write(place: str, ended: Ended, orders: int) -> None:
    """Leave the outcome: whole or not at all, and on the medium before anybody may read it.

    While the disk is full it waits, since the store cannot take the outcome then either, until there is room or it is told to
    end.
    """
    data = encode_ended(ended)
    poller = select.poll()
    poller.register(orders, select.POLLIN)
    while True:
        try:
            _put(f"{place}/{OUTCOME}.new", data)
            os.rename(f"{place}/{OUTCOME}.new", f"{place}/{OUTCOME}")
            return
        except OSError as error:
            if error.errno not in NO_ROOM or poller.poll(1000 * AGAIN):
                raise


def _put(path: str, data: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        while data:
            data = data[os.write(file, data) :]
        os.fsync(file)
    finally:
        os.close(file)


def _note(place: str, defect: BaseException) -> None:
    try:
        with open(f"{place}/{DEFECT}", "w", encoding="utf-8") as file:
            file.write(f"{type(defect).__name__}: {defect}")
    except OSError:
        pass


def _on_signals() -> int:
    """Have the signals for which the keeper has set handlers written to a pipe; gives the end to read."""
    wake, end = os.pipe()
    os.set_blocking(end, False)
    signal.set_wakeup_fd(end, warn_on_full_buffer=False)
    return wake
