"""Pointsman's own topics and what they mean, both ways. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from pointsman.model.ids import EntityId, EntityRef, JobId, OperationId, OwnerType

_KINDS = {kind.plural: kind for kind in OwnerType}


@dataclass(frozen=True, slots=True)
class StateTopic:
    """`BASE/objects/ID/state`, `BASE/links/ID/state`: a report."""

    entity: EntityRef


@dataclass(frozen=True, slots=True)
class ManualTopic:
    """`BASE/objects/ID/manual-state`, `BASE/links/ID/manual-state`: a request to set the state by hand, or to release it."""

    entity: EntityRef


@dataclass(frozen=True, slots=True)
class ExecuteTopic:
    """`BASE/objects/ID/operations/OP/execute` (links alike): a request to run an operation."""

    entity: EntityRef
    operation: OperationId


@dataclass(frozen=True, slots=True)
class PropertyTopic:
    """`BASE/objects/ID/properties/NAME/set` (links alike): a request to set a property."""

    entity: EntityRef
    name: str


@dataclass(frozen=True, slots=True)
class ResultTopic:
    """`BASE/jobs/ID/results`: a custom result."""

    job: JobId


@dataclass(frozen=True, slots=True)
class CancelTopic:
    """`BASE/jobs/ID/cancel`: a request to call a job off."""

    job: JobId


OwnTopic: TypeAlias = StateTopic | ManualTopic | ExecuteTopic | PropertyTopic | ResultTopic | CancelTopic


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one worker: `base` is the setting `mqtt.base_topic`, `node` is `node.id`."""

    base: str
    node: str

    @property
    def status(self) -> str:
        """Plain `online` or `offline`, retained; the will."""
        return f"{self.base}/{self.node}/state"

    @property
    def info(self) -> str:
        """Version, start, counts; retained."""
        return f"{self.base}/{self.node}/info"

    @property
    def health(self) -> str:
        """The verdict on the worker's health; retained."""
        return f"{self.base}/{self.node}/health"

    def job(self, job: JobId) -> str:
        """Where a job is announced."""
        return f"{self.base}/jobs/{job}"

    def results(self, job: JobId) -> str:
        """Where a job's custom results are taken."""
        return f"{self.base}/jobs/{job}/results"

    def cancel(self, job: JobId) -> str:
        """Where a request to call a job off is taken."""
        return f"{self.base}/jobs/{job}/cancel"

    @property
    def jobs(self) -> str:
        """The filter for the announcements of all jobs."""
        return f"{self.base}/jobs/+"

    def state(self, entity: EntityRef) -> str:
        """Where reports on an entity are taken."""
        return f"{self.base}/{entity.kind.plural}/{entity.id}/state"

    def execute(self, entity: EntityRef, operation: OperationId) -> str:
        """Where a request to run an operation is taken."""
        return f"{self.base}/{entity.kind.plural}/{entity.id}/operations/{operation}/execute"

    def manual(self, entity: EntityRef) -> str:
        """Where a request for a manual state is taken."""
        return f"{self.base}/{entity.kind.plural}/{entity.id}/manual-state"

    def set_property(self, entity: EntityRef, name: str) -> str:
        """Where a request to set a property is taken; no topic when its name is no level of one."""
        return f"{self.base}/{entity.kind.plural}/{entity.id}/properties/{name}/set"

    def response(self, client_id: str) -> str:
        """Where a client of ours waits for answers (MQTT 5 §4.10)."""
        return f"{self.base}/response/{client_id}"

    @property
    def filters(self) -> tuple[str, ...]:
        """What a worker subscribes to for itself."""
        kinds = [f"{self.base}/{kind.plural}/+/" for kind in OwnerType]
        return (
            *[f"{kind}state" for kind in kinds],
            *[f"{kind}manual-state" for kind in kinds],
            *[f"{kind}operations/+/execute" for kind in kinds],
            *[f"{kind}properties/+/set" for kind in kinds],
            f"{self.base}/jobs/+/results",
            f"{self.base}/jobs/+/cancel",
        )

    def read(self, topic: str) -> OwnTopic | None:
        """What a topic means, when it is one of ours that is listened to."""
        if not topic.startswith(self.base + "/"):
            return None
        match topic[len(self.base) + 1 :].split("/"):
            case [("objects" | "links") as kind, entity, "state"]:
                return StateTopic(EntityRef(_KINDS[kind], EntityId(entity)))
            case [("objects" | "links") as kind, entity, "manual-state"]:
                return ManualTopic(EntityRef(_KINDS[kind], EntityId(entity)))
            case [("objects" | "links") as kind, entity, "operations", operation, "execute"]:
                return ExecuteTopic(EntityRef(_KINDS[kind], EntityId(entity)), OperationId(operation))
            case [("objects" | "links") as kind, entity, "properties", name, "set"]:
                return PropertyTopic(EntityRef(_KINDS[kind], EntityId(entity)), name)
            case ["jobs", job, "results"]:
                return ResultTopic(JobId(job))
            case ["jobs", job, "cancel"]:
                return CancelTopic(JobId(job))
        return None
