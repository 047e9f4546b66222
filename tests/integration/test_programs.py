"""Real programs: what one gets, and what its job says of it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from pointsman.model.command import Finish
from pointsman.model.job import JobStatus
from pointsman.programs.argv import PATH
from pointsman.programs.policy import DIRECTORIES, ProgramPolicy
from programs.stand_in import Engine, carry_out, effect, running

PYTHON = shutil.which("python3", path=PATH) or "/usr/bin/python3"
"""The system's: the one that runs the tests may lie where no program may run from."""
SHOW_ARGUMENTS = 'import json, sys\nprint(json.dumps(sys.argv[1:]), end="")'


@pytest.fixture
def policy(tmp_path: Path) -> ProgramPolicy:
    work = tmp_path / "work"
    work.mkdir()
    return ProgramPolicy(directories=(*DIRECTORIES, tmp_path), work_directory=work, grace_ms=200)


def described(finish: Finish) -> dict[str, Any]:
    assert finish.description is not None, finish
    return dict(finish.description)


def shell(policy: ProgramPolicy, text: str, *arguments: str, **fields: Any) -> Finish:
    return carry_out(effect(None, *arguments, script=text, **fields), policy)


def test_a_program_that_ends_with_0_succeeds_and_its_output_is_kept(policy: ProgramPolicy) -> None:
    finish = carry_out(effect("/bin/echo", "diagnosing Pump 1"), policy)
    assert finish.status is JobStatus.SUCCEEDED
    assert finish.error is None
    description = described(finish)
    assert description.pop("duration_ms") >= 0
    assert description == {"exitCode": 0, "stdout": "diagnosing Pump 1\n", "stderr": ""}


@pytest.mark.parametrize("code", [1, 3, 127, 255])
def test_another_exit_code_is_a_failure_that_names_it(policy: ProgramPolicy, code: int) -> None:
    finish = shell(policy, f"echo out; echo err >&2; exit {code}")
    assert (finish.status, finish.error) == (JobStatus.FAILED, f"exit code {code}")
    assert described(finish) | {"duration_ms": 0} == {"exitCode": code, "stdout": "out\n", "stderr": "err\n", "duration_ms": 0}


def test_a_program_ended_by_a_signal_has_no_exit_code_but_the_signals_name(policy: ProgramPolicy) -> None:
    finish = shell(policy, "kill -SEGV $$")
    assert (finish.status, finish.error) == (JobStatus.FAILED, "ended by SIGSEGV")
    description = described(finish)
    assert (description["exitCode"], description["signal"]) == (None, "SIGSEGV")


def test_arguments_reach_the_program_untouched(policy: ProgramPolicy, tmp_path: Path) -> None:
    nasty = (
        "a b",
        "",
        "'",
        '"',
        "$(touch pwned)",
        "`id`",
        "; rm -rf /",
        "&& true",
        "*",
        "~",
        "\\",
        "\n",
        "--file=/etc/shadow",
        "ä€",
    )
    program = tmp_path / "show"
    program.write_text(f"#!{PYTHON}\n{SHOW_ARGUMENTS}")
    program.chmod(0o755)
    for job in (effect(str(program), *nasty), effect(None, *nasty, script=f"#!/usr/bin/env python3\n{SHOW_ARGUMENTS}")):
        assert json.loads(described(carry_out(job, policy))["stdout"]) == list(nasty)


def test_a_program_sees_nothing_of_the_workers_environment(policy: ProgramPolicy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "canary")
    monkeypatch.setenv("PATH", "/canary")
    finish = carry_out(effect("/usr/bin/env", environment={"POINTSMAN_JOB_ID": "j-1", "GREETING": "hello you"}), policy)
    seen = dict(line.split("=", 1) for line in described(finish)["stdout"].splitlines())
    home = seen.pop("HOME")
    assert home.startswith(str(policy.work_directory))
    assert seen == {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "POINTSMAN_JOB_ID": "j-1",
        "GREETING": "hello you",
    }


def test_the_context_is_read_as_json_from_standard_input(policy: ProgramPolicy) -> None:
    context = {"state": {"name": "ALARM"}, "name": "Pumpe Süd"}
    script = '#!/usr/bin/env python3\nimport json, sys\nprint(json.load(sys.stdin)["name"], end="")'
    assert described(shell(policy, script, stdin=json.dumps(context, ensure_ascii=False)))["stdout"] == "Pumpe Süd"


def test_a_large_standard_input_arrives_whole_while_output_flows_back(policy: ProgramPolicy) -> None:
    finish = carry_out(effect("/bin/cat", stdin="0123456789abcdef" * 200_000, output_limit=4_000_000), policy)
    assert described(finish)["stdout"] == "0123456789abcdef" * 200_000


def test_a_program_that_never_reads_a_large_standard_input_ends_all_the_same(policy: ProgramPolicy) -> None:
    assert carry_out(effect("/bin/true", stdin="x" * 3_000_000), policy).status is JobStatus.SUCCEEDED
    assert shell(policy, "sleep 0.1; echo done", stdin="x" * 3_000_000).status is JobStatus.SUCCEEDED


def test_it_runs_in_an_empty_private_directory_that_is_gone_afterwards(policy: ProgramPolicy) -> None:
    finish = shell(policy, "pwd; ls -A; stat -c %a .; stat -c %a ..; umask; stat -c %a $0; echo x > file; mkdir -m 0 shut")
    where, *facts = described(finish)["stdout"].splitlines()
    assert facts == ["700", "700", "0077", "700"]
    assert where.startswith(str(policy.work_directory))
    assert policy.work_directory is not None
    assert list(policy.work_directory.iterdir()) == []


