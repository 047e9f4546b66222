"""Whatever is edited in whatever order, the worker goes on as one that starts now with the documents as they then are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.engine.loading import with_stored
from pointsman.model.catalog import Catalog
from pointsman.model.command import Command, EditCatalog, Execute, ReportState
from pointsman.model.definition import Kind
from pointsman.model.ids import EntityRef, OperationId, StateId, UserId
from pointsman.model.timer import TimerKind
from pointsman.settings.define import define
from unit.engine_rig import Rig
from unit.in_memory import MemoryStore
from unit.world import counting, link, obj, plant

ENTITIES = (obj("o1"), obj("o1"), obj("o1"), obj("o2"), obj("o3"), link("l1"))
OPERATIONS = ("open", "open", "open", "shut")
"""Mostly the same, so that they meet."""


def _operation(id_: str, mode: str | None, every: str | None, script: bool) -> Mapping[str, Any]:
    conduct = {} if mode is None else {"mode": mode}
    schedule = {} if every is None else {"schedule": {"every": every}}
    if script:
        return {"id": f"{id_}-script", "type": "2", "parameters": {"type": "scriptReference", "ref": "s1"}, **conduct, **schedule}
    return {
        "id": id_,
        "type": "1",
        "parameters": {"topic": f"{id_}/{{{{id}}}}", "message": "{{state.id}}"},
        **conduct,
        **schedule,
    }


operations = st.builds(
    _operation,
    st.sampled_from(OPERATIONS),
    st.sampled_from([None, None, "queued", "single"]),
    st.sampled_from([None, None, "10s", "1m"]),
    st.sampled_from([False, False, False, True]),
)
triggers = st.builds(
    lambda operation, state, hold: {
        "states": [state],
        "type": "operation",
        "payload": {"operation": operation},
        **({"duration": hold} if hold else {}),
    },
    st.sampled_from(OPERATIONS),
    st.sampled_from([1, 3, 4, 21]),
    st.sampled_from([0, 0, 5000]),
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "operations": st.lists(operations, max_size=2, unique_by=lambda each: each["id"]),
        "triggers": st.lists(triggers, max_size=2),
        "conditions": st.just([{"state": 4, "condition": {"when": "payload.t > 3"}}]),
        "no_data": st.builds(lambda after: {"after": after, "state": 4}, st.sampled_from(["5s", "1h"])),
        "properties": st.just([{"name": "p", "value": 1, "type_id": 3}]),
    },
)


def _edit(kind: str, ids: list[str], document: st.SearchStrategy[Mapping[str, Any]]) -> st.SearchStrategy[EditCatalog]:
    made = st.one_of(document, document, document, st.none())
    return st.builds(
        lambda id_, body: EditCatalog(kind=Kind(kind), id=id_, document=body, by=UserId("ann")), st.sampled_from(ids), made
    )


classes = st.sampled_from([{}, {"class_id": "c1"}, {"class_id": "c2"}])
ends = st.builds(lambda a, b: {"source": a, "target": b}, *[st.sampled_from(["o1", "o2", "o3"])] * 2)
edits = st.one_of(
    _edit("class", ["c1", "c2"], bodies),
    _edit("object", ["o1", "o1", "o2", "o3"], st.builds(lambda body, of: {**body, **of}, bodies, classes)),
    _edit("link", ["l1"], st.builds(lambda body, of, ends: {**body, **of, **ends}, bodies, classes, ends)),
    _edit("state", ["21", "22"], st.builds(lambda name: {"name": name}, st.sampled_from(["A", "B"]))),
    _edit("script", ["s1"], st.just({"text": "echo"})),
)
messages: st.SearchStrategy[Command] = st.one_of(
    st.builds(
        lambda entity, state: ReportState(entity, StateId(state), "t", b""),
        st.sampled_from(ENTITIES),
        st.sampled_from(["1", "3", "4", "21"]),
    ),
    st.builds(
        lambda entity, operation: Execute(entity=entity, operation=OperationId(operation), user=UserId("ann"), login="Ann"),
        st.sampled_from(ENTITIES),
        st.sampled_from(OPERATIONS),
    ),
)
batches = st.lists(st.lists(st.one_of(edits, edits, messages), min_size=1, max_size=6), min_size=1, max_size=8)


def seen(catalog: Catalog) -> tuple[Any, ...]:
    """All that can be looked up."""
    known = {each.entity.ref: each for each in catalog.entities}
    found = {ref.id: catalog.find(ref.id) for ref in ENTITIES}
    names = {name: catalog.state(name) for name in ("A", "B", "21", "OK")}
    looked_up = {ref: catalog.entity(ref) for ref in known}
    by_class = {id_: {each.entity.ref for each in catalog.of_class(id_)} for id_ in catalog.classes}
    return dict(catalog.states), dict(catalog.classes), dict(catalog.scripts), known, found, names, looked_up, by_class


def armed(rig: Rig) -> Counter[tuple[TimerKind, EntityRef, str, str]]:
    """The timers that keep time by themselves."""
    kinds = (TimerKind.SCHEDULE, TimerKind.SILENCE)
    return Counter(
        (each.kind, each.entity, each.subject, each.detail if each.kind is TimerKind.SCHEDULE else "")
        for each in rig.rows.timers.values()
        if each.kind in kinds
    )


def wanted(catalog: Catalog) -> Counter[tuple[TimerKind, EntityRef, str, str]]:
    """Those that there should be: one for each schedule, one for each entity that must be heard."""
    found: Counter[tuple[TimerKind, EntityRef, str, str]] = Counter()
    for each in catalog.entities:
        ref = each.entity.ref
        for operation in each.operations.values():
            found.update((TimerKind.SCHEDULE, ref, operation.id, schedule.source) for schedule in operation.schedules)
        if each.silence is not None:
            found[TimerKind.SILENCE, ref, "", ""] += 1
    return found


def heeded(rig: Rig) -> set[str]:
    """The open jobs that others heed, or that wait."""
    catalog, underway = rig.engine.catalog, rig.engine._standing.underway
    kept = [job for ref in set(ENTITIES) for job in underway.of_entity(ref)]
    return {job.id for job in kept if job.waits is not None or not catalog.conduct(job.entity, job.operation).is_plain}


def became(rig: Rig, items: list[Command]) -> list[tuple[Any, ...]]:
    """What became of all jobs after these too."""
    rig.settle(*items)
    return [(job.owner, job.operation_id, job.status, job.waits, str(job.description)) for job in rig.jobs]


@settings(max_examples=120, deadline=None)
@given(batches, st.lists(messages, max_size=6))
def test_an_edited_worker_goes_on_as_one_that_starts_with_the_documents(
    sequence: list[list[Command]], later: list[Command]
) -> None:
    rig = Rig(catalog=plant(operations=(), triggers=()))
    rig.settle()
    for batch in sequence:
        rig.settle(*batch)
        anew, lost = with_stored(plant(operations=(), triggers=()), rig.rows.definitions.values(), define)
        assert not lost, "an edit that was taken does not build any more"
        assert seen(rig.engine.catalog) == seen(anew)
        assert armed(rig) == wanted(anew)
        assert not [entry for entry in rig.logged if entry["level"] == "error"]
    again = Rig(MemoryStore(deepcopy(rig.rows)), catalog=plant(operations=(), triggers=()), new_id=counting(1_000_000))
    again.step()
    assert heeded(rig) == heeded(again)
    assert became(rig, later) == became(again, later)
