"""SQLite's own troubles: full and read-only disks, other programs' locks, damaged files. None may cost what was committed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from contract.making import SESSION, a_job, queued
from pointsman.errors import ConfigurationError, PointsmanError, StoreUnavailable
from pointsman.model.ids import JobId
from pointsman.store import maintenance, open_reader, open_store, sqlite
from pointsman.store.filesystem import filesystem_of
from pointsman.store.reads import jobs
from pointsman.store.sql_store import SqlStore
from servers.absence import missing
from servers.disk import small_disk


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def add_job(store: SqlStore, size: int = 10) -> JobId:
    """A transaction with one job of about `size` bytes."""
    job = a_job(args={"text": "x" * size})
    with store.begin() as unit:
        unit.apply([queued(job)])
    return job.id


def ids(path: Path) -> list[JobId]:
    with open_reader(url(path)) as reader:
        return [job.id for job in jobs.every(reader)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.db"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 4 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    with small_disk(place, 4096):
        yield place


def fill(store: SqlStore, made: list[JobId]) -> None:
    """Add jobs, and note each that was committed, until the disk is full."""
    for _ in range(1000):
        made += [add_job(store, 10_000)]


# Opening


def test_every_commit_is_synced_and_nothing_is_mapped(path: Path) -> None:
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "busy_timeout": 5000,
        "foreign_keys": 1,
        "wal_autocheckpoint": 1000,
        "journal_size_limit": 16_777_216,
        "mmap_size": 0,
        "trusted_schema": 0,
        "cell_size_check": 1,
        "application_id": int.from_bytes(b"Poin", "big"),
    }
    with open_store(url(path), session=SESSION) as store, store._database.transaction() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}
    # With no mapping compiled in, or none allowed, there is no answer.
    assert {**found, "mmap_size": found["mmap_size"] or 0} == wanted


def test_a_relative_url_is_a_file_in_the_current_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store("sqlite:///jobs.db", session=SESSION) as store:
        monkeypatch.chdir("/")
        made = add_job(store)
    assert ids(tmp_path / "jobs.db") == [made]


def test_two_names_of_one_file_are_one_store(path: Path, tmp_path: Path) -> None:
    (tmp_path / "other.db").symlink_to(path)
    with open_store(url(path), session=SESSION), pytest.raises(StoreUnavailable, match=str(os.getpid())):
        open_store(url(tmp_path / "other.db"), session=SESSION)


def test_a_directory_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=f"expected the directory {tmp_path / 'none'} for the store, found none"):
        open_store(url(tmp_path / "none" / "jobs.db"), session=SESSION)
    assert list(tmp_path.iterdir()) == []


def test_a_reader_of_a_store_that_is_not_there_is_told_what_makes_one(path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"found none\. .*`pointsman run` makes one"):
        open_reader(url(path))
    assert not path.exists()


def test_a_store_that_nobody_writes_can_be_read(path: Path) -> None:
    with open_store(url(path), session=SESSION) as store:
        made = add_job(store)
    assert not path.with_name("jobs.db-wal").exists()
    assert ids(path) == [made]


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    with open_store(url(path), session=SESSION) as store:
        add_job(store)


def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    path.write_text("This is somebody's diary.\n" * 100)
    for opener in (lambda: open_store(url(path), session=SESSION), lambda: open_reader(url(path))):
        with pytest.raises(PointsmanError, match="file is not a database"):
            opener()
    assert path.read_text().startswith("This is somebody's diary.")


def test_a_database_of_something_else_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE customers (id)")
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="found a database of something else"):
        open_store(url(path), session=SESSION)
    assert path.read_bytes() == before


def test_network_file_systems_are_told_from_local_ones(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
        "23 22 0:1 / /srv rw - nfs4 server:/export rw,vers=4.2\n"
        "24 22 0:2 / /srv/with\\040space rw shared:1 master:2 - tmpfs tmpfs rw\n"
        "25 22 0:3 / /layer rw - overlay overlay rw\n"
        "26 22 8:2 / /layer rw - ext4 /dev/sdb1 rw\n"
    )
    kinds = {place: filesystem_of(Path(place), mounts) for place in ("/etc", "/srv/a/b", "/srv/with space/c", "/layer")}
    assert {place: kind.name for place, kind in kinds.items()} == {
        "/etc": "ext4",
        "/srv/a/b": "nfs4",
        "/srv/with space/c": "tmpfs",
        "/layer": "ext4",
    }
    assert [place for place, kind in kinds.items() if kind.over_network] == ["/srv/a/b"]
    assert filesystem_of(tmp_path, tmp_path / "none").name == "unknown"


# Trouble while it runs


def test_a_lock_of_another_program_is_waited_for_then_named_and_forgotten_once_it_is_gone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT", 0.2)
    with open_store(url(path), session=SESSION) as store, closing(sqlite3.connect(path, isolation_level=None)) as shell:
        first = add_job(store)
        shell.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="locked by another program"):
                add_job(store)
        shell.execute("ROLLBACK")
        second = add_job(store)
    assert ids(path) == [first, second]


def test_a_transaction_has_the_store_from_its_beginning(path: Path) -> None:
    """Else one that reads first would fail when it comes to write, after another program has written."""
    with open_store(url(path), session=SESSION) as store, closing(sqlite3.connect(path, timeout=0)) as shell:
        with store.begin() as unit:
            assert unit.filters() == ()
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                shell.execute("BEGIN IMMEDIATE")
            unit.apply([queued(a_job())])
        shell.execute("BEGIN IMMEDIATE")


END_WAL = """
import sqlite3, sys
try:
    print(sqlite3.connect(sys.argv[1], timeout=0).execute("PRAGMA journal_mode=DELETE").fetchone()[0])
