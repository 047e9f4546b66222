"""Whatever is sent, the answer is one that the OpenAPI document tells of: its status, its type, its form; and none is a defect.

Schemathesis makes requests from the document, right ones and wrong ones, as every kind of user. So that they meet something, what
stands in paths is often the id of something that there is. Streams have tests of their own.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from clients.conftest import CONFIGURATION
from pointsman.http.app import openapi_document
from pointsman.model.access import EVERYTHING
from servers.absence import missing
from servers.api import Site, served
from servers.mosquitto import REMEDY, program

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
    """A worker with one of everything, and a user of one kind."""

    def __init__(self, site: Site, role: str) -> None:
        self.site = site
        self.ids: Mapping[str, list[str]] = _fill(site)
        permissions = ROLES[role]
        self.headers: dict[str, str] = {}
        if permissions is not None:
            login = f"the-{role}"
            user = site.call("POST", "/node/api/users", {"login": login, "permissions": sorted(permissions)})
            token = site.call("POST", f"/api/v1/users/{user['id']}/tokens", {"name": "schemathesis"})["token"]
            self.headers["Authorization"] = f"Bearer {token}"

    def lets_in(self) -> bool:
        """Whether the user still is who they were."""
        answer = requests.get(f"{self.site.url}/node/api/users/current", headers=self.headers, timeout=PATIENCE)
        return answer.ok == bool(self.headers)


def _fill(site: Site) -> Mapping[str, list[str]]:
    def make(path: str, body: Any) -> str:
        return str(site.call("POST", f"/node/api{path}", body)["id"])

    publish = {"type": "1", "parameters": {"topic": "plant/{{id}}", "message": "{{name}}"}}
    pump = make("/classes", {"id": "pump", "name": "Pump", "operations": [{"id": "set", **publish}]})
    objects = [make("/objects", {"id": f"o{number}", "name": f"O {number}", "class_id": pump}) for number in range(3)]
    links = [make("/links", {"id": "l1", "source": "o0", "target": "o1"})]
    prop = make("/objects/o0/props", {"name": "Setpoint", "value": 1, "type_id": 3})
    script = make("/scripts", {"id": "s1", "name": "S", "text": "echo"})
    user = make("/users", {"login": "victim"})
    group = make("/user-groups", {"id": "g1", "name": "G"})
    state = make("/states", {"id": 77, "name": "Odd"})
    jobs = [site.call("POST", f"/node/api/objects/{each}/operations/set/execute") for each in objects]
    return {
        "objects": objects,
        "links": links,
        "entities": [*objects, *links],
        "classes": [pump],
        "scripts": [script],
        "states": [state, "5"],
        "users": [user],
        "user-groups": [group],
        "groups": [group],
        "jobs": jobs,
        "op": ["set"],
        "prop": [prop, "Setpoint"],
    }


@pytest.fixture(scope="module", params=ROLES)
def plant(request: pytest.FixtureRequest) -> Iterator[Plant]:
    if program() is None:
        missing("Mosquitto", REMEDY)
    with (
        tempfile.TemporaryDirectory(prefix="pointsman-test-") as directory,
        served(Path(directory), configuration=CONFIGURATION) as site,
    ):
        yield Plant(site, request.param)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_answer_is_one_that_the_document_tells_of(plant: Plant) -> None:
    faults: list[str] = []
    for operation in CALLS:
        if not _is_stream(operation):
            faults += _faults(plant, operation)
    assert faults == [], f"{len(faults)} calls:\n" + "\n\n".join(faults)
    assert plant.lets_in(), "what was sent has changed who sends it"


def _faults(plant: Plant, operation: Any) -> list[str]:
    """What goes wrong with a call first, if anything does."""
    modes = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
    strategy = st.one_of([_cases(plant, operation, mode) for mode in modes if _can(operation, mode)])

    @seed(4)
    @settings(
        max_examples=2 * EXAMPLES,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def ask(case: Any) -> None:
        answer = case.call(base_url=plant.site.url, headers=plant.headers, timeout=PATIENCE)
        case.validate_response(answer, checks=CHECKS)

    try:
        ask()
    except Exception as fault:  # whatever Schemathesis raises says what it found
        return [f"{operation.method.upper()} {operation.path}: {_told(fault)}"]
    return []


def _told(fault: BaseException) -> str:
    inner = getattr(fault, "exceptions", ())
    return "\n".join([str(fault), *[str(each) for each in inner]])[:1500]


def _can(operation: Any, mode: schemathesis.GenerationMode) -> bool:
    """A call that takes nothing cannot be asked wrongly."""
    if mode is schemathesis.GenerationMode.POSITIVE:
        return True
    return bool(list(operation.iter_parameters())) or bool(operation.body)


def _cases(plant: Plant, operation: Any, mode: schemathesis.GenerationMode) -> st.SearchStrategy[Any]:
    """Requests, half of them about something that there is."""

    def place(drawn: tuple[Any, list[int] | None]) -> Any:
        case, which = drawn
        if which is not None:
            for position, name in enumerate(case.path_parameters or {}):
                known = plant.ids.get(name) or plant.ids.get(_collection(operation.path))
                if known:
                    case.path_parameters[name] = known[which[position] % len(known)]
        if case.query:
            case.query.pop("fields", None)  # an answer of which only some fields are wanted is not the whole form
            if "wait" in case.query:
                case.query["wait"] = "0"
        return case

    numbers = st.lists(st.integers(0, 9), min_size=4, max_size=4)
    drawn: st.SearchStrategy[Any] = st.tuples(operation.as_strategy(generation_mode=mode), st.none() | numbers)
    return drawn.map(place)


def _collection(path: str) -> str:
    parts = path.split("/")
    return parts[3] if len(parts) > 3 else ""
