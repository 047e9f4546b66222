"""From the forms of schedules to the model. cronsim says whether a cron expression is one; what is wrong with it is said here."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from pointsman.model.schedule import Missed, Schedule
from pointsman.settings.checks import time_zone
from pointsman.settings.conduct_forms import ScheduleForm
from pointsman.settings.forms import OperationForm
from pointsman.settings.place import Place
from pointsman.settings.problem import shown
from pointsman.settings.report import Report, value_at
from pointsman.settings.tree import Seq

_FIELDS = {
    "second": "seconds from 0 to 59",
    "minute": "minutes from 0 to 59",
    "hour": "hours from 0 to 23",
    "day-of-month": "days of the month from 1 to 31, L or LW",
    "month": "months from 1 to 12 or jan to dec",
    "day-of-week": "days of the week from 0 to 7 or sun to sat, fri#2 or 5L",
}
"""What each field may be, by cronsim's name for it."""
_LONGEST = 200
"""In characters."""
_ANY_DAY = datetime(2000, 1, 1)  # noqa: DTZ001 from here on a time is looked for, in no zone
"""Whether a time ever comes does not depend on when one begins to look: the calendar repeats itself every 400 years, what occurs
in it at all within 40."""


def build_schedules(form: OperationForm, place: Place, report: Report) -> tuple[Schedule, ...]:
    """The schedules of an operation, as far as they are right."""
    listed = isinstance(value_at(place.node, place.at("schedule")), Seq)
    built: dict[str, Schedule] = {}
    for index in range(len(form.schedule)):
        inner = place.inner("schedule", index) if listed else place.inner("schedule")
        each = report.parse(ScheduleForm, value_at(place.node, inner.path), place.node, inner.path)
        schedule = None if each is None else _build(each, inner, report)
        if schedule is None:
            continue
        if schedule.source in built:
            report.value(place.node, inner.path, f"expected each schedule once, found {schedule.source!r} again")
        built[schedule.source] = schedule
    return tuple(built.values())


def _build(form: ScheduleForm, place: Place, report: Report) -> Schedule | None:
    before = len(report)
    given = [key for key in ("cron", "every") if value_at(place.node, place.at(key)) is not None]
    if len(given) != 1:
        found = " and ".join(given) or "neither"
        report.value(place.node, place.path, f"expected one of cron and every in a schedule, found {found}")
    if form.zone is not None and form.cron is None:
        report.key(place.node, place.at("zone"), "expected a time zone only with cron, found one without")
    if form.latest is not None and form.missed is Missed.SKIP:
        message = "expected latest only where missed runs are made up for (missed: once or all), found it with missed: skip"
        report.key(place.node, place.at("latest"), message)
    zone = None if form.zone is None else _zone(form.zone, place, report)
    cron = None if form.cron is None else " ".join(form.cron.split())
    if form.cron is not None:
        _check_cron(form.cron, place, report)
    if len(report) != before or (cron is None and form.every is None):
        return None
    source = f"every {form.every} ms" if cron is None else f"{cron} {form.zone or 'UTC'}"
    return Schedule(source=source, cron=cron, zone=zone, every_ms=form.every or 0, missed=form.missed, latest_ms=form.latest)


def _zone(name: str, place: Place, report: Report) -> ZoneInfo | None:
    try:
        return time_zone(name)
    except ValueError as fault:
        report.value(place.node, place.at("zone"), str(fault))
        return None


def _check_cron(text: str, place: Place, report: Report) -> None:
    path = place.at("cron")
    fields = list(re.finditer(r"\S+", text))
    if len(fields) not in (5, 6) or len(text) > _LONGEST:
        message = (
            "expected a cron expression of five fields (minute hour day-of-month month day-of-week), or six with seconds first, "
            f"found {shown(text)} with {len(fields)}"
        )
        report.value(place.node, path, message)
        return
    try:
        comes = next(CronSim(text, _ANY_DAY), None) is not None
    except CronSimError as fault:
        name = str(fault).removeprefix("Bad ")
        field = fields[list(_FIELDS).index(name) - (6 - len(fields))]
        comes = name != "day-of-month" or not _is_fit(text, fields)
        if comes:
            message = f"expected {_FIELDS[name]}, as in *, 5, 1-5, */2 or 1,3, found {field[0]!r}"
            report.inside(place.node, path, field.start(), message)
    if not comes:
        report.value(place.node, path, f"expected a time that comes, found {shown(text)}, which never does")


def _is_fit(text: str, fields: list[re.Match[str]]) -> bool:
    """Whether the day of the month would do in some other month than the one that is asked for."""
    month = fields[-2]
    try:
        CronSim(f"{text[: month.start()]}*{text[month.end() :]}", _ANY_DAY)
    except CronSimError:
        return False
    return True
