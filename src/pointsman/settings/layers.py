"""From which layer each setting is taken: flag > environment > secrets directory > file > default, each with its origin.

pydantic-settings does the like, but it forgets where a value came from, stops at the first wrong variable, and takes a tenth of a
second to import; a layer here is a mapping from a path such as `("mqtt", "url")` to text.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from pointsman.settings.problem import Origin, Problem, nearest
from pointsman.settings.report import Report
from pointsman.settings.schema import Settings
from pointsman.settings.tree import Map, mark_of

PREFIX = "POINTSMAN_"
NOT_SETTINGS = frozenset({"POINTSMAN_CONFIG", "POINTSMAN_SECRETS_DIR"})
SECRETS_DIRECTORY = Path("/run/secrets")
"""Where container engines put secrets: looked at when POINTSMAN_SECRETS_DIR names no other."""
LONGEST_SECRET = 65_536
"""Bytes."""

SettingPath = tuple[str, ...]


def setting_paths(model: type[BaseModel] = Settings, path: SettingPath = ()) -> Iterator[SettingPath]:
    """Every setting there is, as a path; sections within sections are followed."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from setting_paths(kind, (*path, name))
        else:
            yield (*path, name)


def variable_of(path: SettingPath) -> str:
    """The environment variable that sets it: POINTSMAN_MQTT__TLS__CA_FILE."""
    return PREFIX + "__".join(path).upper()


class Layers:
    """The settings as they were given, the upper layers over the lower ones."""

    def __init__(self, tree: Map, report: Report) -> None:
        self._tree = tree
        self._report = report
        self._upper: dict[SettingPath, tuple[Any, Origin]] = {}
        """What is not from the file."""

    def lay(self, values: Mapping[SettingPath, tuple[Any, Origin]]) -> None:
        """Another layer over those that are there."""
        self._upper.update(values)

    def given(self, path: SettingPath) -> Any:
        """The value that was given for a setting, not checked yet; None when there is none."""
        if path in self._upper:
            return self._upper[path][0]
        node: Any = self._tree
        for step in path:
            node = node.get(step) if isinstance(node, Map) else None
        return node

    def default(self, path: SettingPath, value: Any) -> None:
        """What a setting is that nobody gave."""
        if self.given(path) is None:
            self._upper[path] = (value, Origin("default"))

    def origin(self, path: Sequence[str | int], *, key: bool = False) -> Origin:
        """Where the value at `path` comes from."""
        for end in range(len(path), 0, -1):
            found = self._upper.get(tuple(map(str, path[:end])))
            if found is not None:
                return found[1]
        return self._report.sources.origin(mark_of(self._tree, path, key=key))

    def is_given(self, path: SettingPath) -> bool:
        """Whether any layer gives it."""
        return self.given(path) is not None and self.origin(path).name != "default"

    def from_file(self, path: SettingPath) -> bool:
        """Whether the lowest layer, a file, gives it, and none above."""
        return path not in self._upper

    def values(self) -> dict[str, Any]:
        """All settings as one nested mapping, to be checked."""
        found: dict[str, Any] = {
            name: _copied(self._tree[name]) for name in Settings.model_fields if self._tree.get(name) is not None
        }
        for path, (value, _) in self._upper.items():
            section = found
            for step in path[:-1]:
                inner = section.setdefault(step, {})
                if not isinstance(inner, dict):
                    break  # the file has something else there, which is a problem of its own
                section = inner
            else:
                section[path[-1]] = value
        return found


def _copied(value: Any) -> Any:
    """Mappings anew, without keys that say nothing: `keep:` is as if it were not there."""
    return {key: _copied(item) for key, item in value.items() if item is not None} if isinstance(value, Map) else value


def from_environment(environ: Mapping[str, str], report: Report) -> dict[SettingPath, tuple[Any, Origin]]:
    """What the environment sets. Empty variables count as not set."""
    known = {variable_of(path): path for path in setting_paths()}
    for name in environ:
        if name.startswith(PREFIX) and name not in known and name not in NOT_SETTINGS:
            _check_unknown(name, known, report)
    return {path: (environ[name], Origin(name)) for name, path in known.items() if environ.get(name)}


def _check_unknown(name: str, known: Mapping[str, SettingPath], report: Report) -> None:
    """A variable that looks like a setting's and is none is a slip; others may be somebody else's."""
    section, parted, _ = name.removeprefix(PREFIX).partition("__")
    if parted and nearest(section, Settings.model_fields):
        expected = f"{PREFIX}<SECTION>__<NAME> for a setting that there is"
        report.add(Problem(Origin(name), f"expected a variable {expected}, found {name}{nearest(name, known)}"))


def from_secrets(environ: Mapping[str, str], report: Report) -> dict[SettingPath, tuple[Any, Origin]]:
    """What the secrets directories set: systemd's credentials before POINTSMAN_SECRETS_DIR.

    A file is named `mqtt.password`, `mqtt__password` or `pointsman_mqtt__password`.
    """
    found: dict[SettingPath, tuple[Any, Origin]] = {}
    for directory in reversed(list(_directories(environ, report))):
        for path in setting_paths():
            name = "__".join(path)
            for candidate in (f"pointsman_{name}", name, ".".join(path)):
                file = directory / candidate
                if os.path.isfile(file):
                    text = read_secret(file, report, Origin(str(file)))
                    if text is not None:
                        found[path] = (text, Origin(str(file)))
    return found


def _directories(environ: Mapping[str, str], report: Report) -> Iterator[Path]:
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    if credentials and os.path.isdir(credentials):
        yield Path(credentials)
    named = environ.get("POINTSMAN_SECRETS_DIR")
    directory = named or SECRETS_DIRECTORY
    if os.path.isdir(directory) and os.access(directory, os.X_OK):
        yield Path(directory)
    elif named:
        message = f"expected a directory of secrets that this user may enter, found none at {named}"
        report.add(Problem(Origin("POINTSMAN_SECRETS_DIR"), message))


def read_secret(file: Path, report: Report, origin: Origin) -> str | None:
    """The text in a file, without a line end at its end; None, told to `report`, when it cannot be read."""
    try:
        with file.open("rb") as opened:
            data = opened.read(LONGEST_SECRET + 1)
        if len(data) <= LONGEST_SECRET:
            return data.decode("utf-8").removesuffix("\n").removesuffix("\r")
        reason = f"more than {LONGEST_SECRET} bytes"
    except UnicodeDecodeError:
        reason = "no text in UTF-8"
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or str(fault)
    report.add(Problem(origin, f"expected a file with a secret at {file}, found none that can be read ({reason})"))
    return None


def from_flags(flags: Mapping[str, Any], report: Report) -> dict[SettingPath, tuple[Any, Origin]]:
    """What the command line sets, by names such as `mqtt.url`."""
    known = {".".join(path): path for path in setting_paths()}
    for name in flags:
        if name not in known:
            report.add(Problem(Origin(name), f"expected a setting such as mqtt.url, found {name!r}{nearest(name, known)}"))
    return {known[name]: (value, Origin(f"the flag for {name}")) for name, value in flags.items() if name in known}
