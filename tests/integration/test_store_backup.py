"""Backups of a SQLite store: complete while a worker writes, checked, in place at once or not at all, and put back safely."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import pytest

from contract.making import SESSION, a_job, queued
from pointsman.errors import ConfigurationError, PointsmanError, StoreUnavailable
from pointsman.model.ids import JobId
from pointsman.store import maintenance, open_reader, open_store
from pointsman.store.opening import open_database
from pointsman.store.reads import jobs
from pointsman.store.schema import HEAD, run_migrations
from pointsman.store.sql_store import SqlStore


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def add_jobs(store: SqlStore, count: int = 1) -> list[JobId]:
    made = [a_job() for _ in range(count)]
    with store.begin() as unit:
        unit.apply([queued(job) for job in made])
    return [job.id for job in made]


def ids(path: Path) -> list[JobId]:
    with open_reader(url(path)) as reader:
        return [job.id for job in jobs.every(reader)]


def names(directory: Path) -> set[str]:
    return {each.name for each in directory.iterdir()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.db"


@pytest.fixture
def filled(path: Path) -> list[JobId]:
    """The jobs of a store that nobody has open."""
    with open_store(url(path), session=SESSION) as store:
        return add_jobs(store, 50)


def damage(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'jobs'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xaa" * size)


def test_a_backup_made_while_a_worker_writes_has_all_that_was_committed_before(path: Path, tmp_path: Path) -> None:
    stop, made = threading.Event(), []
    with open_store(url(path), session=SESSION) as store:

        def write() -> None:
            while not stop.is_set():
                made.extend(add_jobs(store, 5))

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for n in range(5):
                before = len(made)
                maintenance.backup(url(path), tmp_path / f"{n}.backup")
                found = ids(tmp_path / f"{n}.backup")
                assert len(found) >= before
                assert len(found) % 5 == 0, "whole transactions only"
        finally:
            stop.set()
            writer.join()
    assert ids(tmp_path / "4.backup") == made[: len(ids(tmp_path / "4.backup"))]
    assert names(tmp_path) == {"jobs.db", "jobs.db.lock", *(f"{n}.backup" for n in range(5))}, "nothing is left lying about"


def test_a_backup_is_one_file_and_a_store_by_itself(path: Path, tmp_path: Path, filled: list[JobId]) -> None:
    maintenance.backup(url(path), tmp_path / "copy.db")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(tmp_path / "copy.db", elsewhere / "jobs.db")
    with open_store(url(elsewhere / "jobs.db"), session=SESSION, migrate=False):
        pass
    assert ids(elsewhere / "jobs.db") == filled


def test_a_backup_that_fails_leaves_the_one_before(path: Path, tmp_path: Path, filled: list[JobId]) -> None:
    target = tmp_path / "copy.db"
    maintenance.backup(url(path), target)
    damage(path)
    with pytest.raises(PointsmanError, match="damaged"):
        maintenance.backup(url(path), target)
    assert ids(target) == filled
    assert not [name for name in names(tmp_path) if "partial" in name]


def test_a_backup_says_what_it_lacks(path: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"expected a store in .*jobs\.db, found none"):
        maintenance.backup(url(path), tmp_path / "copy.db")
    with open_store(url(path), session=SESSION):
        with pytest.raises(StoreUnavailable, match=r"expected the directory .*none for the copy"):
            maintenance.backup(url(path), tmp_path / "none" / "copy.db")
        with pytest.raises(ConfigurationError, match="expected another file than the store itself"):
            maintenance.backup(url(path), path)


def test_a_restored_store_is_the_backup_and_what_was_there_is_kept(path: Path, tmp_path: Path, filled: list[JobId]) -> None:
    maintenance.backup(url(path), tmp_path / "copy.db")
    with open_store(url(path), session=SESSION) as store:
        later = add_jobs(store, 3)
    aside = maintenance.restore(url(path), tmp_path / "copy.db")
    assert aside is not None
    assert ids(path) == filled
    assert ids(aside) == [*filled, *later]
    with open_store(url(path), session=SESSION) as store:
        add_jobs(store)


def test_what_a_killed_worker_left_in_its_log_is_kept_with_the_old_store(path: Path, tmp_path: Path, filled: list[JobId]) -> None:
    """The old log must not be taken for the new file's, and what is in it must not be lost."""
    maintenance.backup(url(path), tmp_path / "copy.db")
    with open_store(url(path), session=SESSION) as store:
        later = add_jobs(store, 3)
        killed = tmp_path / "killed"
        killed.mkdir()
        # By another process: this one would drop SQLite's locks when it closes what it has copied.
        subprocess.run(["cp", path, f"{path}-wal", f"{path}-shm", killed], check=True)
    aside = maintenance.restore(url(killed / "jobs.db"), tmp_path / "copy.db")
    assert aside is not None
    assert ids(killed / "jobs.db") == filled
    assert ids(aside) == [*filled, *later]


