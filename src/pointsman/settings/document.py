"""Reads one file into a tree: encoding, size, and which of the two readers."""

from __future__ import annotations

from pathlib import Path

from pointsman.settings.problem import Origin, Problem
from pointsman.settings.quick import NotPlain, read_quick
from pointsman.settings.sources import Sources
from pointsman.settings.tree import Map

MAX_BYTES = 64 * 1024 * 1024
"""A larger file is a mistake, or an attack."""


def read_document(path: Path, sources: Sources) -> Map | Problem:
    """The mapping that the file is, empty when it holds nothing; or the one problem that keeps it from being read."""
    name = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or str(fault)
        return Problem(Origin(name), f"expected a configuration file that can be read, found none ({reason})")
    if len(data) > MAX_BYTES:
        return Problem(Origin(name), f"expected at most {MAX_BYTES} bytes, found more; spread it over files in conf.d")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        before = data[: fault.start].decode("utf-8-sig", "replace")
        origin = sources.add(name, before).origin_of(len(before))
        return Problem(origin, f"expected text in UTF-8, found the byte 0x{data[fault.start]:02X}; save the file as UTF-8")
    return read_text(name, text, sources)


def read_text(name: str, text: str, sources: Sources) -> Map | Problem:
    """The same for a text that is at hand."""
    source = sources.add(name, text)
    try:
        tree = read_quick(text, source.base)
    except NotPlain:
        # Loading ruamel takes longer than most files do, so only when it is needed.
        from pointsman.settings.general import YamlFault, read_general

        try:
            tree = read_general(text, source.base)
        except YamlFault as fault:
            first = "" if fault.first is None else f"; it was first at {source.origin_of(fault.first)}"
            return Problem(source.origin_of(fault.offset), f"{fault}{first}")
    if tree is None:
        return Map(source.base)
    if not isinstance(tree, Map):
        kind = "a list" if isinstance(tree, list) else "a text or number"
        return Problem(source.origin_of(0), f"expected a mapping of sections such as mqtt, store and objects, found {kind}")
    return tree
