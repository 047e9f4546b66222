"""Reads what a request for a manual state says: JSON × catalog → a command, or why none (reference: *Manual state*). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pointsman.model.catalog import Catalog
from pointsman.model.command import RejectReason, Reply, SetManual
from pointsman.model.ids import MQTT_USER, EntityRef, StateId
from pointsman.model.json import Json
from pointsman.mqtt.reading import Unfit, bad_request, excerpt

FIELDS = ("stateId", "reason", "since", "until", "clear", "clearedByStateId")


def read_manual(body: Json, entity: EntityRef, catalog: Catalog, *, topic: str, reply: Reply) -> SetManual:
    """The command. States are ids or names, times ms since the Unix epoch, both as number or text; `clear` goes before all else.

    Raises Unfit.
    """
    if not isinstance(body, Mapping):
        raise bad_request(f"a JSON object with {', '.join(FIELDS)}", body)
    unknown = next((name for name in body if name not in FIELDS), None)
    if unknown is not None:
        raise bad_request(f"the fields {', '.join(FIELDS)}", unknown)
    clear = body.get("clear")
    if not isinstance(clear, bool | None):
        raise bad_request("clear to be true or false", clear)
    reason = body.get("reason")
    if not isinstance(reason, str | None):
        raise bad_request("reason to be text", reason)
    if not clear and body.get("stateId") is None:
        raise bad_request("stateId, or clear to be true", "neither")
    cleared_by = _listed(body.get("clearedByStateId"))
    return SetManual(
        entity=entity,
        by=MQTT_USER,
        state=None if clear else _state(body["stateId"], catalog),
        reason=reason or "",
        since=_time("since", body.get("since")),
        until=_time("until", body.get("until")),
        cleared_by=frozenset([_state(each, catalog) for each in cleared_by]),
        topic=topic,
        reply=reply,
    )


def _state(value: Json, catalog: Catalog) -> StateId:
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise bad_request("a state's id or name", value)
    state = catalog.state(str(value))
    if state is None:
        raise Unfit(RejectReason.UNKNOWN_STATE, f"no state is declared with the id or name {excerpt(value)}")
    return state.id


def _listed(value: Json) -> Sequence[Json]:
    if value is None:
        return ()
    return value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)


def _time(name: str, value: Json) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 15:
        return int(value)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**15):
        return value
    raise bad_request(f"{name} in ms since the Unix epoch", value)
