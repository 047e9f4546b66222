"""PostgreSQL's own troubles: restarts, cut connections, commits of unknown outcome, locks. None may cost or double anything."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from enum import Enum, auto
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from contract.making import SESSION, a_change, a_job, a_result, a_state, an_entry, pump, queued
from pointsman.errors import ConfigurationError, PointsmanError, StoreUnavailable
from pointsman.model.ids import JobId
from pointsman.model.job import Job
from pointsman.model.write import AddChange, RememberDelivery, SaveState, Write
from pointsman.store import maintenance, open_reader, open_store
from pointsman.store.postgres import SCHEMA
from pointsman.store.reads import audit, history, jobs
from pointsman.store.schema import HEAD
from pointsman.store.sql_store import SqlStore
from servers.absence import missing
from servers.ports import wait_until
from servers.postgres import PostgresServer, binaries

MakePostgres = Callable[[], PostgresServer]


def libpq(url: str) -> str:
    return url.replace("+psycopg", "")


def sql(url: str, statement: str) -> list[tuple[object, ...]]:
    """Run a statement as an operator would."""
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def somebody_waits(url: str) -> bool:
    """Whether a connection waits for a lock."""
    return sql(url, "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted") == [(True,)]


def add_job(store: SqlStore) -> JobId:
    job = a_job()
    with store.begin() as unit:
        unit.apply([queued(job)])
    return job.id


def write_and(then: Callable[[], None], store: SqlStore, job: Job) -> None:
    with store.begin() as unit:
        unit.apply([queued(job)])
        then()


def ids(url: str) -> list[JobId]:
    with open_reader(url) as reader:
        return [job.id for job in jobs.every(reader)]


# Servers that go and come back


def test_while_the_server_is_down_the_store_is_unavailable_and_then_goes_on(make_postgres: MakePostgres) -> None:
    server = make_postgres()
    url = server.create_database()
    with open_store(url, session=SESSION) as store:
        made = [add_job(store)]
        for stop in (server.stop, server.kill):
            stop()
            for _ in range(2):
                with pytest.raises(StoreUnavailable, match="expected to use the store postgresql://"):
                    add_job(store)
            server.start()
            made.append(add_job(store))
        with pytest.raises(StoreUnavailable, match="expected to be the only worker"):
            open_store(url, session=SESSION)
    assert ids(url) == made


def test_a_server_that_dies_in_a_transaction_undoes_it(make_postgres: MakePostgres) -> None:
    server = make_postgres()
    url = server.create_database()
    job = a_job()
    with open_store(url, session=SESSION) as store:
        with pytest.raises(StoreUnavailable):
            write_and(server.kill, store, job)
        server.start()
        with store.begin() as unit:
            assert unit.jobs([job.id]) == {}
            unit.apply([queued(job)])
    assert ids(url) == [job.id]


def test_a_connection_that_the_server_ends_is_made_anew(postgres_url: str) -> None:
    with open_store(postgres_url, session=SESSION) as store:
        first = add_job(store)
        sql(postgres_url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pointsman-%'")
        with pytest.raises(StoreUnavailable):
            add_job(store)
        second = add_job(store)
    assert ids(postgres_url) == [first, second]


def test_who_lost_the_lock_to_another_worker_cannot_write(postgres_url: str) -> None:
    with open_store(postgres_url, session=SESSION) as one:
        add_job(one)
        sql(postgres_url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pointsman-%'")
        with open_store(postgres_url, session=SESSION) as two:
            made = add_job(two)
            for _ in range(2):
                with pytest.raises(StoreUnavailable):
                    add_job(one)
        add_job(one)
    assert ids(postgres_url)[1] == made


# Connections that are cut


class Cut(Enum):
    """What the network does at the next COMMIT."""

    NEVER = auto()
    BEFORE = auto()
    """It does not reach the server."""
    AFTER = auto()
    """It does, but the answer does not come back: nobody knows."""
    HALF = auto()
    """As AFTER, and the server is not told that the client is gone."""


class Network:
    """A way to the server that can be cut."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.cut = Cut.NEVER
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._left_open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        for each in self._left_open:
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        server = socket.create_connection(self._server)
        committing = False
        with contextlib.suppress(OSError):
            while True:
                ready, _, _ = select.select([client, server], [], [])
                source = ready[0]
                data = source.recv(65_536)
                if not data:
                    break
                committing = committing or (source is client and self.cut is not Cut.NEVER and b"COMMIT" in data)
                if committing and (self.cut is Cut.BEFORE or source is server):
                    break
                (server if source is client else client).sendall(data)
        client.close()
        if self.cut is Cut.HALF:
            self._left_open.append(server)
        else:
            server.close()


