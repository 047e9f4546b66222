"""An app behind whose door nothing is done, over a real store with users of every kind: for tests of who is let in.

It has the routes of the real one, in their order, with the same guard; what is let through is answered 204.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from hashlib import scrypt
from pathlib import Path
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message

from contract.making import a_change, a_job, queued
from pointsman.clock import SystemClock, Uuid7
from pointsman.engine.inbox import Inbox
from pointsman.http.access.door import Door
from pointsman.http.access.keys import digest_of, new_key
from pointsman.http.app import ROUTERS
from pointsman.http.guard import Guarded
from pointsman.http.problems import install
from pointsman.http.services import Services
from pointsman.model.access import EVERYTHING, AccessKey, KeyKind, Permission
from pointsman.model.catalog import Catalog, build_catalog
from pointsman.model.definition import Definition, Kind, Origin
from pointsman.model.edit import SaveCredential, SaveDefinition, SaveKey
from pointsman.model.entity import Entity
from pointsman.model.ids import ChangeId, EntityId, EntityRef, JobId, OwnerType, UserId
from pointsman.model.write import AddChange, Write
from pointsman.store import open_reader, open_store

PASSWORD = "right-password"
REACHED, OTHER = "pump", "tank"
"""Two objects."""
LINK = "pipe"
"""It joins them."""
DISCOVERY = "serial 7"
JOBS = {REACHED: JobId("018bcfe5-6800-7000-8000-00000000000a"), LINK: JobId("018bcfe5-6800-7000-8000-00000000000b")}
CHANGES = {
    REACHED: ChangeId("018bcfe5-6800-7000-8000-00000000000c"),
    LINK: ChangeId("018bcfe5-6800-7000-8000-00000000000d"),
}

ALL_BUT: Mapping[str, Mapping[str, Any]] = {
    "without the object": {"objectPermissions": {"exclude": [REACHED]}},
    "without the link": {"linkPermissions": {"exclude": [LINK]}},
    "without the link's target": {"objectPermissions": {"exclude": [OTHER]}},
    "with the link's source alone": {"objectPermissions": {"include": [REACHED]}},
    "with no object": {"objectPermissions": {"include": []}},
}
"""Users with all permissions who do not reach everything."""


class Rig:
    """The app's doors, and the keys of users. `ask` gives the status of a request."""

    def __init__(self, directory: Path) -> None:
        self.url = f"sqlite:///{directory}/jobs.db"
        self._now, self._new_id = SystemClock().now(), Uuid7()
        self.tokens: dict[str, str] = {}
        self._writes: list[Write] = []
        self._people()
        self._things()
        self._store = open_store(self.url, session="test")
        with self._store.begin() as unit:
            unit.apply(self._writes)
        self._reader = open_reader(self.url)
        self.services = services(self._reader, catalog())
        self.app = mirror(self.services)
        self._runner = asyncio.Runner()

    def ask(self, method: str, path: str, **headers: str) -> tuple[int, Any]:
        """The status and what was said. Nobody is remembered from the request before."""
        self.app.state.door = Door(self.services)
        return self._runner.run(call(self.app, method, path, headers))

    def ask_as(self, user: str, method: str, path: str) -> tuple[int, Any]:
        """The same, with a token of that user's."""
        return self.ask(method, path, authorization=f"Bearer {self.tokens[user]}")

    def close(self) -> None:
        """End all that was begun."""
        self._runner.close()
        self._reader.close()
        self._store.close()

    def _people(self) -> None:
        self._user("nothing", [])
        for permission in Permission:
            self._user(permission, [permission])
        self._user("everything", EVERYTHING)
        self._user("by group", [], groups=["all", "gone"])
        for name, document in ALL_BUT.items():
            self._user(name, EVERYTHING, **document)
        self._writes.append(self._definition(Kind.GROUP, "all", {"name": "All", "permissions": sorted(EVERYTHING)}))
        self.tokens["expired"] = self._key("everything", KeyKind.TOKEN, expires=self._now - 1)
        self.tokens["gone"] = self._key("gone", KeyKind.TOKEN)
        self.session = self._key("everything", KeyKind.SESSION, expires=self._now + 3_600_000)
        self.old_session = self._key("everything", KeyKind.SESSION, expires=self._now - 1)

    def _user(self, id_: str, permissions: Iterable[str], **document: Any) -> None:
        whole = {"login": f"login of {id_}", "permissions": sorted(permissions), **document}
        self._writes += [self._definition(Kind.USER, id_, whole), SaveCredential(UserId(id_), cheap(PASSWORD), self._now)]
        self.tokens[id_] = self._key(id_, KeyKind.TOKEN)

    def _key(self, user: str, kind: KeyKind, expires: int | None = None) -> str:
        text = new_key(kind)
        id_ = self._new_id(self._now)
        made = AccessKey(id=id_, digest=digest_of(text), user=UserId(user), kind=kind, created=0, expires=expires)
        self._writes.append(SaveKey(made))
        return text

    def _things(self) -> None:
        self._writes.append(self._definition(Kind.OBJECT, REACHED, {"name": "Pump", "discovery_id": DISCOVERY}))
        for kind, id_ in ((OwnerType.OBJECT, REACHED), (OwnerType.LINK, LINK)):
            ref = EntityRef(kind, EntityId(id_))
            self._writes.append(AddChange(replace(a_change(ref), id=CHANGES[id_])))
            self._writes.append(queued(replace(a_job(ref), id=JOBS[id_])))

    def _definition(self, kind: Kind, id_: str, document: Mapping[str, Any]) -> SaveDefinition:
        return SaveDefinition(Definition(kind=kind, id=id_, origin=Origin.STORE, document={"id": id_, **document}))


