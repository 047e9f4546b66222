"""Programs that hang, fork away, ignore signals, print without end: their jobs end in time, and nothing is left of them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pointsman.model.command import Finish
from pointsman.model.job import JobStatus
from pointsman.programs.policy import ProgramPolicy
from programs.stand_in import carry_out, effect, eventually

FAR_OFF = 60
"""Seconds that the programs would take if nobody ended them: far more than any test waits."""
SOON = 20
"""Seconds in which all of it has ended even on a slow machine; the pool itself takes far less."""


@pytest.fixture
def policy(tmp_path: Path) -> ProgramPolicy:
    return ProgramPolicy(work_directory=tmp_path, grace_ms=300)


def shell(policy: ProgramPolicy, text: str, **fields: Any) -> Finish:
    begun = time.monotonic()
    finish = carry_out(effect(None, script=text, **fields), policy)
    assert time.monotonic() - begun < SOON
    return finish


def described(finish: Finish) -> dict[str, Any]:
    assert finish.description is not None, finish
    return dict(finish.description)


def lives(pid: int) -> bool:
    """Whether a process runs; a zombie that waits for init does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def escaped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where an escaped process writes its number, so that the test ends it."""
    note = tmp_path_factory.mktemp("escaped") / "pid"
    yield note
    with suppress(OSError, ValueError):
        os.kill(int(note.read_text()), signal.SIGKILL)


def until_written(note: Path) -> str:
    """A line of a script that waits for it."""
    return f"while ! [ -s {note} ]; do sleep 0.02; done"


def test_a_program_that_hangs_is_timed_out(policy: ProgramPolicy) -> None:
    finish = shell(policy, f"echo before; sleep {FAR_OFF}", timeout_ms=800)
    assert finish.status is JobStatus.TIMED_OUT
    assert finish.error == "expected it to end within 800 ms; it was ended"
    description = described(finish)
    assert (description["stdout"], description["signal"], description["exitCode"]) == ("before\n", "SIGTERM", None)
    assert description["duration_ms"] >= 800


def test_a_program_that_reads_some_of_its_input_and_hangs_is_timed_out(policy: ProgramPolicy) -> None:
    """A pipe with a little room takes a little: a write that waited for more would outlast the time limit."""
    finish = shell(policy, f"head -c 5000 >/dev/null; sleep {FAR_OFF}", timeout_ms=300, stdin="x" * 3_000_000)
    assert finish.status is JobStatus.TIMED_OUT


def test_a_program_may_use_its_grace_to_clean_up(policy: ProgramPolicy) -> None:
    finish = shell(policy, f"trap 'echo cleaned; exit 7' TERM; sleep {FAR_OFF} & wait", timeout_ms=800)
    assert finish.status is JobStatus.TIMED_OUT
    description = described(finish)
    assert (description["stdout"], description["exitCode"]) == ("cleaned\n", 7)
    assert "signal" not in description


def test_a_program_that_ignores_sigterm_is_killed_after_its_grace(policy: ProgramPolicy) -> None:
    finish = shell(policy, "trap '' TERM; while :; do sleep 0.05; done", timeout_ms=800)
    assert finish.status is JobStatus.TIMED_OUT
    description = described(finish)
    assert description["signal"] == "SIGKILL"
    assert description["duration_ms"] >= 1100, "the grace was given"


def test_what_a_timed_out_program_started_is_ended_with_it(policy: ProgramPolicy) -> None:
    finish = shell(policy, f"trap '' TERM; sleep {FAR_OFF} & echo $!; wait; sleep {FAR_OFF}", timeout_ms=800)
    child = int(described(finish)["stdout"])
    eventually(lambda: not lives(child))


def test_what_a_program_leaves_running_is_ended_and_does_not_hold_its_job_up(policy: ProgramPolicy) -> None:
    finish = shell(policy, f"sleep {FAR_OFF} & echo $!")
    assert finish.status is JobStatus.SUCCEEDED
    child = int(described(finish)["stdout"])
    eventually(lambda: not lives(child))


def test_what_it_leaves_running_without_its_pipes_is_ended_too(policy: ProgramPolicy) -> None:
    finish = shell(policy, f"sleep {FAR_OFF} </dev/null >/dev/null 2>&1 & echo $!")
    assert finish.status is JobStatus.SUCCEEDED
    child = int(described(finish)["stdout"])
    eventually(lambda: not lives(child))


def test_what_it_leaves_running_may_still_write_for_a_moment(policy: ProgramPolicy) -> None:
    assert described(shell(policy, "(sleep 0.1; echo later) & echo now"))["stdout"] == "now\nlater\n"


@pytest.mark.parametrize(("end", "status"), [("", JobStatus.SUCCEEDED), ("sleep 60", JobStatus.TIMED_OUT)])
def test_a_grandchild_that_escaped_with_the_pipes_does_not_hold_the_job_up(
    policy: ProgramPolicy, escaped: Path, end: str, status: JobStatus
) -> None:
    script = f"setsid sh -c 'echo $$ > {escaped}; sleep {FAR_OFF}' &\n{until_written(escaped)}; echo hi; {end}"
    finish = shell(policy, script, timeout_ms=1500)
    assert finish.status is status
    assert described(finish)["stdout"] == "hi\n"
    assert lives(int(escaped.read_text())), "it did escape, else this proves nothing"


def test_an_escaped_grandchild_that_floods_the_pipe_does_not_hold_the_job_up(policy: ProgramPolicy, escaped: Path) -> None:
    finish = shell(policy, f"setsid sh -c 'echo $$ > {escaped}; exec yes' &\n{until_written(escaped)}", output_limit=100)
    assert finish.status is JobStatus.SUCCEEDED
    eventually(lambda: not lives(int(escaped.read_text())))  # SIGPIPE: we have closed our end


@pytest.mark.parametrize("stream", ["", ">&2"])
def test_a_hundred_megabytes_are_cut_to_the_limit_in_bounded_memory_and_none_of_it_on_the_disk(
    policy: ProgramPolicy, tmp_path: Path, stream: str
) -> None:
    note = tmp_path / "note"
    look = f"grep VmHWM /proc/$PPID/status >> {note}; du -sk .. >> {note}"
    script = f"{look}\n(echo first; head -c 100000000 /dev/zero | tr '\\0' x; echo; echo last) {stream}\n{look}"
    finish = shell(policy, script, output_limit=10_000)
    description = described(finish)
    assert (finish.status, description["truncated"]) == (JobStatus.SUCCEEDED, True)
    text = description["stderr" if stream else "stdout"]
    assert text.startswith("first\nxxx")
    assert text.endswith("xxx\nlast\n")
    assert len(text.replace("[… 99990012 bytes left out …]", "")) == 10_000 + len("\n\n")
    peaks = [int(line.split()[1]) for line in note.read_text().splitlines() if line.startswith("VmHWM")]
    sizes = [int(line.split()[0]) for line in note.read_text().splitlines() if line.endswith("..")]
    assert peaks[1] - peaks[0] < 2_000, f"its supervisor's memory in kB, before and after: {peaks}"
    assert sizes[1] - sizes[0] < 100, f"its directory in kB, before and after: {sizes}"


def test_output_up_to_the_limit_is_whole(policy: ProgramPolicy) -> None:
    description = described(shell(policy, "head -c 10000 /dev/zero | tr '\\0' x", output_limit=10_000))
    assert description["stdout"] == "x" * 10_000
    assert "truncated" not in description


def test_an_endless_flood_is_timed_out(policy: ProgramPolicy) -> None:
    finish = shell(policy, "exec yes", timeout_ms=300, output_limit=1000)
    assert finish.status is JobStatus.TIMED_OUT
    assert described(finish)["truncated"] is True


def test_a_program_that_closes_its_output_early_is_waited_for(policy: ProgramPolicy) -> None:
    finish = shell(policy, "echo said; exec >&- 2>&- <&-; sleep 0.3; exit 4")
    assert (finish.status, finish.error) == (JobStatus.FAILED, "exit code 4")
    assert described(finish)["stdout"] == "said\n"


def test_a_program_that_closes_its_output_and_hangs_is_timed_out(policy: ProgramPolicy) -> None:
    assert shell(policy, f"exec >&- 2>&-; sleep {FAR_OFF}", timeout_ms=300).status is JobStatus.TIMED_OUT


def test_broken_utf8_becomes_replacement_characters(policy: ProgramPolicy) -> None:
    finish = shell(policy, r"printf 'Z\374rich \303\244\000\377'")
    assert finish.status is JobStatus.SUCCEEDED
    assert described(finish)["stdout"] == "Z\ufffdrich ä\ufffd\ufffd"


def test_a_stopped_program_is_ended_all_the_same(policy: ProgramPolicy) -> None:
    finish = shell(policy, "kill -STOP $$", timeout_ms=300)
    assert finish.status is JobStatus.TIMED_OUT
    assert described(finish)["signal"] == "SIGKILL"


def test_processes_that_go_on_forking_are_ended_to_the_last(policy: ProgramPolicy, tmp_path: Path) -> None:
    """A chain of forks, each the parent of one: as hard to catch as a fork bomb, but harmless when the test fails."""
    note = tmp_path / "generations"
    shell(policy, f"#!/bin/sh\nn=${{1:-0}}; echo >> {note}; [ $n -lt 20000 ] && sh $0 $((n + 1)) & exit 0")
    generations = note.stat().st_size
    assert generations > 1
    time.sleep(0.3)
    assert note.stat().st_size == generations < 20_000
