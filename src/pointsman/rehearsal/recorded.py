"""What is on record, and as which command it happens again."""

from __future__ import annotations

from typing import TypeAlias

from pointsman.model.command import Execute, ReportState
from pointsman.model.ids import SYSTEM_USER
from pointsman.model.job import Job
from pointsman.model.state import Retained
from pointsman.model.write import AddAudit, AddChange

Recorded: TypeAlias = AddChange | Job | AddAudit
"""Changes with their messages and traces, jobs, and of the audit the starts and stops of the worker."""


def time_of(item: Recorded) -> int:
    """When it was recorded, in ms."""
    match item:
        case AddChange(change, _, _):
            return change.at
        case Job():
            return item.timestamp
        case AddAudit():
            return item.at


def report_of(item: AddChange) -> ReportState:
    """The report that led to a change; also where it was no report of the state itself."""
    change = item.change
    return ReportState(
        change.entity,
        change.current,
        change.topic or "",
        item.payload,
        Retained.COMPARE if change.changed_while_offline else None,
        change.reported,
        change.lineage,
    )


def request_of(job: Job) -> Execute:
    """The request that a job was made for. Who asked is known by the id only."""
    user = job.user_id or SYSTEM_USER
    return Execute(entity=job.owner, operation=job.operation_id, user=user, login=user, args=job.args, lineage=job.lineage)
