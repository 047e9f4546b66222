"""Whatever is sent, the answer is one that the OpenAPI document tells of: its status, its type, its form; and none is a defect.

Schemathesis makes requests from the document, right ones and wrong ones, as every kind of user. So that they meet something, what
stands in paths is often the id of something that there is. Streams have tests of their own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from pointsman.http.app import openapi_document
from pointsman.model.access import EVERYTHING
from servers.api import Site

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = int(os.environ.get("POINTSMAN_TEST_SCHEMATHESIS_EXAMPLES", "2"))
"""For each call, as each kind of user: of right requests, and as many of wrong ones."""
ROLES: Mapping[str, frozenset[str] | None] = {
    "nobody": None,
    "reader": frozenset(),
    "operator": frozenset({"execute-operations"}),
    "editor": frozenset({"manage-objects", "manage-links", "modify-classes", "manage-properties", "manage-operations"}),
    "admin": frozenset(EVERYTHING),
}
SCHEMA = schemathesis.openapi.from_dict(json.loads(json.dumps(openapi_document())))
STREAMS = "text/event-stream"
PATIENCE = 20


def _is_stream(operation: Any) -> bool:
    answers = operation.definition.raw["responses"].values()
    return any(STREAMS in answer.get("content", {}) for answer in answers)


def _order(operation: Any) -> tuple[bool, str, str]:
    """What removes something comes last."""
    return operation.method.lower() == "delete", operation.path, operation.method


CALLS = sorted([each.ok() for each in SCHEMA.get_all_operations()], key=_order)


class Plant:
    """One of everything, and a user of one kind."""

    def __init__(self, site: Site, role: str) -> None:
        self.site, self.role = site, role
        self.ids = _fill(site, role)
        permissions = ROLES[role]
        self.headers: dict[str, str] = {}
        if permissions is not None:
            user = site.call("POST", "/node/api/users", {"login": f"the-{role}", "permissions": sorted(permissions)})
            token = site.call("POST", f"/api/v1/users/{user['id']}/tokens", {"name": "schemathesis"})["token"]
            self.headers["Authorization"] = f"Bearer {token}"

    @property
    def least(self) -> float:
        """The part of all calls that should be answered yes at least once: else the requests meet nothing, and prove nothing."""
        return {"nobody": 0.0, "reader": 0.15, "operator": 0.15, "editor": 0.3, "admin": 0.5}[self.role]

    def lets_in(self) -> bool:
        """Whether the user still is who they were."""
        answer = requests.get(f"{self.site.url}/node/api/users/current", headers=self.headers, timeout=PATIENCE)
        return answer.ok == bool(self.headers)


def _fill(site: Site, role: str) -> Mapping[str, list[str]]:
    """Ids of what is made for a role, by what they are ids of in a path."""

    def make(path: str, body: Any) -> str:
        return str(site.call("POST", f"/node/api{path}", body)["id"])

    publish = {"type": "1", "parameters": {"topic": "plant/{{id}}", "message": "{{name}}"}}
    pump = make("/classes", {"id": f"{role}-pump", "name": "Pump", "operations": [{"id": "set", **publish}]})
    objects = [make("/objects", {"id": f"{role}-{number}", "name": "O", "class_id": pump}) for number in range(3)]
    links = [
        make(
            "/links", {"id": f"{role}-link", "source": objects[0], "target": objects[1], "operations": [{"id": "set", **publish}]}
        )
    ]
    jobs = [site.call("POST", f"/node/api/objects/{each}/operations/set/execute") for each in objects]
    for each in objects:
        site.call("PUT", f"/node/api/objects/{each}/state", {"state_id": 5})
        make(f"/objects/{each}/props", {"name": "Setpoint", "value": 1, "type_id": 3})
    group = make("/user-groups", {"id": f"{role}-group", "name": f"G {role}"})
    return {
        "objects": objects,
        "links": links,
        "entities": [*objects, *links],
        "classes": [pump],
        "scripts": [make("/scripts", {"id": f"{role}-script", "name": "S", "text": "echo"})],
        "states": [make("/states", {"id": f"{role}-state", "name": f"Odd for {role}"}), "5"],
        "users": [make("/users", {"login": f"victim-{role}"})],
        "user-groups": [group],
        "groups": [group],
        "jobs": jobs,
        "history": [each["id"] for each in site.call("GET", f"/api/v1/history?entity={objects[0]}")["items"]],
        "op": ["set"],
        "prop": ["Setpoint"],
    }


@pytest.fixture(scope="module")
def requests_made() -> Mapping[str, list[Any]]:
    """For each call right requests and wrong ones: the same for every kind of user, since making them takes longest."""
    return {operation.label: list(_made(operation)) for operation in CALLS if not _is_stream(operation)}


def _made(operation: Any) -> Iterator[Any]:
    yield from _drawn(operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE))
    if list(operation.iter_parameters()) or operation.body:  # a call that takes nothing cannot be asked wrongly
        yield from _drawn(operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE))


def _drawn(strategy: Any) -> list[Any]:
    found: list[Any] = []

    @seed(4)
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck)
    )
    @given(case=strategy)
    def collect(case: Any) -> None:
        found.append(case)

    collect()
    return found


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("role", ROLES)
def test_every_answer_is_one_that_the_document_tells_of(site: Site, requests_made: Mapping[str, list[Any]], role: str) -> None:
    plant = Plant(site, role)
    faults: list[str] = []
    succeeded = 0
    for number, (label, cases) in enumerate(requests_made.items()):
        statuses = [_asked(plant, case, number + turn, faults) for turn, case in enumerate(cases)]
        succeeded += any(status < 300 for status in statuses)
        assert statuses, label
    assert faults == [], f"{len(faults)} requests:\n" + "\n\n".join(faults)
    assert plant.lets_in(), "what was sent has changed who sends it"
    assert succeeded >= plant.least * len(requests_made), f"only {succeeded} of {len(requests_made)} calls were ever answered yes"


def _asked(plant: Plant, case: Any, number: int, faults: list[str]) -> int:
    """The status of the answer. What is wrong with it is added to the faults."""
    given, query = dict(case.path_parameters or {}), case.query or {}
    if number % 3:  # two of three requests are about something that there is
        for name in given:
            if known := plant.ids.get(name) or plant.ids.get(_collection(case.operation.path)):
                case.path_parameters[name] = known[number % len(known)]
    query.pop("fields", None)  # an answer of which only some fields are wanted is not the whole form
    if "wait" in query:
        query["wait"] = "0"
    answer = case.call(base_url=plant.site.url, headers=plant.headers, timeout=PATIENCE)
    try:
        case.validate_response(answer, checks=CHECKS)
    except (Exception, BaseExceptionGroup) as fault:  # whatever Schemathesis raises says what it found
        inner = getattr(fault, "exceptions", ())
        log = plant.site.worker.log[-3000:] if answer.status_code >= 500 else ""
        faults.append("\n".join([f"{case.operation.label}: {fault}", *map(str, inner), log])[:6000])
    finally:
        (case.path_parameters or {}).update(given)
    return int(answer.status_code)


def _collection(path: str) -> str:
    parts = path.split("/")
    return parts[3] if len(parts) > 3 else ""
