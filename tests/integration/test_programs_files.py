"""Which files may run, and the private directories that jobs run in."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pointsman.errors import ConfigurationError
from pointsman.model.ids import JobId
from pointsman.programs.argv import Refusal
from pointsman.programs.paths import find_program, program_fault
from pointsman.programs.policy import ProgramPolicy
from pointsman.programs.scripts import script_fault, write_script
from pointsman.programs.supervisor.record import STARTED
from pointsman.programs.workspace import NoWorkspace, WorkspaceInUse, Workspaces


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    directory = tmp_path / "allowed"
    directory.mkdir(mode=0o755)
    return directory


@pytest.fixture
def policy(allowed: Path) -> ProgramPolicy:
    return ProgramPolicy(directories=(allowed,))


def program(path: Path, mode: int = 0o755) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return path


def test_a_program_in_an_allowed_directory_or_below_it_may_run(allowed: Path, policy: ProgramPolicy) -> None:
    (allowed / "deep").mkdir()
    for path in (program(allowed / "fine"), program(allowed / "deep" / "fine")):
        assert program_fault(str(path), policy) is None
        assert find_program(str(path), policy) == path


@pytest.mark.parametrize("path", ["/bin/echo", "/bin/sh", "/usr/bin/awk", "/usr/bin/python3"])
def test_what_the_system_brings_may_run_by_default_links_and_all(path: str) -> None:
    if not os.path.exists(path):
        pytest.skip(f"there is no {path} here")
    assert program_fault(path, ProgramPolicy()) is None


def test_a_link_inside_the_allowed_directories_is_followed(allowed: Path, policy: ProgramPolicy) -> None:
    target = program(allowed / "target")
    (allowed / "link").symlink_to("target")
    assert find_program(str(allowed / "link"), policy) == target


def test_the_allowed_directory_may_itself_be_a_link(allowed: Path, tmp_path: Path) -> None:
    program(allowed / "fine")
    (tmp_path / "alias").symlink_to(allowed)
    assert program_fault(str(tmp_path / "alias" / "fine"), ProgramPolicy(directories=(tmp_path / "alias",))) is None
    assert program_fault(str(allowed / "fine"), ProgramPolicy(directories=(tmp_path / "alias",))) is None


def fault_cases(allowed: Path, outside: Path) -> Iterator[tuple[str, str]]:
    """Paths that must not run, each with what is said of it."""
    program(outside / "program")
    program(allowed / "open", 0o757)
    program(allowed / "not executable", 0o644)
    (allowed / "directory").mkdir()
    (allowed / "leaves").symlink_to(outside / "program")
    (outside / "enters").symlink_to(program(allowed / "fine"))
    (allowed / "dangling").symlink_to("nowhere")
    (allowed / "loop").symlink_to("loop")
    os.mkfifo(allowed / "pipe", 0o755)
    (allowed / "shared").mkdir()
    (allowed / "shared").chmod(0o777)
    program(allowed / "shared" / "program")
    yield "fine", "expected an absolute path to a program, found 'fine'"
    yield "", "expected an absolute path to a program, found ''"
    yield f"{allowed}/a\0b", "expected an absolute path to a program"
    yield f"{allowed}/missing", "found none (no such file or directory); install it or correct the path"
    yield f"{allowed}/dangling", "found none (no such file or directory)"
    yield f"{allowed}/loop", "found none"
    yield f"{allowed}/fine/", "found none (not a directory)"
    yield f"{allowed}/directory", "to be a program, found a directory"
    yield str(allowed), "to be a program, found a directory"
    yield f"{allowed}/pipe", "to be a regular file, found something else"
    yield f"{allowed}/not executable", "to be executable by this worker, found mode 0644; allow it with chmod +x"
    yield f"{allowed}/open", "found it writable by everybody; take that away with chmod o-w"
    yield f"{allowed}/shared/program", f"expected {allowed}/shared, where "
    yield f"{outside}/program", f"expected a program inside {allowed}, found {outside}/program"
    yield f"{allowed}/../outside/program", f"found {allowed}/../outside/program, which is {outside}/program"
    yield f"{allowed}/leaves", f"found {allowed}/leaves, which is {outside}/program"
    yield f"{outside}/enters", f"expected a program inside {allowed}, found {outside}/enters"


def test_what_must_not_run_is_said_with_what_to_do(allowed: Path, tmp_path: Path, policy: ProgramPolicy) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for path, said in fault_cases(allowed, outside):
        fault = program_fault(path, policy)
        assert fault is not None, path
        assert said in fault
        assert isinstance(find_program(path, policy), Refusal)


def test_a_directory_whose_name_begins_as_an_allowed_ones_is_not_allowed(allowed: Path, policy: ProgramPolicy) -> None:
    other = allowed.with_name(allowed.name + "-not")
    other.mkdir()
    assert program_fault(str(program(other / "program")), policy) is not None


def test_without_allowed_directories_nothing_may_run() -> None:
    fault = program_fault("/bin/echo", ProgramPolicy(directories=()))
    assert fault is not None
    assert "inside (none)" in fault


def test_a_scripts_interpreter_keeps_to_the_same_rules() -> None:
    assert script_fault("#!/usr/bin/env sh\n", ProgramPolicy()) is None
    assert script_fault("no first line", ProgramPolicy()) is None
    nowhere = ProgramPolicy(directories=(Path("/opt"),))
    for text in ("#!/usr/bin/env sh\n", "#!/bin/sh\n", "no first line"):
        fault = script_fault(text, nowhere)
        assert fault is not None
        assert "the script's interpreter: expected a program inside /opt" in fault


def test_a_script_is_written_for_nobody_else_and_over_nothing(tmp_path: Path) -> None:
    path = tmp_path / "script"
    write_script("echo ä\n", path)
    assert path.read_text() == "echo ä\n"
    assert path.stat().st_mode & 0o777 == 0o700
    for other in (path, tmp_path / "link"):
        if other != path:
            other.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(FileExistsError):
            write_script("other", other)


def test_a_jobs_directory_is_removed_whatever_lies_in_it(tmp_path: Path) -> None:
    workspaces = Workspaces(tmp_path, "key")
    workspaces.open()
    place = workspaces.new(JobId("one"))
    assert place.work.stat().st_mode & 0o777 == place.root.stat().st_mode & 0o777 == 0o700
    (place.work / "shut" / "inner").mkdir(parents=True)
    (place.work / "shut" / "inner" / "file").touch()
    (place.work / "shut").chmod(0)
    (place.work / "away").symlink_to("/etc")
    workspaces.remove(JobId("one"))
    workspaces.remove(JobId("one"))
    assert not place.root.exists()
    assert Path("/etc/passwd").exists()
    workspaces.close()
    assert list(tmp_path.iterdir()) == []


def test_without_a_private_directory_the_job_is_told_why(tmp_path: Path) -> None:
    workspaces = Workspaces(tmp_path, "key")
    with pytest.raises(NoWorkspace, match="not opened"):
        workspaces.new(JobId("one"))
    workspaces.open()
    workspaces.root.rmdir()
    with pytest.raises(NoWorkspace, match="No such file"):
        workspaces.new(JobId("one"))
    workspaces.close()


@pytest.mark.parametrize("job", ["019bf06e-5a21-7000-8000-1ddef4e7a89f", "../up", "a/b", ".", "ä %2F\n"])
def test_any_job_has_a_directory_of_its_own_and_is_known_by_it(tmp_path: Path, job: str) -> None:
    workspaces = Workspaces(tmp_path, "key")
    workspaces.open()
    assert workspaces.new(JobId(job)).root.parent == workspaces.root
    assert workspaces.jobs() == [job]
    workspaces.close()


def test_a_directory_has_the_same_name_at_each_start_and_keeps_what_is_in_it(tmp_path: Path) -> None:
    first = Workspaces(tmp_path, "key")
    first.open()
    first.new(JobId("one"))
    first.close()
    other = Workspaces(tmp_path, "other")
    other.open()
    second = Workspaces(tmp_path, "key")
    second.open()
    assert (second.root, second.jobs(), other.jobs()) == (first.root, ["one"], [])
    second.remove(JobId("one"))
    for each in (second, other):
        each.close()
    assert list(tmp_path.iterdir()) == []


def test_a_worker_waits_for_the_one_before_and_does_not_share_its_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    living = Workspaces(tmp_path, "key")
    living.open()
    late = Workspaces(tmp_path, "key")
    with monkeypatch.context() as patch:
        patch.setattr("pointsman.programs.workspace.PATIENCE", 0.1)
        with pytest.raises(WorkspaceInUse, match=r"expected no other worker in .*; end it, or give this one another node\.id"):
            late.open()
    opening = threading.Thread(target=late.open)
    opening.start()
    living.close()  # it removes the directory that the other one has open already
    opening.join(20)
    assert late.new(JobId("one")).work.is_dir()
    late.remove(JobId("one"))
    late.close()


def test_a_directory_that_somebody_else_put_there_is_not_used(tmp_path: Path) -> None:
    """In a directory for everybody's temporary files the name can be foreseen."""
    workspaces = Workspaces(tmp_path, "key")
    workspaces.root.symlink_to("/etc")
    with pytest.raises(ConfigurationError, match=r"programs\.work_directory: "):
        workspaces.open()
    workspaces.root.unlink()
    workspaces.root.mkdir(mode=0o777)
    workspaces.root.chmod(0o777)
    workspaces.open()
    assert workspaces.root.stat().st_mode & 0o777 == 0o700
    workspaces.close()
    if os.geteuid() == 0:
        workspaces.root.mkdir()
        os.chown(workspaces.root, 12345, 12345)
        with pytest.raises(ConfigurationError, match="found it somebody else's"):
            workspaces.open()


def test_a_place_lives_while_somebody_holds_its_pipe_open_and_no_longer(tmp_path: Path) -> None:
    workspaces = Workspaces(tmp_path, "key")
    workspaces.open()
    place = workspaces.new(JobId("one"))
    assert not place.lives()
    place.prepare(b"launch", b"stdin")
    assert not place.lives()
    supervisor = os.open(place.life, os.O_RDWR | os.O_NONBLOCK)
    os.write(supervisor, STARTED)
    assert place.lives()
    with pytest.raises(NoWorkspace, match="found one that still runs"):
        workspaces.new(JobId("one"))
    os.close(supervisor)
    assert not place.lives()
    assert workspaces.new(JobId("one")).outcome() is None
    assert list(place.root.iterdir()) == [place.work], "what an earlier run left is gone"
    workspaces.remove(JobId("one"))
    workspaces.close()
