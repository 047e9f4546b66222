"""From a StartProgram to argv, environment and standard input, or a refusal."""

from __future__ import annotations

import string
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.programs.argv import MAX_BYTES, PATH, Executable, launch_of, refusal_of
from pointsman.programs.policy import ProgramPolicy
from programs.stand_in import effect

POLICY = ProgramPolicy()
PLAIN = effect("/bin/echo", "one", "two words")
ECHO = Executable(Path("/usr/bin/echo"), ("/bin/echo",))
WORK = Path("/private/work")


def test_arguments_follow_the_program_as_they_are() -> None:
    launch = launch_of(effect("/bin/echo", "a b", "$(id)", "; rm -rf /", "'\"", "*", ""), ECHO, WORK)
    assert launch.argv == ("/bin/echo", "a b", "$(id)", "; rm -rf /", "'\"", "*", "")


def test_a_script_stands_between_its_interpreter_and_its_arguments() -> None:
    python = Executable(Path("/usr/bin/python3.11"), ("/usr/bin/python3", "-u", "/private/script"))
    assert launch_of(effect(None, "x", script="…"), python, WORK).argv == ("/usr/bin/python3", "-u", "/private/script", "x")


def test_the_environment_is_ours_and_what_the_operation_sets() -> None:
    launch = launch_of(replace(PLAIN, environment={"POINTSMAN_JOB_ID": "j", "LANG": "de_DE.UTF-8"}), ECHO, WORK)
    assert launch.environment == {"PATH": PATH, "HOME": str(WORK), "LANG": "de_DE.UTF-8", "POINTSMAN_JOB_ID": "j"}


def test_a_program_that_nothing_speaks_against_is_not_refused() -> None:
    assert refusal_of(PLAIN, POLICY) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"arguments": ("a\0b",)}, "expected text without NUL in argument 1, found it at character 2"),
        ({"arguments": ("fine", "x" * (MAX_BYTES + 1))}, "expected at most 131071 bytes in argument 2, found 131072"),
        ({"arguments": ("ä" * (MAX_BYTES // 2 + 1),)}, "expected at most 131071 bytes in argument 1, found 131072"),
        ({"arguments": ("\udc80",)}, "found a lone surrogate at character 1"),
        ({"environment": {"A": "\0"}}, "expected text without NUL in the variable 'A'"),
        ({"environment": {"A": "x" * (MAX_BYTES - 1)}}, "expected at most 131071 bytes in the variable 'A', found 131072"),
        ({"environment": {"": "x"}}, "expected the name of an environment variable, found ''"),
        ({"environment": {"A=B": "x"}}, "expected the name of an environment variable, found 'A=B'"),
        ({"path": None, "script": "echo \0"}, "expected text without NUL in the script"),
        ({"path": None, "script": None}, "expected either a program or a script"),
        ({"script": "echo"}, "expected either a program or a script"),
    ],
)
def test_what_no_program_can_take_is_refused(change: dict[str, object], reason: str) -> None:
    refusal = refusal_of(replace(PLAIN, **change), POLICY)  # type: ignore[arg-type]
    assert refusal is not None
    assert reason in refusal.reason


@pytest.mark.parametrize(
    "name", ["LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONSTARTUP", "BASH_ENV", "ENV", "IFS", "BASH_FUNC_ls%%"]
)
def test_a_variable_that_makes_a_program_run_something_else_is_refused(name: str) -> None:
    refusal = refusal_of(replace(PLAIN, environment={name: "x"}), POLICY)
    assert refusal is not None
    assert name in refusal.reason


@pytest.mark.parametrize("name", ["LANG", "PATH", "ENVIRONMENT", "POINTSMAN_ENV", "MY_LD_PRELOAD"])
def test_other_variables_are_the_operations_own_affair(name: str) -> None:
    assert refusal_of(replace(PLAIN, environment={name: "x"}), POLICY) is None


def test_the_longest_argument_that_linux_takes_is_taken() -> None:
    assert refusal_of(replace(PLAIN, arguments=("x" * MAX_BYTES,)), POLICY) is None


@pytest.mark.parametrize("argument", ["-", "-n", "--file=/etc/shadow"])
def test_what_looks_like_an_option_is_refused_only_where_the_policy_says_so(argument: str) -> None:
    job = replace(PLAIN, arguments=("x", argument))
    assert refusal_of(job, POLICY) is None
    refusal = refusal_of(job, ProgramPolicy(allow_option_like_arguments=False))
    assert refusal is not None
    assert "argument 2" in refusal.reason


def test_nothing_runs_where_programs_are_switched_off() -> None:
    refusal = refusal_of(PLAIN, ProgramPolicy(enabled=False))
    assert refusal is not None
    assert "programs.enabled" in refusal.reason


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"queue": 0}, {"grace_ms": -1}, {"max_open_files": 0}])
def test_a_policy_with_a_senseless_number_cannot_exist(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ProgramPolicy(**wrong)  # type: ignore[arg-type]


@given(
    arguments=st.lists(st.text()),
    environment=st.dictionaries(st.text(string.ascii_uppercase + "_=\0"), st.text(), max_size=5),
    stdin=st.text(),
)
def test_whatever_a_message_holds_is_refused_or_passed_on_unchanged(
    arguments: list[str], environment: dict[str, str], stdin: str
) -> None:
    job = replace(PLAIN, arguments=tuple(arguments), environment=environment, stdin=stdin)
    if refusal_of(job, POLICY) is None:
        launch = launch_of(job, ECHO, WORK)
        assert launch.argv[1:] == tuple(arguments)
        assert launch.environment.items() >= environment.items()
        assert launch.stdin.decode() == stdin
        for text in (*launch.argv, *launch.environment, *launch.environment.values()):
            assert b"\0" not in text.encode()
    else:
        suspects = (*arguments, *environment, *environment.values())
        assert any("\0" in text for text in suspects) or any(
            not name or "=" in name or name.startswith(("LD_", "PYTHON", "BASH_")) or name in ("ENV", "IFS")
            for name in environment
        )