except sqlite3.OperationalError as error:
    print(error)
"""


def test_reading_beside_the_writer_in_one_process_drops_none_of_its_locks(path: Path) -> None:
    """To close any plain file handle of the store would, and another program could then take the log from under the writer."""
    with open_store(url(path), session=SESSION) as store:
        made = add_job(store)
        assert ids(path) == [made]
        maintenance.backup(url(path), path.with_name("copy.db"))
        with pytest.raises(StoreUnavailable):
            open_store(url(path), session=SESSION)
        other = subprocess.run([sys.executable, "-c", END_WAL, path], capture_output=True, text=True, check=True)
        assert other.stdout == "database is locked\n"


def test_a_thread_that_finds_the_store_busy_for_long_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "WAIT_FOR_CONNECTION", 0.1)
    with open_store(url(path), session=SESSION) as store:
        with store.begin(), pytest.raises(StoreUnavailable, match="found it busy"):
            add_job(store)
        add_job(store)


def test_a_long_reader_does_not_hold_up_the_writer(path: Path) -> None:
    with open_store(url(path), session=SESSION) as store, open_reader(url(path)) as reader:
        first = add_job(store)
        with reader.ask() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM jobs").scalar() == 1
            second = add_job(store)
            assert connection.exec_driver_sql("SELECT count(*) FROM jobs").scalar() == 1
    assert ids(path) == [first, second]


def test_a_full_disk_costs_nothing_that_was_committed_and_it_goes_on_when_there_is_room(disk: Path) -> None:
    path, ballast = disk / "jobs.db", disk / "ballast"
    with open_store(url(path), session=SESSION) as store:
        made = [add_job(store)]
        ballast.write_bytes(bytes(1_500_000))
        with pytest.raises(StoreUnavailable, match=r"disk full|free space"):
            fill(store, made)
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                add_job(store, 2_000_000)
        assert ids(path) == made
        ballast.unlink()
        made.append(add_job(store, 10_000))
        made += [add_job(store, 10_000) for _ in range(20)]
    assert ids(path) == made
    with closing(sqlite3.connect(path)) as check:
        assert check.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_full_disk_at_the_start_is_told(disk: Path) -> None:
    with open_store(url(disk / "jobs.db"), session=SESSION) as store:
        add_job(store)
    left = os.statvfs(disk)
    (disk / "ballast").write_bytes(bytes(left.f_bavail * left.f_frsize))
    with pytest.raises(StoreUnavailable), open_store(url(disk / "jobs.db"), session=SESSION) as store:
        add_job(store, 100_000)
    (disk / "ballast").unlink()
    with open_store(url(disk / "jobs.db"), session=SESSION) as store:
        add_job(store, 100_000)


def test_a_read_only_disk_is_told(disk: Path) -> None:
    with open_store(url(disk / "jobs.db"), session=SESSION) as store:
        made = add_job(store)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    with pytest.raises(StoreUnavailable, match=r"expected to write .*jobs\.db\.lock.* found: Read-only file system"):
        open_store(url(disk / "jobs.db"), session=SESSION)
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    with open_store(url(disk / "jobs.db"), session=SESSION):
        pass
    assert ids(disk / "jobs.db") == [made]


FAULTY_SYNC = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
/* fsync and fdatasync fail with EIO as long as the file named by FAULTY_SYNC exists. */
static int fails(void) { const char *name = getenv("FAULTY_SYNC"); return name && access(name, F_OK) == 0; }
#define WRAP(name) int name(int fd) { \
  int (*real)(int) = dlsym(RTLD_NEXT, #name); if (fails()) { errno = EIO; return -1; } return real(fd); }
WRAP(fsync)
WRAP(fdatasync)
"""

