"""Joins the trees of several files: lists append, mappings merge, and nothing else may be said twice."""

from __future__ import annotations

from collections.abc import Sequence

from pointsman.settings.report import Report
from pointsman.settings.tree import Map, Seq


def merge(trees: Sequence[Map], report: Report) -> Map:
    """One tree of all, whose values keep their marks. What is said twice is told to `report`, and the first counts."""
    merged = Map(trees[0].at if trees else 0)
    for tree in trees:
        _merge_into(merged, tree, report)
    return merged


def _merge_into(merged: Map, tree: Map, report: Report) -> None:
    for key, value in tree.items():
        key_at, value_at = tree.place(key)
        if key not in merged or merged[key] is None:
            # Not the value itself: what is appended later must not change the file's own tree.
            fresh = Map(value.at) if isinstance(value, Map) else Seq(value.at) if isinstance(value, Seq) else value
            if key in merged:
                merged.replace(key, key_at, fresh, value_at)
            else:
                merged.put(key, key_at, fresh, value_at)
            if not isinstance(value, Map | Seq):
                continue
        there = merged[key]
        if isinstance(there, Map) and isinstance(value, Map):
            _merge_into(there, value, report)
        elif isinstance(there, Seq) and isinstance(value, Seq):
            there += value
            there.marks += value.marks
        elif value is not None:
            first = report.sources.origin(merged.place(key)[1])
            report.at(key_at, f"expected {key!r} to be said once, found it again; it was first at {first}: keep one of them")
