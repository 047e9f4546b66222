"""The systemd unit as systemd's own checker sees it: it loads without a warning, and it is closed."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pointsman.errors import ConfigurationError
from pointsman.programs.policy import ProgramPolicy
from pointsman.programs.workspace import WorkspaceInUse
from pointsman.settings.schema import Settings, StoreSettings
from pointsman.wiring import work_directory
from servers.absence import missing

PACKAGING = Path(__file__).resolve().parents[2] / "packaging"
EXPOSURE = 2.0
"""The most of `systemd-analyze security`'s exposure level, from 0 (closed) to 10, that the unit may have."""


@pytest.fixture
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        missing("systemd-analyze", "apt-get install systemd")
    return found


def install(directory: Path, *, drop_in: str | None = None) -> Path:
    """The unit as it would be installed, with a program that this machine has."""
    unit = directory / "pointsman.service"
    text = (PACKAGING / "pointsman.service").read_text()
    assert "ExecStart=/opt/pointsman/bin/pointsman run\n" in text
    unit.write_text(text.replace("ExecStart=/opt/pointsman/bin/pointsman run", "ExecStart=/bin/true"))
    if drop_in is not None:
        (directory / "pointsman.service.d").mkdir()
        (directory / "pointsman.service.d" / "programs.conf").write_text(drop_in)
    return unit


def verify(analyze: str, unit: Path) -> str:
    result = subprocess.run([analyze, "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    mine = [line for line in result.stderr.splitlines() if "pointsman" in line]  # it comments on the machine's other units too
    return "\n".join(mine)


def test_the_unit_loads_without_a_warning(analyze: str, tmp_path: Path) -> None:
    assert verify(analyze, install(tmp_path)) == ""


def test_a_misspelt_line_would_be_seen(analyze: str, tmp_path: Path) -> None:
    unit = install(tmp_path)
    unit.write_text(unit.read_text() + "\n[Service]\nProtectSytem=strict\n")
    assert "ProtectSytem" in verify(analyze, unit)


def test_every_line_of_the_drop_in_is_one_that_systemd_knows(analyze: str, tmp_path: Path) -> None:
    text = (PACKAGING / "programs.conf").read_text()
    opened = re.sub(r"^#(?=[A-Z]\w+=)", "", text, flags=re.MULTILINE)
    assert opened.count("\n") == text.count("\n")
    assert opened != text
    assert verify(analyze, install(tmp_path, drop_in=opened)) == ""


def test_the_unit_is_closed(analyze: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = subprocess.run(
        [analyze, "security", "--offline=true", "--no-pager", install(tmp_path)], capture_output=True, text=True, check=False
    )
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", result.stdout)
    assert found, result.stdout + result.stderr
    with capsys.disabled():
        print(f"\nsystemd-analyze security: exposure {found[1]} of 10 (at most {EXPOSURE})")
    assert float(found[1]) <= EXPOSURE, result.stdout


@pytest.fixture
def service() -> configparser.SectionProxy:
    """The unit's [Service], as far as its settings have one line each."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(PACKAGING / "pointsman.service")
    return unit["Service"]


def test_a_wrong_configuration_is_not_tried_again(service: configparser.SectionProxy) -> None:
    assert service["RestartPreventExitStatus"] == str(ConfigurationError.exit_code)
    assert service["Restart"] == "always"


def test_programs_outlive_a_restart_and_what_is_kept_of_them_does_too(service: configparser.SectionProxy, tmp_path: Path) -> None:
    """systemd.kill(5): any other mode kills what is left in the unit. systemd.exec(5): a private /tmp goes at each stop."""
    assert service["KillMode"] == "process"
    assert WorkspaceInUse.exit_code != ConfigurationError.exit_code, "a start that came too early is tried again"
    state = tmp_path / service["StateDirectory"]
    state.mkdir()
    for store in (f"sqlite:///{state}/jobs.db", "postgresql+psycopg://u@h/d"):
        assert work_directory(Settings(store=StoreSettings(url=store)), {"STATE_DIRECTORY": str(state)}) == state


def test_there_is_room_for_the_supervisors_of_all_programs(service: configparser.SectionProxy) -> None:
    """Each program has one, and starts processes of its own."""
    assert int(service["TasksMax"]) >= 100 * ProgramPolicy().workers