@pytest.fixture
def network(postgres_url: str) -> Iterator[Network]:
    parts = urlsplit(libpq(postgres_url))
    network = Network((parts.hostname or "127.0.0.1", parts.port or 5432))
    yield network
    network.close()


def through(network: Network, url: str) -> str:
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    return url.replace(parts.netloc, f"{user}@127.0.0.1:{network.port}")


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER, Cut.HALF])
def test_a_batch_whose_commit_is_cut_off_is_there_once_when_it_is_tried_again(
    postgres_url: str, network: Network, cut: Cut
) -> None:
    job, change = a_job(), a_change()
    before: list[Write] = [RememberDelivery(1, bytes(16))]
    batch: list[Write] = [
        SaveState(a_state()),
        AddChange(change),
        queued(job),
        a_result(job, 1),
        an_entry(),
        RememberDelivery(2, bytes(16)),
        RememberDelivery(3, bytes(16)),
    ]
    with open_store(through(network, postgres_url), session=SESSION) as store:
        with store.begin() as unit:
            unit.apply(before)
        network.cut = cut
        with pytest.raises(StoreUnavailable), store.begin() as unit:
            unit.apply(batch)
        network.cut = Cut.NEVER
        with store.begin() as unit:
            # Not jobs: what is written here is written without having looked.
            unit.apply(batch)
        with store.begin() as unit:
            assert [packet for packet, _ in unit.deliveries()] == [1, 2, 3]
            assert len(unit.jobs([job.id])[job.id].results) == 1
    with open_reader(postgres_url) as reader:
        assert len(jobs.newest(reader)) == len(history.changes(reader)) == len(audit.entries(reader)) == 1


# Locks, settings, rights


def test_a_state_that_one_worker_reads_waits_for_the_other_to_end(postgres_url: str) -> None:
    with open_store(postgres_url, session="one") as one, open_store(postgres_url, session="two") as two:
        with one.begin() as unit:
            unit.apply([SaveState(a_state(pump(), "1"))])
        found: list[str] = []

        def read() -> None:
            with two.begin() as unit:
                found.append(unit.states([pump()])[pump()].state)

        with one.begin() as unit:
            unit.states([pump()])
            reading = threading.Thread(target=read)
            reading.start()
            assert wait_until(lambda: bool(found) or somebody_waits(postgres_url))
            assert not found
            unit.apply([SaveState(a_state(pump(), "2"))])
        reading.join(10)
    assert found == ["2"]


def test_commits_are_synchronous_whatever_the_server_s_default(postgres_url: str) -> None:
    name = postgres_url.rpartition("/")[2]
    for given, found in (("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")):
        sql(postgres_url, f"ALTER DATABASE {name} SET synchronous_commit = {given}")
        with open_store(postgres_url, session=SESSION) as store, store._database.transaction() as connection:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == found


def test_a_migration_waits_for_another_process_that_migrates(postgres_url: str) -> None:
    opened: list[SqlStore] = []
    opening = threading.Thread(target=lambda: opened.append(open_store(postgres_url, session=SESSION)))
    with psycopg.connect(libpq(postgres_url)) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", (SCHEMA,))
        opening.start()
        assert wait_until(lambda: bool(opened) or somebody_waits(postgres_url))
        assert not opened
    opening.join(30)
    with opened[0] as store:
        add_job(store)


def test_two_workers_that_start_on_an_empty_database_migrate_it_once(postgres_url: str) -> None:
    program = "import sys; from pointsman.store import open_store; open_store(sys.argv[1], session=sys.argv[2]).close()"
    workers = [
        subprocess.Popen([sys.executable, "-c", program, postgres_url, f"worker-{n}"], stderr=subprocess.PIPE) for n in range(3)
    ]
    assert [(worker.communicate(timeout=60)[1], worker.returncode) for worker in workers] == [(b"", 0)] * 3


