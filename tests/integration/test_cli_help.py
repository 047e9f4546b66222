"""Help, usage and the shape of errors: what needs no configuration, no broker and no store. Real processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pointsman.cli.job_filter import STATUSES
from pointsman.cli.jobs_export import FIELDS
from pointsman.cli.main import VERBS, root
from pointsman.cli.verb import Family
from pointsman.model.ids import EntityId, EntityRef, JobId, OperationId, OwnerType
from pointsman.model.job import Job, JobStatus
from servers.command import pointsman

WORDS = [
    *[(name,) for name in VERBS],
    *[(name, each) for name, entry in VERBS.items() if isinstance(entry, Family) for each in entry.verbs],
]
"""Every verb, and every first word of some."""
HEAVY = {
    "pointsman.daemon",
    "pointsman.settings",
    "sqlalchemy",
    "alembic",
    "paho",
    "pydantic",
    "pydantic_core",
    "structlog",
    "ruamel",
}
"""What no `--help` may load."""


def command_of(words: tuple[str, ...]) -> click.Command:
    found: click.Command = root()
    for word in words:
        assert isinstance(found, click.Group)
        below = found.get_command(click.Context(found), word)
        assert below is not None
        found = below
    return found


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_help_explains_each_verb_and_loads_nothing_for_it(words: tuple[str, ...]) -> None:
    program = (
        "import json, sys\n"
        "from pointsman.cli.main import main\n"
        "try: main([*sys.argv[1:], '--help'])\n"
        "except SystemExit as end: code = end.code\n"
        "print(json.dumps([code, sorted({name for name in sys.modules})]), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, timeout=60, check=False)
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0
    assert done.stdout.startswith(f"Usage: pointsman {' '.join(words)} ")
    assert "--config FILE" in done.stdout
    assert "--json" in done.stdout
    assert not HEAVY.intersection(modules)


def test_the_list_of_verbs_loads_no_verb() -> None:
    program = (
        "import json, sys\n"
        "from pointsman.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(json.dumps([name for name in sys.modules if name.startswith('pointsman.')]), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert all(f"\n  {name} " in done.stdout for name in VERBS)
    assert set(json.loads(done.stderr)) <= {
        f"pointsman.{name}" for name in ("cli", "cli.main", "cli.output", "cli.verb", "errors")
    }


def test_a_verb_is_named_as_the_table_has_it() -> None:
    assert [command_of(words).name for words in WORDS] == [words[-1] for words in WORDS]


def test_no_verb_at_all_is_wrong_usage_and_gets_help(tmp_path: Path) -> None:
    for words in ((), ("jobs",)):
        done = pointsman(tmp_path, *words, expect=2)
        assert done.stdout == ""
        assert "Commands:" in done.stderr


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("jbos",), "found 'jbos'; did you mean jobs?"),
        (("jobs", "lits"), "found 'lits'; did you mean list?"),
        (("jobs", "list", "--limit", "0"), "--limit"),
        (("jobs", "list", "--status", "done"), "'done'"),
        (("jobs", "list", "--since", "soon"), "expected a time such as 2026-01-31"),
        (("execute", "pump-1"), "OPERATION"),
        (("execute", "pump-1", "x", "--arg", "nothing"), "expected NAME=VALUE, found 'nothing'"),
        (("execute", "pump-1", "x", "--arg-json", "a=NaN"), "expected JSON, found 'NaN'"),
        (("execute", "pump-1", "x", "--timeout", "30"), "expected a duration such as 500ms, 30s"),
        (("db", "prune"), "expected --older-than, --keep-jobs or both"),
        (("result", "add", "j", "plain text"), "expected JSON, found 'plain text'"),
        (("result", "add", "j", "@/no/such/file"), "cannot read /no/such/file: No such file or directory"),
        (("demo", "--broker", "emqx"), "'emqx'"),
        (("run", "--nonsense"), "--nonsense"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_says_what_was_expected_and_exits_with_2(tmp_path: Path, words: tuple[str, ...], complaint: str) -> None:
    done = pointsman(tmp_path, *words, expect=2)
    assert done.stdout == ""
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_with_json_is_an_object_on_standard_output_too(tmp_path: Path) -> None:
    done = pointsman(tmp_path, "jobs", "lits", "--json", expect=2)
    error = json.loads(done.stdout)["error"]
    assert error["code"] == 2
    assert "did you mean list?" in error["message"]
    assert error["message"] in done.stderr


def test_the_version_is_told_three_ways(tmp_path: Path) -> None:
    as_json = json.loads(pointsman(tmp_path, "--json", "version").stdout)
    version = as_json["version"]
    assert pointsman(tmp_path, "version").stdout.startswith(f"pointsman {version} (Python ")
    assert pointsman(tmp_path, "--version").stdout == f"pointsman {version}\n"
    assert json.loads(pointsman(tmp_path, "version", "--json").stdout) == as_json


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("", ["run", "demo"]), ("j", ["jobs"]), ("jobs ", ["list", "export"]), ("jobs list --st", ["--status"]), ("nothing l", [])],
)
def test_the_shell_can_complete_verbs_and_options(tmp_path: Path, typed: str, offered: list[str]) -> None:
    words = f"pointsman {typed}".split(" ")
    given = {"_POINTSMAN_COMPLETE": "bash_complete", "COMP_WORDS": f"pointsman {typed}", "COMP_CWORD": str(len(words) - 1)}
    done = pointsman(tmp_path, **given)
    assert {f"plain,{word}" for word in offered} <= set(done.stdout.split())
    assert done.stderr == ""


@pytest.mark.parametrize("words", ["schema config", "version"], ids=["much", "little"])
def test_a_reader_that_has_had_enough_is_told_nothing_more(words: str) -> None:
    program = f"( {sys.executable} -m pointsman {words}; echo $? >&2 ) | true"
    done = subprocess.run(["/bin/sh", "-c", program], capture_output=True, timeout=60, check=False)
    assert done.stderr == b"1\n"


def test_the_statuses_that_can_be_asked_for_are_those_that_there_are() -> None:
    assert list(STATUSES) == [status.value for status in JobStatus]


def test_csv_has_every_field_of_a_job() -> None:
    job = Job(
        id=JobId("j"),
        operation_id=OperationId("o"),
        owner=EntityRef(OwnerType.OBJECT, EntityId("e")),
        user_id=None,
        timestamp=1,
        status=JobStatus.QUEUED,
    )
    assert set(FIELDS) == set(job.to_json())
