"""PostgreSQL as tests need it: a private server from the machine's own binaries, to be stopped and killed at will.

Knows PostgreSQL's programs and that it refuses to run as root. Knows nothing of Pointsman.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from servers.ports import free_port, wait_until

REMEDY = (
    "apt-get install postgresql, or set POINTSMAN_TEST_POSTGRES_URL to the URL of a superuser who may create databases, "
    "or start a Docker engine"
)


def binaries() -> Path | None:
    """The directory of PostgreSQL's programs: the newest of Debian's, else what PATH has."""
    debian = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if debian:
        return max(debian, key=lambda path: int(path.parent.name) if path.parent.name.isdigit() else 0)
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@dataclass(frozen=True)
class Databases:
    """Where databases can be made. `url` is libpq's, of a user who may make them."""

    url: str

    def create(self, name: str) -> str:
        """Make an empty database, and give its URL as SQLAlchemy takes it."""
        self._run(sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(sql.Identifier(name)))
        base, _, query = self.url.partition("?")
        scheme, _, rest = base.partition("://")
        authority = rest.partition("/")[0]
        assert scheme in ("postgresql", "postgres"), "a libpq URL is expected: postgresql://user@host:port/database"
        return f"postgresql+psycopg://{authority}/{name}" + (f"?{query}" if query else "")

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def answer(self) -> bool:
        """Whether the server takes connections by now."""
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url, autocommit=True, connect_timeout=10) as connection:
            connection.execute(statement)


def initialise(directory: Path) -> None:
    """Make a cluster there, to be copied by each server: `initdb` takes longer than all else."""
    found = binaries()
    if found is None:
        raise RuntimeError(f"PostgreSQL is needed: {REMEDY}")
    directory.mkdir()
    identity = _identity()
    if identity:
        os.chown(directory, identity["user"], identity["group"])
    command = [
        str(found / "initdb"),
        "-D",
        str(directory),
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    ]
    subprocess.run(command, check=True, capture_output=True, cwd=directory, **identity)


class PostgresServer:
    """A private server: one cluster, one port, which it keeps over restarts. `fsync` is on, as it comes."""

    def __init__(self, directory: Path, cluster: Path) -> None:
        """`directory` must not exist yet, and all above it must be open to the server's user; `cluster` is copied to it."""
        self.host = "127.0.0.1"
        self.port = free_port()
        self.directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self._log = directory.with_suffix(".log")
        self._identity = _identity()
        shutil.copytree(cluster, directory)
        directory.chmod(0o700)
        if self._identity:
            for path in (directory, *directory.rglob("*")):
                os.chown(path, self._identity["user"], self._identity["group"])

    @property
    def url(self) -> str:
        """The URL of its superuser, as libpq takes it."""
        return f"postgresql://postgres@{self.host}:{self.port}/postgres"

    @property
    def log(self) -> str:
        """All that it has logged, over every start."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def create_database(self, name: str = "pointsman") -> str:
        """Make an empty database, and give its URL as SQLAlchemy takes it."""
        return Databases(self.url).create(name)

    def start(self) -> None:
        """Start it, and wait until it answers. Raises RuntimeError, with its log, when it does not."""
        found = binaries()
        assert found is not None, "the cluster was made with these binaries"
        for attempt in range(5):
            options = {"listen_addresses": self.host, "port": self.port, "unix_socket_directories": "", "max_connections": 50}
            settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    [found / "postgres", "-D", self.directory, *settings],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self.directory,
                    **self._identity,
                )
            wait_until(lambda: self._ended or Databases(self.url).answer(), seconds=30)
            if not self._ended:
                return
            if "could not bind" not in self.log or attempt == 4:
                break
            self.port = free_port()
        raise RuntimeError(f"PostgreSQL did not start:\n{self.log[-2000:]}")

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL to every process of it. The next start recovers from its log."""
        process, self._process = self._process, None
        if process is None:
            return
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.kill()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        process.wait()
        wait_until(lambda: not any(Path(f"/proc/{child}").exists() for child in children))

    def stop(self) -> None:
        """End it in order, cutting whoever is connected (*fast shutdown*)."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)
            process.wait()

    def restart(self) -> None:
        """Stop it in order, and start it again on the same port."""
        self.stop()
        self.start()

    @property
    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None


def _identity() -> dict[str, Any]:
    """As whom the server runs: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
