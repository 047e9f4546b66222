"""Somebody has to log in first: where there are no users, a worker makes `admin`. Part of the composition root."""

from __future__ import annotations

from structlog.typing import FilteringBoundLogger

from pointsman.http.access.passwords import digest_of, generate
from pointsman.model.access import EVERYTHING
from pointsman.model.definition import Definition, Kind, Origin
from pointsman.model.edit import SaveCredential, SaveDefinition
from pointsman.model.ids import UserId
from pointsman.model.write import AddAudit, Write
from pointsman.settings import Configuration
from pointsman.store import open_reader
from pointsman.store.reads import definitions
from pointsman.store.text import json_text

ADMIN = UserId("admin")
"""Id and login of the first user."""


def first_admin(configuration: Configuration, log: FilteringBoundLogger, id_: str, at: int) -> list[Write]:
    """What makes the first user, nothing when there are users, or nobody can log in since HTTP is off. `id_` is the audit's.

    The password is that of `http.admin_password`; a generated one is logged, this once: nothing else would tell it.
    """
    http = configuration.settings.http
    if http.listen == "off":
        return []
    with open_reader(configuration.settings.store.url) as reader:
        if definitions.page(reader, [Kind.USER], limit=1):
            return []
    password = None if http.admin_password is None else http.admin_password.get_secret_value()
    if password is None:
        password = generate()
        log.warning("made the first user; note the password, it is not shown again", login=ADMIN, password=password)
    else:
        log.info("made the first user, with the password of http.admin_password", login=ADMIN)
    document = {"id": ADMIN, "login": ADMIN, "permissions": sorted(EVERYTHING)}
    admin = Definition(kind=Kind.USER, id=ADMIN, origin=Origin.STORE, document=document, created=at, updated=at)
    made = AddAudit(id=id_, at=at, actor="first start", action="catalog.set", subject=f"user {ADMIN}", after=json_text(document))
    return [SaveDefinition(admin), SaveCredential(ADMIN, digest_of(password), at), made]
