"""Users as the command line changes them: in the store itself, while no worker has it. A running worker does it over HTTP."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pointsman.cli.configured import configuration
from pointsman.errors import NotFound, StoreUnavailable, UsageError

if TYPE_CHECKING:
    from pointsman.model.definition import Definition
    from pointsman.model.write import Write
    from pointsman.store.reads.access import Known

ACTOR = "command line"
"""Who the audit says it was."""
LONGEST = 10_000
"""More characters no file with a password has."""

password_file = click.option(
    "--password-file", metavar="FILE", help="Where the password is, - for standard input. Else it is asked for."
)


class People:
    """The users of a store that is open for writing. Get it from `people`."""

    def __init__(self, url: str, client_id: str, migrate: bool) -> None:
        from pointsman.clock import Uuid7
        from pointsman.store import open_reader, open_store

        self._store = open_store(url, session=client_id, migrate=migrate)
        self._reader = open_reader(url)
        self.now = time.time_ns() // 1_000_000
        self.new_id = Uuid7()

    def find(self, login: str) -> Known | None:
        """The user of that login."""
        from pointsman.store.reads import access

        return access.by_login(self._reader, login)

    def get(self, login: str) -> Known:
        """The user of that login. Raises NotFound."""
        found = self.find(login)
        if found is None:
            raise NotFound(f"expected the login of a user, found {login!r}; `pointsman user list` lists them")
        return found

    def defined(self, id_: str) -> Definition | None:
        """The user of that id, as it is kept."""
        from pointsman.model.definition import Kind
        from pointsman.store.reads import definitions

        return definitions.one(self._reader, Kind.USER, id_)

    def write(self, subject: str, action: str, *writes: Write, after: str | None = None) -> None:
        """Carry out the writes, and have the audit say so."""
        from pointsman.model.write import AddAudit

        audit = AddAudit(id=self.new_id(self.now), at=self.now, actor=ACTOR, action=action, subject=subject, after=after)
        with self._store.begin() as unit:
            unit.apply([*writes, audit])

    def close(self) -> None:
        """Let a worker have the store."""
        self._reader.close()
        self._store.close()


@contextmanager
def people() -> Iterator[People]:
    """The users of the configuration's store. Raises StoreUnavailable while a worker has it."""
    settings = configuration().settings
    try:
        opened = People(settings.store.url, settings.mqtt.client_id, settings.store.migrate)
    except StoreUnavailable as fault:
        raise StoreUnavailable(f"{fault}. While a worker runs, users are changed over HTTP: /api/v1/users") from None
    try:
        yield opened
    finally:
        opened.close()


def read_password(file: str | None) -> str:
    """The new password: from a file, from standard input, or asked for twice on a terminal. Never an argument, which all can see.

    Raises UsageError for one that is too short, or for a file that cannot be read.
    """
    from pointsman.model.access import password_fault

    if file is None and sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    elif file in (None, "-"):
        password = sys.stdin.read(LONGEST)
    else:
        password = _of_file(file)
    password = password.removesuffix("\n").removesuffix("\r")
    fault = password_fault(password)
    if fault:
        raise UsageError(fault)
    return password


def _of_file(file: str) -> str:
    try:
        with Path(file).open(encoding="utf-8") as opened:
            return opened.read(LONGEST)
    except UnicodeDecodeError:
        raise UsageError(f"expected text in {file}, found something else") from None
    except OSError as fault:
        raise UsageError(f"cannot read {file}: {fault.strerror}") from None