def test_it_has_a_session_of_its_own_and_no_file_of_the_workers(policy: ProgramPolicy, tmp_path: Path) -> None:
    with open(tmp_path / "canary", "w") as canary:
        os.set_inheritable(canary.fileno(), True)
        finish = shell(policy, 'read -r line < /proc/self/stat; set -- $line; echo "$1 $5 $6"; ls -l /proc/$$/fd')
    ids, descriptors = described(finish)["stdout"].split("\n", 1)
    assert len(set(ids.split())) == 1, "process, group and session bear one number"
    assert "pipe:" in descriptors
    assert "canary" not in descriptors
    assert "eventpoll" not in descriptors


@pytest.mark.parametrize(
    ("script", "output"),
    [
        ("echo $0 | grep -c /script", "1\n"),
        ("#!/bin/sh -e\nfalse\necho not reached", ""),
        ("#!/usr/bin/env python3\nimport sys; print(sys.version_info.major)", "3\n"),
        ("#!/usr/bin/env -S python3 -I\nimport sys; print(sys.flags.isolated)", "1\n"),
        (f"#!{PYTHON}\nprint('Grüße')", "Grüße\n"),
        ("#!/bin/cat\nthe script itself\n", "#!/bin/cat\nthe script itself\n"),
    ],
)
def test_a_script_is_run_by_the_interpreter_of_its_first_line_else_by_the_shell(
    policy: ProgramPolicy, script: str, output: str
) -> None:
    assert described(shell(policy, script))["stdout"] == output


def test_a_script_without_a_first_line_is_run_by_the_policys_interpreter(tmp_path: Path) -> None:
    policy = ProgramPolicy(interpreter=PYTHON, work_directory=tmp_path)
    assert described(shell(policy, "print(6 * 7)"))["stdout"] == "42\n"


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        (effect("/usr/bin/nothing-of-that-name"), "expected a program at /usr/bin/nothing-of-that-name, found none"),
        (effect("/bin/echo", "a\0b"), "expected text without NUL in argument 1"),
        (effect("/bin/echo", "x" * 200_000), "expected at most 131071 bytes in argument 1"),
        (effect("/bin/echo", environment={"LD_PRELOAD": "/tmp/x.so"}), "found LD_PRELOAD"),
        (
            effect(None, script="#!/usr/bin/env nothing-of-that-name\n"),
            "expected an interpreter nothing-of-that-name on /usr/local",
        ),
        (effect(None, script="#!/etc/passwd\n"), "the script's interpreter: expected a program inside"),
    ],
    ids=["missing", "NUL", "long argument", "LD_PRELOAD", "no such interpreter", "interpreter elsewhere"],
)
def test_what_may_not_run_fails_with_the_reason_and_never_begins(policy: ProgramPolicy, job: Any, reason: str) -> None:
    engine = Engine()
    with running(policy, engine) as pool:
        pool.start(job)
        (finish,) = engine.wait_for_finishes(1)
    assert finish.status is JobStatus.FAILED
    assert reason in (finish.error or "")
    assert finish.description is None
    assert engine.begun() == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("no first line", "expected a program of this machine, found something else"),
        ("#!/usr/bin/no-such-interpreter\n", "expected the interpreter of"),
    ],
)
def test_what_turns_out_not_to_be_executable_fails_with_the_reason(
    policy: ProgramPolicy, tmp_path: Path, content: str, reason: str
) -> None:
    program = tmp_path / "program"
    program.write_text(content)
    program.chmod(0o755)
    finish = carry_out(effect(str(program)), policy)
    assert finish.status is JobStatus.FAILED
    assert reason in (finish.error or "")


def test_too_much_in_all_arguments_together_fails_with_the_reason(policy: ProgramPolicy) -> None:
    finish = carry_out(effect("/bin/echo", *["x" * 100_000] * 100), policy)
    assert "standard input instead" in (finish.error or "")


def test_the_policys_limits_hold(tmp_path: Path) -> None:
    policy = ProgramPolicy(
        work_directory=tmp_path, max_memory_bytes=1 << 30, max_open_files=50, max_processes=400, max_cpu_seconds=1
    )
    finish = shell(policy, "sleep 0.2; ulimit -v; ulimit -n; ulimit -t; grep -c 'Max processes *400' /proc/$$/limits")
    assert described(finish)["stdout"].split() == ["1048576", "50", "1", "1"]


def test_a_program_that_eats_the_processor_is_ended_by_its_limit(tmp_path: Path) -> None:
    finish = shell(ProgramPolicy(work_directory=tmp_path, max_cpu_seconds=1), "while :; do :; done")
    assert (finish.status, finish.error) == (JobStatus.FAILED, "ended by SIGXCPU")


def test_a_program_that_eats_memory_is_refused_more(tmp_path: Path) -> None:
    script = "#!/usr/bin/env python3\nimport time; time.sleep(0.1)\nbytearray(1 << 30)"
    finish = shell(ProgramPolicy(work_directory=tmp_path, max_memory_bytes=1 << 29), script)
    assert finish.error == "exit code 1"
    assert "MemoryError" in described(finish)["stderr"]
