"""Edits of definitions: whether they may be made, and what follows from them at once (reference: *REST API*).

A document was built before it comes here, beside the catalog that there is; so what it names exists. What is asked here is what
the document alone cannot tell: who manages the definition, which version it has, what else needs it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from pointsman.core.admit import call_off
from pointsman.core.answer import answers
from pointsman.core.in_use import in_use, unsettled
from pointsman.core.outcome import take_up
from pointsman.core.renamed import by_id, owners_naming
from pointsman.core.schedule import arm_schedules, is_scheduled
from pointsman.core.silence import arm
from pointsman.core.taken import retyped, taken
from pointsman.core.world import NOTHING, Decision, NewId, World, joined
from pointsman.model.catalog import Catalog, Defined, Resolved
from pointsman.model.command import EditCatalog, RejectReason
from pointsman.model.definition import Definition, Kind, Misfit, Origin
from pointsman.model.edit import DropKeys, ForgetEntity, RemoveDefinition, SaveCredential, SaveDefinition
from pointsman.model.effect import Effect
from pointsman.model.entity import Class, Entity
from pointsman.model.ids import ClassId, EntityId, EntityRef, OwnerType, ScriptId, StateId, UserId
from pointsman.model.json import Json
from pointsman.model.state import State
from pointsman.model.write import AddAudit, Write

OF_ENTITIES = {Kind.OBJECT: OwnerType.OBJECT, Kind.LINK: OwnerType.LINK}
_KINDS = {OwnerType.OBJECT: Kind.OBJECT, OwnerType.LINK: Kind.LINK}
_SECRET = "password"  # noqa: S105 a word
"""No document keeps it, whoever sent it."""

Refusal: TypeAlias = tuple[RejectReason, str]


def edit(world: World, command: EditCatalog, at: int, new_id: NewId) -> Decision:
    """A definition is made, changed or removed; or the edit is refused, and nothing is."""
    before = world.definitions.get((command.kind, command.id))
    refusal = _is_not_to_be_had(command, before)
    if refusal is None and command.document is None:
        refusal = _needed(world, command)
    elif refusal is None:
        refusal = _unfit(world, command, before)
    if refusal is not None:
        return _refused(command, refusal, before)
    if command.document is None:
        return _remove(world, command, at, new_id)
    return _set(world, command, before, at, new_id)


def present(catalog: Catalog, kind: Kind, id_: str) -> Defined | None:
    """What the catalog has under that kind and id."""
    match kind:
        case Kind.STATE:
            return catalog.states.get(StateId(id_))
        case Kind.CLASS:
            return catalog.classes.get(ClassId(id_))
        case Kind.SCRIPT:
            return catalog.scripts.get(ScriptId(id_))
        case Kind.OBJECT | Kind.LINK:
            resolved = catalog.entity(EntityRef(OF_ENTITIES[kind], EntityId(id_)))
            return None if resolved is None else resolved.entity
    return None


# Whether it may be made


def _is_not_to_be_had(command: EditCatalog, before: Definition | None) -> Refusal | None:
    what = f"{command.kind} {command.id}"
    if before is None:
        if command.expected or command.document is None:
            return RejectReason.UNKNOWN_DEFINITION, f"there is no {what}"
        return None
    if before.origin is Origin.FILE:
        detail = f"the configuration file defines {what}, and nothing else may change it: edit the file"
        return RejectReason.FROM_FILE, detail
    if command.expected == 0:
        return RejectReason.EXISTS, f"there is a {what} already"
    if command.expected is not None and command.expected != before.version:
        detail = f"expected version {command.expected} of {what}, found {before.version}: it was changed meanwhile; read it again"
        return RejectReason.CONFLICT, detail
    return None


def _unfit(world: World, command: EditCatalog, before: Definition | None) -> Refusal | None:
    built = command.built
    if built is None or isinstance(built, Misfit):
        return RejectReason.BAD_DEFINITION, str(built or "expected a document that was built, found one that was not")
    if (clash := taken(world, command, built)) is not None:
        return RejectReason.EXISTS, clash
    old = present(world.catalog, command.kind, command.id)
    if isinstance(built, Class | Entity) and isinstance(old, Class | Entity) and (fault := retyped(old, built)) is not None:
        return RejectReason.BAD_DEFINITION, fault
    needed = unsettled(world, command, built)
    return None if needed is None else (RejectReason.IN_USE, needed)


def _needed(world: World, command: EditCatalog) -> Refusal | None:
    needed = in_use(world, command.kind, command.id)
    return None if needed is None else (RejectReason.IN_USE, f"{command.kind} {command.id} cannot be removed: {needed}")


def _refused(command: EditCatalog, refusal: Refusal, before: Definition | None) -> Decision:
    reason, detail = refusal
    more: dict[str, Json] = {} if before is None else {"version": before.version}
    if reason is RejectReason.BAD_DEFINITION and isinstance(command.built, Misfit):
        more["faults"] = command.built.faults
    return Decision((), answers(command.reply, {"error": detail, "reason": reason.value, **more}))


# What follows


def _set(world: World, command: EditCatalog, before: Definition | None, at: int, new_id: NewId) -> Decision:
    built = command.built
    document = {key: value for key, value in (command.document or {}).items() if key != _SECRET or command.kind is not Kind.USER}
    took = (
        NOTHING
        if not isinstance(built, Defined)
        else _took_effect(world, world.catalog.with_definitions(built), built, at, new_id)
    )
    if before is not None and command.secret is None and _text(document) == _text(before.document):
        return joined(Decision((), answers(command.reply, {"id": command.id, "version": before.version})), took)
    after = Definition(
        kind=command.kind,
        id=command.id,
        origin=Origin.STORE,
        document=document,
        version=1 if before is None else before.version + 1,
        created=at if before is None else before.created,
        updated=at,
        owner=command.by if before is None else before.owner,
    )
    writes: list[Write] = [SaveDefinition(after), _audit(command, "catalog.set", before, document, at, new_id)]
    if isinstance(built, State) and (old := world.catalog.states.get(built.id)) is not None and old.name != built.name:
        writes += _in_words_of(world, old, command, at, new_id)
    if command.secret is not None:
        user = UserId(command.id)
        writes += [SaveCredential(user, command.secret, at), DropKeys(user), _audit_secret(command, at, new_id)]
    answer = answers(command.reply, {"id": command.id, "version": after.version})
    return joined(Decision(tuple(writes), answer), took)


def _in_words_of(world: World, old: State, command: EditCatalog, at: int, new_id: NewId) -> Iterator[Write]:
    """What users have made names a state by its id once its name is another one."""
    for key in owners_naming(world.catalog, old.id):
        before = world.definitions.get(key)
        if before is not None and before.origin is Origin.STORE:
            document = by_id(before.document, old)
            if _text(document) != _text(before.document):
                yield SaveDefinition(replace(before, document=document, version=before.version + 1, updated=at))
                mine = replace(command, kind=key[0], id=key[1])
                yield _audit(mine, "catalog.set", before, document, at, new_id)


def _remove(world: World, command: EditCatalog, at: int, new_id: NewId) -> Decision:
    """It is gone, and an object's links with it."""
    gone = [(command.kind, command.id)]
    if command.kind is Kind.OBJECT:
        ends = world.catalog.ending_at(EntityRef(OwnerType.OBJECT, EntityId(command.id)))
        gone = [*[(_KINDS[each.entity.ref.kind], str(each.entity.ref.id)) for each in ends], *gone]
    writes: list[Write] = []
    effects: list[Effect] = []
    for key in gone:
        before = world.definitions.get(key)
        writes += [
            RemoveDefinition(key),
            _audit(replace(command, kind=key[0], id=key[1]), "catalog.remove", before, None, at, new_id),
        ]
        if key[0] in OF_ENTITIES:
            ref = EntityRef(OF_ENTITIES[key[0]], EntityId(key[1]))
            _end_waiting(world, ref, command.by, at, writes, effects)
            writes.append(ForgetEntity(ref))
    if command.kind is Kind.USER:
        writes += [SaveCredential(UserId(command.id), None, at), DropKeys(UserId(command.id))]
    there = [each for key in gone if (each := present(world.catalog, *key)) is not None]
    catalog = world.catalog.without(*there) if there else world.catalog
    version = world.definitions[command.kind, command.id].version
    removed: list[Json] = [{"kind": kind, "id": id_} for kind, id_ in gone]
    effects += answers(command.reply, {"id": command.id, "version": version, "removed": removed})
    stranded = take_up(replace(world, catalog=catalog)) if there else NOTHING
    return joined(Decision(tuple(writes), tuple(effects), catalog=catalog), stranded)


