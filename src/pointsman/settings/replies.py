"""From the forms of reply rules to the model: where devices answer that cannot answer as MQTT 5 says."""

from __future__ import annotations

from pointsman.model.rule import Ignore, ReplyRule
from pointsman.settings.filters import FilterCheck
from pointsman.settings.forms import ReplyForm
from pointsman.settings.paths import path_at
from pointsman.settings.place import Place
from pointsman.settings.problem import shown
from pointsman.settings.report import Report


class ReplyBuilder:
    """Builds reply rules. Everything that is wrong goes to the report."""

    def __init__(self, report: Report, filters: FilterCheck) -> None:
        self._report = report
        self._filters = filters

    def build(self, form: ReplyForm, place: Place) -> ReplyRule | None:
        """The rule, or None when it makes none."""
        before = len(self._report)
        topic = self._filters.take(form.topic, place)
        result = path_at(self._report, place, "result", form.result)
        job = path_at(self._report, place, "job", form.job) if form.job.startswith("$") else form.job
        if isinstance(job, str) and not self._filters.captures(job, place, "job", topic, "a JSON path"):
            message = f"expected where the job's id is, a JSON path such as $.job or {{1}} for a wildcard, found {shown(job)}"
            self._report.value(place.node, ("job",), message)
        if topic is None or result is None or job is None or len(self._report) != before:
            return None
        return ReplyRule(filter=topic, job=job, result=result, ignore=frozenset(map(Ignore, form.ignore)))