def cheap(password: str) -> str:
    """A digest that costs next to nothing: what it costs is written in it."""
    key = scrypt(password.encode(), salt=b"salt", n=16, r=1, p=1, dklen=32)
    return f"$scrypt$ln=4,r=1,p=1$c2FsdA${b64encode(key).decode().rstrip('=')}"


def basic(login: str, password: str) -> str:
    """The header of Basic authentication."""
    return f"Basic {b64encode(f'{login}:{password}'.encode()).decode()}"


def catalog() -> Catalog:
    """Two objects, and a link that joins them."""
    objects = [Entity(ref=EntityRef(OwnerType.OBJECT, EntityId(id_)), name=id_) for id_ in (REACHED, OTHER)]
    link = Entity(ref=EntityRef(OwnerType.LINK, EntityId(LINK)), name=LINK, source=EntityId(REACHED), target=EntityId(OTHER))
    return build_catalog(entities=[*objects, link])


def services(reader: Any, known: Catalog) -> Services:
    """What routes are given, without an engine behind."""
    nothing: Any = None
    return Services(
        intake=Inbox(),
        reader=reader,
        catalog=lambda: known,
        clock=SystemClock(),
        new_id=Uuid7(),
        log=structlog.wrap_logger(structlog.ReturnLogger()),
        health=lambda: {"alive": True, "ready": True},
        about={},
        explaining=nothing,
        simulate=nothing,
    )


def routes() -> list[APIRoute]:
    """Every route of the real app. Fails for one that is not behind the door."""
    found = []
    for route in [route for router in ROUTERS for route in router.routes]:
        assert isinstance(route, Guarded), f"{route} is not behind the door: give its router route_class=Guarded"
        found.append(route)
    return found


def mirror(given: Services) -> FastAPI:
    """An app with the same doors and nothing behind them."""

    async def through() -> Response:
        return Response(status_code=204)

    app, router = FastAPI(openapi_url=None, docs_url=None, redoc_url=None), APIRouter(route_class=Guarded)
    for route in routes():
        router.add_api_route(route.path_format, through, methods=sorted(route.methods or ()))
    app.include_router(router)
    app.state.services = given
    install(app)
    return app


async def call(app: ASGIApp, method: str, address: str, headers: Mapping[str, str]) -> tuple[int, Any]:
    """One request without a body, as a server hands it to an app (ASGI, *HTTP & WebSocket*)."""
    path, _, query = address.partition("?")
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    named = {"host": "testserver", **{name.replace("_", "-"): text for name, text in headers.items()}}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.encode(), text.encode()) for name, text in named.items()],
        "client": ("192.0.2.1", 1234),
        "server": ("testserver", 80),
    }
    await app(scope, receive, send)
    body = b"".join([message.get("body", b"") for message in sent[1:]])
    return sent[0]["status"], json.loads(body) if body else None


@contextmanager
def rigged(directory: Path) -> Iterator[Rig]:
    """For as long as the block lasts."""
    rig = Rig(directory)
    try:
        yield rig
    finally:
        rig.close()