def test_a_server_that_only_reads_is_told_as_such(postgres_url: str) -> None:
    with open_store(postgres_url, session=SESSION):
        pass
    name = postgres_url.rpartition("/")[2]
    sql(postgres_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with open_store(postgres_url, session=SESSION) as store, pytest.raises(StoreUnavailable, match="as a standby does"):
        add_job(store)


def test_a_user_without_rights_is_told_which_are_missing(postgres_url: str) -> None:
    role = f"guest_{os.getpid()}"
    sql(postgres_url, f"CREATE ROLE {role} LOGIN")
    try:
        parts = urlsplit(postgres_url)
        guest = parts._replace(netloc=f"{role}@{parts.netloc.rpartition('@')[2]}").geturl()
        with pytest.raises(ConfigurationError, match=r"permission denied for schema public\. Grant it") as refused:
            open_store(guest, session=SESSION)
        assert refused.value.exit_code == 78
    finally:
        sql(postgres_url, f"DROP ROLE {role}")


@pytest.mark.parametrize(("encoding", "fits"), [("LATIN1", False), ("SQL_ASCII", True)])
def test_a_database_that_cannot_hold_every_text_is_refused(postgres_url: str, encoding: str, fits: bool) -> None:
    name = f"encoded_{os.getpid()}"
    sql(postgres_url, f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    url = f"{postgres_url.rpartition('/')[0]}/{name}"
    try:
        if fits:
            with open_store(url, session=SESSION) as store, store.begin() as unit:
                unit.apply([SaveState(a_state(pump(), "漢 😀"))])
                assert unit.states([pump()])[pump()].state == "漢 😀"
        else:
            with pytest.raises(ConfigurationError, match="found its encoding LATIN1: create it with ENCODING 'UTF8'"):
                open_store(url, session=SESSION)
    finally:
        sql(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


# Backups


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's own programs, of the server's version."""
    found = binaries()
    if found is None:
        missing("pg_dump", "apt-get install postgresql-client")
    monkeypatch.setenv("PATH", f"{found}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("clients")
def test_a_dump_made_while_a_worker_writes_can_be_put_back(postgres_url: str, tmp_path: Path) -> None:
    dump = tmp_path / "copy.dump"
    with open_store(postgres_url, session=SESSION) as store:
        first = add_job(store)
        maintenance.backup(postgres_url, dump)
        add_job(store)
        with pytest.raises(StoreUnavailable, match="found a worker that uses it: stop it first"):
            maintenance.restore(postgres_url, dump)
    assert maintenance.restore(postgres_url, dump) is None
    assert ids(postgres_url) == [first]
    with open_store(postgres_url, session=SESSION, migrate=False) as store:
        add_job(store)
    assert [each.name for each in tmp_path.iterdir()] == ["copy.dump"]


@pytest.mark.usefixtures("clients")
def test_a_dump_that_does_not_fit_is_refused_and_the_store_stays(postgres_url: str, tmp_path: Path) -> None:
    with open_store(postgres_url, session=SESSION) as store:
        made = add_job(store)
    newer, garbage = tmp_path / "newer.dump", tmp_path / "garbage"
    sql(postgres_url, "UPDATE alembic_version SET version_num = '9999'")
    maintenance.backup(postgres_url, newer)
    sql(postgres_url, f"UPDATE alembic_version SET version_num = '{HEAD}'")
    garbage.write_text("garbage")
    for source, kind, message in (
        (newer, ConfigurationError, "found 9999"),
        (garbage, PointsmanError, "pg_restore"),
        (tmp_path / "none", StoreUnavailable, "found none"),
    ):
        with pytest.raises(kind, match=message):
            maintenance.restore(postgres_url, source)
    assert ids(postgres_url) == [made]


def test_without_postgresql_s_programs_a_backup_says_what_to_install(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PointsmanError, match="expected pg_dump on PATH, found none: install"):
        maintenance.backup(postgres_url, tmp_path / "copy.dump")