def _end_waiting(world: World, entity: EntityRef, by: UserId, at: int, writes: list[Write], effects: list[Effect]) -> None:
    """Jobs that wait are called off: what would wake them goes with the entity. What is carried out already goes on."""
    for brief in tuple(world.standing.underway.of_entity(entity)):
        job = world.jobs.get(brief.id)
        if job is not None and job.waits is not None and not job.status.final:
            call_off(job, at, f"{by} removed {entity}", writes, effects)


def _took_effect(world: World, catalog: Catalog, built: Defined, at: int, new_id: NewId) -> Decision:
    """The catalog is this one now: what keeps time by itself is set anew where it is concerned, and turns that waited may have
    come. Holds of triggers that are gone end when their time comes, as after an edit of the file."""
    after = replace(world, catalog=catalog)
    pairs = _concerned(world.catalog, catalog, built)
    scheduled = [new for old, new in pairs if is_scheduled(new) or (old is not None and is_scheduled(old))]
    silent = [(old, new) for old, new in pairs if (None if old is None else old.silence) != new.silence]
    return joined(
        Decision(catalog=catalog),
        arm_schedules(after, at, new_id, scheduled),
        arm(after, at, new_id, [new for _, new in silent]),
        take_up(after),
    )


def _concerned(before: Catalog, after: Catalog, built: Defined) -> list[tuple[Resolved | None, Resolved]]:
    match built:
        case Class(id=class_id):
            heirs = after.of_class(class_id)
        case Entity(ref=ref):
            heirs = [each for each in (after.entity(ref),) if each is not None]
        case _:
            return []
    return [(before.entity(each.entity.ref), each) for each in heirs]


def _audit(
    command: EditCatalog, action: str, before: Definition | None, after: Mapping[str, Json] | None, at: int, new_id: NewId
) -> AddAudit:
    return AddAudit(
        id=new_id(at),
        at=at,
        actor=command.by,
        action=action,
        subject=f"{command.kind} {command.id}",
        before=None if before is None else _text(before.document),
        after=None if after is None else _text(after),
    )


def _audit_secret(command: EditCatalog, at: int, new_id: NewId) -> AddAudit:
    return AddAudit(id=new_id(at), at=at, actor=command.by, action="password.set", subject=f"{command.kind} {command.id}")


def _text(document: Mapping[str, Json]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=dict)
