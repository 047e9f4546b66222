"""From the settings to what adapters want to know: where programs lie, and by what a worker finds its own again."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from pointsman.settings.schema import NodeSettings, ProgramSettings, Settings, StoreSettings
from pointsman.wiring import program_policy, work_directory, worker_key


def settings(store: str = "sqlite:///jobs.db", node: str = "gw-7", **programs: object) -> Settings:
    return Settings(
        store=StoreSettings(url=store),
        node=NodeSettings(id=node),
        programs=ProgramSettings(**programs),  # type: ignore[arg-type]
    )


def test_programs_lie_where_they_are_told_else_where_they_outlive_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    service = {"STATE_DIRECTORY": f"{tmp_path}:/var/lib/other"}
    told = settings(work_directory=Path("/srv"))
    server = "postgresql+psycopg://u@h/d"
    assert work_directory(told, service) == Path("/srv")
    assert work_directory(settings("sqlite:////var/lib/pointsman/jobs.db"), service) == Path("/var/lib/pointsman")
    assert work_directory(settings("sqlite:///jobs.db"), service) == tmp_path
    assert work_directory(settings(server), service) == tmp_path
    assert work_directory(settings(server), {}) is None
    assert work_directory(settings(server), {"STATE_DIRECTORY": "/nowhere"}) is None


def test_a_worker_has_one_key_at_each_start_and_no_other_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    same = [
        [settings("sqlite:///jobs.db"), settings(f"sqlite:///{tmp_path}/jobs.db"), settings(workers=9)],
        [settings("postgresql+psycopg://u:old@h:5432/d"), settings("postgresql+psycopg://u:new@h:5432/d")],
        [settings(node="gw-8")],
        [settings("sqlite:///other.db")],
        [settings("postgresql+psycopg://u:old@h:5432/e")],
        [settings("postgresql+psycopg://u:old@h1:5432,h2:5432/d")],
    ]
    keys = [{worker_key(each) for each in group} for group in same]
    assert [len(group) for group in keys] == [1] * len(same)
    assert all(one.isdisjoint(other) for one, other in itertools.combinations(keys, 2))


def test_programs_are_left_or_ended_as_the_settings_say() -> None:
    assert program_policy(settings()).leave_on_stop
    assert not program_policy(settings(on_stop="end")).leave_on_stop
