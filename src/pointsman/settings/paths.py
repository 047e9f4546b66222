"""JSON paths in a file: rules have them, and conditions."""

from __future__ import annotations

from pointsman.model.jsonpath import JsonPath, parse_json_path
from pointsman.settings.place import Place
from pointsman.settings.report import Report


def path_at(report: Report, place: Place, key: str, source: str) -> JsonPath | None:
    """The path that is written under `key`; None when it is none, which goes to the report."""
    try:
        return parse_json_path(source)
    except ValueError as fault:
        report.value(place.node, place.at(key), str(fault))
        return None
