"""One thread that looks after what no other has in hand: programs that a worker before this one began, and directories to remove.

Knows: following, workspace, control. Must not know: turns, Begin. One thread for all of them, since there may be hundreds at a
start, and none has to be waited for in any other way than by its pipe.
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Callable

from pointsman.model.command import Finish
from pointsman.model.effect import StartProgram
from pointsman.model.ids import JobId
from pointsman.programs.control import Bell, Control
from pointsman.programs.following import Following
from pointsman.programs.workspace import Workspaces


class Caretaker:
    """`run` is its thread's function; every other method is safe from any thread, blocks nobody and raises nothing."""

    def __init__(self, workspaces: Workspaces, ended: Callable[[JobId, Finish | None], None]) -> None:
        """Calls `ended` when a program has, and with None when it was left."""
        self._workspaces = workspaces
        self._ended = ended
        self._new: deque[tuple[StartProgram, Control]] = deque()
        self._settled: deque[JobId] = deque()
        self._followed: dict[int, Following] = {}
        """By descriptor."""
        self._poller = select.poll()
        self._closing = False
        self.bell = Bell()
        """What wakes it."""

    def adopt(self, effect: StartProgram, control: Control) -> None:
        """Follow a program that a worker before this one began."""
        self._new.append((effect, control))
        self.bell.ring()

    def remove(self, job: JobId) -> None:
        """Remove a job's directory."""
        self._settled.append(job)
        self.bell.ring()

    def close(self) -> None:
        """Make `run` return, once what shall be removed is."""
        self._closing = True
        self.bell.ring()

    def run(self) -> None:
        """Until `close`."""
        self._poller.register(self.bell, select.POLLIN)
        try:
            while not self._closing:
                self._take_up()
                self._look()
                self._remove()
                self._poller.poll(self._patience())
                self.bell.hush()
            self._remove()
        finally:
            for following in self._followed.values():
                following.close()
            self.bell.close()

    def _take_up(self) -> None:
        while self._new:
            effect, control = self._new.popleft()
            following = Following(effect, self._workspaces.place(effect.job), control, _nothing)
            if following.look():
                self._end(following, following.finish())
            else:
                self._followed[following.fileno()] = following
                self._poller.register(following, select.POLLIN)

    def _look(self) -> None:
        for descriptor, following in list(self._followed.items()):
            ended = following.look()
            if ended or following.control.leave_at is not None:
                self._poller.unregister(descriptor)
                del self._followed[descriptor]
                self._end(following, following.finish() if ended else None)

    def _end(self, following: Following, finish: Finish | None) -> None:
        following.close()
        self._ended(following.effect.job, finish)

    def _remove(self) -> None:
        while self._settled:
            self._workspaces.remove(self._settled.popleft())

    def _patience(self) -> float | None:
        """In ms."""
        times = [left for each in self._followed.values() if (left := each.patience()) is not None]
        return 1000 * min(times) + 1 if times else None


def _nothing() -> None:
    pass
