"""What the demo prints: a line for each job that has ended, with the change of state that led to it. Knows no connection."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import click

from pointsman.cli.job_text import outcome
from pointsman.cli.output import print_json, shorten, visible
from pointsman.model.catalog import Catalog
from pointsman.model.ids import ChangeId, OperationId, StateId
from pointsman.model.job import JobStatus
from pointsman.model.state import StateChange

STATUS = 11
"""The width of the longest status."""
NARROWEST = 40
"""What came of a job is given at least so many columns, however narrow the terminal."""


class Screen:
    """Prints jobs as they are announced."""

    def __init__(self, catalog: Catalog, change: Callable[[ChangeId], StateChange | None], *, as_json: bool) -> None:
        """`change` looks up the change of state of that id."""
        self._catalog = catalog
        self._change = change
        self._as_json = as_json

    def show(self, job: Mapping[str, Any]) -> None:
        """Take in a job's public JSON."""
        if self._as_json:
            print_json(job)
        elif JobStatus(job["status"]).final:
            click.echo(self._line(job))

    def _line(self, job: Mapping[str, Any]) -> str:
        ref = self._catalog.find(job["owner_id"])
        entity = self._catalog.entity(ref) if ref else None
        operation = entity.operations.get(OperationId(job["operation_id"])) if entity else None
        name = operation.name if operation else job["operation_id"]
        at = datetime.fromtimestamp(job["timestamp"] / 1000).astimezone()
        head = f"{at:%H:%M:%S}  {visible(job['owner_id']):<6}  {self._cause(job):<13}  {visible(name):<21}  "
        status = click.style(job["status"].ljust(STATUS), fg="green" if job["status"] == JobStatus.SUCCEEDED else "red")
        text = outcome(job)
        if sys.stdout.isatty():
            text = shorten(text, max(NARROWEST, shutil.get_terminal_size().columns - len(head) - STATUS - 2))
        return f"{head}{status}  {text}"

    def _cause(self, job: Mapping[str, Any]) -> str:
        if job["change_id"] is None:
            return "by hand"
        change = self._change(ChangeId(job["change_id"]))
        return "-" if change is None else f"{self._state(change.previous)} → {self._state(change.current)}"

    def _state(self, id_: StateId | None) -> str:
        if id_ is None:
            return "-"
        state = self._catalog.states.get(id_)
        return visible(state.name if state else id_)