FAIL_AND_GO_ON = """
import os, sys
from pathlib import Path
from contract.making import a_job, queued
from pointsman.errors import StoreUnavailable
from pointsman.store import open_store

url, switch = sys.argv[1], Path(sys.argv[2])
with open_store(url, session="worker-1") as store:
    jobs = [a_job() for _ in range(4)]
    def write(job):
        with store.begin() as unit:
            unit.apply([queued(job)])
    write(jobs[0])
    switch.touch()
    for job in jobs[1:3]:
        try:
            write(job)
        except StoreUnavailable as fault:
            print(fault)
        else:
            sys.exit("a commit that was not synced was called durable")
    switch.unlink()
    for job in jobs[1:]:
        write(job)
"""


def test_a_commit_that_could_not_be_synced_is_not_durable_and_may_be_tried_again(path: Path, tmp_path: Path) -> None:
    """The kernel tells of a failed fsync once, and the next one succeeds: so the connection is given up with it."""
    compiler = shutil.which("cc")
    if compiler is None:
        missing("A C compiler", "apt-get install gcc libc6-dev, for the library that makes fsync fail")
    library, source = tmp_path / "faulty.so", tmp_path / "faulty.c"
    source.write_text(FAULTY_SYNC)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    environment = {
        **os.environ,
        "LD_PRELOAD": str(library),
        "FAULTY_SYNC": str(tmp_path / "switch"),
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    program = [sys.executable, "-c", FAIL_AND_GO_ON, url(path), str(tmp_path / "switch")]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("input/output error") == 2
    assert len(ids(path)) == 4
    with closing(sqlite3.connect(path)) as check:
        assert check.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


# Damage


def damage(path: Path, table: str, *, subtly: bool = False) -> None:
    """Overwrite the first page of a table, or only what it says of its own free space (SQLite, *Database File Format*, §1.6)."""
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size + (7 if subtly else 0))
        file.write(b"\x20" if subtly else b"\xaa" * size)


@pytest.mark.parametrize("subtly", [False, True])
def test_a_damaged_store_is_not_opened_and_not_touched(path: Path, subtly: bool) -> None:
    with open_store(url(path), session=SESSION) as store:
        add_job(store)
    damage(path, "jobs", subtly=subtly)
    before = path.read_bytes()
    with pytest.raises(PointsmanError, match=r"found it damaged: .* put back a backup with `pointsman db restore`") as found:
        open_store(url(path), session=SESSION)
    assert found.value.exit_code == 1
    assert path.read_bytes() == before


def test_of_a_large_store_the_tables_that_stay_small_are_checked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(url(path), session=SESSION) as store:
        add_job(store)
    monkeypatch.setattr(sqlite, "CHECKED_WHOLE", 0)
    with open_store(url(path), session=SESSION):
        pass
    damage(path, "inbox")
    with pytest.raises(PointsmanError, match="damaged"):
        open_store(url(path), session=SESSION)


def test_damage_that_is_met_while_it_runs_is_told_as_such(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(url(path), session=SESSION) as store:
        add_job(store)
    damage(path, "jobs")
    monkeypatch.setattr(sqlite, "CHECKED_WHOLE", 0)
    with open_store(url(path), session=SESSION) as store, pytest.raises(PointsmanError, match="damaged") as found:
        add_job(store)
    assert not isinstance(found.value, StoreUnavailable), "it does not get better by waiting"


@pytest.mark.parametrize("lost", ["half of the log", "a byte of the log", "the index of the log"])
def test_what_a_power_cut_may_leave_of_the_log_is_a_committed_prefix(path: Path, tmp_path: Path, lost: str) -> None:
    with open_store(url(path), session=SESSION) as store:
        made = [add_job(store) for _ in range(60)]
        copy = tmp_path / "cut" / "jobs.db"
        copy.parent.mkdir()
        # By another process: this one would drop SQLite's locks when it closes what it has copied.
        subprocess.run(["cp", path, f"{path}-wal", f"{path}-shm", copy.parent], check=True)
    log = Path(f"{copy}-wal")
    match lost:
        case "half of the log":
            os.truncate(log, log.stat().st_size // 2 + 17)
        case "a byte of the log":
            with log.open("r+b") as file:
                file.seek(log.stat().st_size // 2)
                file.write(b"\xaa")
        case _:
            Path(f"{copy}-shm").write_bytes(bytes(100))
    with open_store(url(copy), session=SESSION):
        pass
    found = ids(copy)
    assert found == made[: len(found)]
    assert len(found) > 5 if lost != "the index of the log" else len(found) == 60