def test_a_damaged_store_can_be_replaced(path: Path, tmp_path: Path, filled: list[JobId]) -> None:
    maintenance.backup(url(path), tmp_path / "copy.db")
    path.write_bytes(b"garbage" * 10_000)
    maintenance.restore(url(path), tmp_path / "copy.db")
    assert ids(path) == filled


def test_a_store_can_be_restored_where_there_is_none(path: Path, tmp_path: Path, filled: list[JobId]) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert maintenance.restore(url(other / "jobs.db"), path) is None
    assert ids(other / "jobs.db") == filled
    assert names(other) == {"jobs.db", "jobs.db.lock"}


def test_nothing_is_restored_under_a_running_worker(path: Path, tmp_path: Path, filled: list[JobId]) -> None:
    maintenance.backup(url(path), tmp_path / "copy.db")
    with open_store(url(path), session=SESSION) as store:
        later = add_jobs(store)
        with pytest.raises(StoreUnavailable, match="expected to be the only writer"):
            maintenance.restore(url(path), tmp_path / "copy.db")
    assert ids(path) == [*filled, *later]


def test_a_backup_that_does_not_fit_is_refused_and_the_store_stays(path: Path, tmp_path: Path, filled: list[JobId]) -> None:
    newer, damaged, foreign = tmp_path / "newer.db", tmp_path / "damaged.db", tmp_path / "foreign.db"
    for each in (newer, damaged):
        maintenance.backup(url(path), each)
    with closing(sqlite3.connect(newer, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    damage(damaged)
    with closing(sqlite3.connect(foreign, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE customers (id)")
    for source, kind, message in (
        (newer, ConfigurationError, "found 9999"),
        (damaged, PointsmanError, "damaged"),
        (foreign, ConfigurationError, "found a database of something else"),
        (tmp_path / "none.db", StoreUnavailable, "found none"),
    ):
        with pytest.raises(kind, match=message):
            maintenance.restore(url(path), source)
        assert ids(path) == filled
    assert not [name for name in names(tmp_path) if "partial" in name or "replaced" in name]


def test_an_older_backup_is_restored_and_migrated_when_it_is_opened(path: Path, tmp_path: Path, filled: list[JobId]) -> None:
    older = tmp_path / "older.db"
    with closing(open_database(url(older), None)) as database, database.transaction() as connection:
        run_migrations(connection, "0001")
    maintenance.restore(url(path), older)
    assert maintenance.revision(url(path)).behind
    with open_store(url(path), session=SESSION):
        pass
    assert ids(path) == []


def test_before_a_migration_a_copy_is_kept(path: Path) -> None:
    with closing(open_database(url(path), None)) as database, database.transaction() as connection:
        run_migrations(connection, "0001")
        connection.exec_driver_sql("INSERT INTO meta VALUES ('written by', 'an older version')")
    with open_store(url(path), session=SESSION):
        pass
    copy = path.with_name(f"jobs.db.before-{HEAD}")
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
        assert connection.execute("SELECT value FROM meta").fetchall() == [("an older version",)]
    copy.unlink()
    with open_store(url(path), session=SESSION):
        pass
    assert not copy.exists(), "only before a migration"


def test_a_new_store_is_made_without_a_copy(path: Path) -> None:
    with open_store(url(path), session=SESSION):
        pass
    assert names(path.parent) == {"jobs.db", "jobs.db.lock"}
