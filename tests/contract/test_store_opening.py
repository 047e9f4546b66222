"""Who may open a store, and which store: one writer, of this schema or an older one."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import pointsman.store.migrations
from contract.conftest import OpenStore
from contract.making import SESSION, a_job, a_state, pump, queued
from pointsman.errors import ConfigurationError, PointsmanError, StoreUnavailable
from pointsman.model.write import SaveState
from pointsman.store import maintenance, open_reader, open_store
from pointsman.store.database import Database
from pointsman.store.opening import open_database
from pointsman.store.reads import entities, jobs
from pointsman.store.schema import HEAD, run_migrations
from pointsman.store.sql_store import SqlStore
from pointsman.store.tables import metadata

OPEN_AND_WAIT = """
import sys
from pointsman.store import open_store
with open_store(sys.argv[1], session=sys.argv[2]):
    print("open", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_worker(url: str, session: str = SESSION) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the store open."""
    program = [sys.executable, "-c", OPEN_AND_WAIT, url, session]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
        if process.poll() is None:
            process.communicate("")


def make_older(url: str, revision: str | None) -> None:
    """A store as an older version left it, with one state in it."""
    with closing(open_database(url, None)) as database, database.transaction() as connection:
        if revision is not None:
            run_migrations(connection, revision)
            connection.exec_driver_sql("INSERT INTO entities VALUES (1, 'pump-1', '3', NULL, 5, NULL)")


def fail_half_way(database: Database) -> None:
    with database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE half_way (id INTEGER)")
        run_migrations(connection)


def test_a_second_worker_of_the_same_session_is_told_who_has_the_store(store_url: str) -> None:
    with another_worker(store_url) as process:
        who = str(process.pid) if store_url.startswith("sqlite") else "pointsman-[0-9a-f]{12} on "
        with pytest.raises(StoreUnavailable, match=rf"expected to be the only .*{who}"):
            open_store(store_url, session=SESSION)
    with open_store(store_url, session=SESSION) as store, store.begin() as unit:
        assert unit.filters() == ()


def test_a_second_writer_in_the_same_process_is_refused_too(opened: OpenStore) -> None:
    store = opened()
    with pytest.raises(StoreUnavailable, match="expected to be the only"):
        opened()
    with store.begin() as unit:
        unit.apply([queued(a_job())])


def test_a_killed_worker_leaves_the_store_free(store_url: str) -> None:
    with another_worker(store_url) as process:
        process.kill()
        process.wait()
    with open_store(store_url, session=SESSION) as store, store.begin() as unit:
        assert unit.filters() == ()


def test_readers_are_not_kept_out(store_url: str) -> None:
    with another_worker(store_url), open_reader(store_url) as reader:
        assert jobs.newest(reader) == []


def test_closing_twice_is_closing_once(opened: OpenStore) -> None:
    store = opened()
    store.close()
    store.close()


@pytest.mark.parametrize("opener", [lambda url: open_store(url, session=SESSION), open_reader, maintenance.revision])
def test_a_store_of_a_newer_schema_is_refused_untouched(store: SqlStore, store_url: str, opener: object) -> None:
    with store._database.transaction() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    with pytest.raises(ConfigurationError, match="found 9999: a newer Pointsman has migrated it") as refused:
        opener(store_url)  # type: ignore[operator]
    assert refused.value.exit_code == 78
    with closing(open_database(store_url, None)) as database, database.transaction() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one() == "9999"


def test_a_store_that_is_behind_is_migrated_with_all_that_is_in_it(store_url: str) -> None:
    make_older(store_url, "0001")
    with pytest.raises(ConfigurationError, match=f"expected .* schema {HEAD}, found 0001: run `pointsman db upgrade`"):
        open_store(store_url, session=SESSION, migrate=False)
    with pytest.raises(ConfigurationError, match="run `pointsman db upgrade`"):
        open_reader(store_url)
    assert maintenance.revision(store_url).behind
    with open_store(store_url, session=SESSION) as store, store.begin() as unit:
        assert unit.states([pump()])[pump()].since == 5
    assert not maintenance.revision(store_url).behind
    with open_store(store_url, session=SESSION, migrate=False):
        pass


def test_an_upgrade_by_hand_says_what_it_found(store_url: str) -> None:
    assert maintenance.upgrade(store_url).found is None
    assert maintenance.upgrade(store_url).found == HEAD
    with open_store(store_url, session=SESSION, migrate=False), open_reader(store_url) as reader:
        assert entities.states(reader) == []


def test_a_migration_that_fails_half_way_has_not_happened(store_url: str) -> None:
    make_older(store_url, "0001")
    with closing(open_database(store_url, None)) as database:
        with database.transaction() as connection:
            connection.exec_driver_sql("DROP TABLE audit")
        with pytest.raises(Exception, match="audit"):
            fail_half_way(database)
        with database.transaction() as connection:
            assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one() == "0001"
            assert not connection.dialect.has_table(connection, "half_way")


def test_the_migrations_make_the_tables_that_are_declared(store: SqlStore) -> None:
    with store._database.transaction() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_newest_migration_is_the_one_that_is_wanted() -> None:
    scripts = ScriptDirectory(pointsman.store.migrations.__path__[0])
    assert scripts.get_current_head() == HEAD
    revisions = [script.revision for script in scripts.walk_revisions()][::-1]
    assert revisions == [f"{n + 1:04}" for n in range(len(revisions))], "their order is that of their texts"


def test_tables_of_something_else_are_left_alone(store_url: str) -> None:
    with closing(open_database(store_url, None)) as database, database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE customers (id INTEGER)")
    with pytest.raises(ConfigurationError, match=r"found tables of something else in it \(customers\)"):
        open_store(store_url, session=SESSION)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("jobs.db", "'jobs.db'"),
        ("", "''"),
        ("postgresql:/user:s3cret@host/db", "'postgresql:/…@host/db'"),
        ("postgresql://user:s3cret@host:port/db", "'postgresql://…@host:port/db'"),
        ("mysql://host/db", "mysql:"),
        ("sqlite://", "sqlite://"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite:///file:a.db?uri=true", "sqlite:///file:a.db"),
        ("sqlite:///a.db?mode=ro", "sqlite:///a.db?mode=ro"),
    ],
)
def test_a_url_that_names_no_store_is_a_configuration_error(url: str, found: str) -> None:
    for opener in (lambda: open_store(url, session=SESSION), lambda: open_reader(url)):
        with pytest.raises(ConfigurationError, match=f"expected store.url .*found {re.escape(found)}"):
            opener()


def test_a_server_that_is_not_there_is_unavailable_and_its_password_is_not_told() -> None:
    with pytest.raises(StoreUnavailable, match="expected to use the store postgresql://user:") as refused:
        open_store("postgresql://user:s3cret@127.0.0.1:1/db", session=SESSION)
    assert "s3cret" not in str(refused.value)


def test_what_the_log_says_of_a_store_has_its_version_and_place(store: SqlStore) -> None:
    assert re.match(r"(SQLite|PostgreSQL) \d+\.\d+.*, the store (/|postgresql://)", store.describe())


def test_an_error_of_ours_in_a_transaction_is_given_on_as_it_is(store: SqlStore) -> None:
    with pytest.raises(PointsmanError, match="mine"), store.begin():
        raise PointsmanError("mine")
    with store.begin() as unit:
        unit.apply([SaveState(a_state())])
