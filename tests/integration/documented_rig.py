"""A client of the kind that was published for the platform, and the worker that it finds: the documented API, over HTTP.

The client takes any answer with a field `code` at its top for a failure, waits three seconds at most, and demands of an object
every array and every integer.
"""

from __future__ import annotations

from typing import Any

import pytest
import requests
from pydantic import BaseModel, ConfigDict, StrictBool, StrictInt, StrictStr, TypeAdapter

ADMIN, PASSWORD = "admin", "correct horse battery"
TIMEOUT = 3
"""Seconds."""

CONFIGURATION = """
intake:
  - {topic: "devices/+/+", entity: "{1}", property: "{2}", value: "$"}
scripts:
  - {id: greet, text: "#!/bin/sh\\necho hello"}
classes:
  - id: 29
    name: Pump
    description: Moves water
    operations:
      - {id: stop, name: Stop, description: Stops it, type: 1, parameters: {topic: "plant/{{id}}/set", message: "{{args.how}}"}}
      - {id: told, name: Told, type: 1, runOnReadWritePropertyModification: true,
         parameters: {topic: "plant/{{id}}/told", message: "{{args.property}}={{args.value}} was {{args.previous}}"}}
    triggers:
      - {states: [5], operation: stop, every: 2h}
    properties:
      - {name: level, value: 1, type_id: 3}
      - {name: site, value: north}
objects:
  - {id: filed, name: Filed pump, class: 29}
  - {id: valued, class: 29}
  - {id: other}
links:
  - {id: pipe, source: filed, target: other,
     operations: [{id: flush, type: 1, parameters: {topic: "plant/{{id}}/flush", message: x}}]}
"""
"""What the file defines. The states are the built-in ones."""

MANY = [f"many-{n:04}" for n in range(1_203)]
"""Links that the file defines, too of the file: more than are read at once."""


TRIGGERS: list[dict[str, Any]] = [
    {"states": [5, "3"], "type": "operation", "payload": {"operation": "stop"}},
    {
        "states": [4],
        "type": "operation",
        "payload": {"operation": "stop"},
        "duration": 60_000,
        "periodicity": {"value": 2, "unit": "hours"},
    },
    {"states": [8], "type": "script", "payload": {"execPath": "/bin/echo", "args": ["{{name}}", "x"]}},
    {"states": [6], "type": "email", "payload": {"to": ["a@example.org"], "subject": None, "code": 7}, "extra": {"deep": [1.5]}},
    {"states": [6], "type": "sms", "payload": {"phone": "+1"}},
    {"states": [6], "type": "voice", "payload": "call"},
]
"""State triggers of every kind, those that are only kept among them."""

CONDITIONS: list[dict[str, Any]] = [
    {"condition": {"when": "payload.t > 80"}, "state": 5},
    {"condition": {"value": "$.t", "above": 60, "hysteresis": 2.5}, "state": "4"},
    {"condition": {}, "state": "Working"},
]


class Failure(Exception):
    """The client's word for an answer that is no success."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status}: {body}")
        self.status, self.body = status, body

    @property
    def code(self) -> str:
        """What the answer has for programs."""
        return str(self.body["code"])


class PlatformProperty(BaseModel):
    """A property, as the client demands it."""

    id: StrictStr
    name: StrictStr
    value: Any
    type_id: StrictInt
    owner_id: StrictStr
    owner_type: StrictInt


class PlatformOperation(BaseModel):
    """An operation, as the client demands it."""

    model_config = ConfigDict(extra="allow")

    id: StrictStr
    name: StrictStr
    description: StrictStr
    type: StrictInt
    popupResult: StrictBool  # noqa: N815 the platform's name
    runOnReadWritePropertyModification: StrictBool  # noqa: N815
    parameters: dict[str, Any]


class PlatformObject(BaseModel):
    """An object, as the client demands it: no array and no integer may be missing."""

    id: StrictStr
    name: StrictStr
    class_id: StrictInt | StrictStr
    state_id: StrictInt | StrictStr
    last_state_update: StrictInt
    created: StrictInt
    updated: StrictInt
    weight: StrictInt
    entityType: StrictInt  # noqa: N815
    version: StrictInt
    owner_id: StrictStr
    discovery_id: StrictStr
    client_data: StrictStr
    mute_alert: StrictBool
    manual_state: dict[str, Any] | None
    parent_id: list[StrictStr]
    child_ids: list[StrictStr]
    child_link_ids: list[StrictStr]
    child_ref_ids: list[StrictStr]
    properties: list[PlatformProperty]
    operations: list[PlatformOperation]
    tags: list[Any]
    geoposition: list[float]

    def property(self, name: str) -> PlatformProperty:
        """The property of that name."""
        return next(each for each in self.properties if each.name == name)


class Platform:
    """The client. `seen` is every call that it made, as method and path with `:` before what is a parameter."""

    def __init__(self, address: str, login: str = ADMIN, password: str = PASSWORD) -> None:
        self.address = address
        self._base = f"{address}/node/api"
        self._session = requests.Session()
        self.auth = self._session.auth = (login, password)

    def call(self, method: str, path: str, body: Any = ..., **more: Any) -> Any:
        """The answer's body; None for an empty one. Raises Failure."""
        if body is not ...:
            more["json"] = body
        answer = self._session.request(method, self._base + path, timeout=TIMEOUT, **more)
        found = answer.json() if answer.content else None
        if isinstance(found, dict) and "code" in found:
            raise Failure(answer.status_code, found)
        assert answer.status_code in (200, 204), (answer.status_code, found)
        assert (found is None) is (answer.status_code == 204)
        return found

    def get(self, path: str) -> Any:
        """What is there."""
        return self.call("GET", path)

    def object(self, id_: str) -> PlatformObject:
        """An object."""
        told = self.get(f"/objects/{id_}")
        return PlatformObject.model_validate({**told, "version": told["_version"]})

    def refused(self, method: str, path: str, body: Any = ...) -> tuple[int, str]:
        """Status and code of a call that must fail."""
        with pytest.raises(Failure) as failed:
            self.call(method, path, body)
        failure = failed.value
        assert set(failure.body) == {"code", "message"}
        assert failure.body["message"]
        return failure.status, failure.code


def is_of(shape: Any, value: Any) -> Any:
    """The value, once it is exactly of the shape."""
    TypeAdapter(shape).validate_python(value, strict=True)
    return value


def known(platform: Platform, login: str, **rights: Any) -> Platform:
    """The client of another user, with these rights."""
    platform.call("POST", "/users", {"login": login, "password": f"password of {login}", **rights})
    return Platform(platform.address, login, f"password of {login}")
