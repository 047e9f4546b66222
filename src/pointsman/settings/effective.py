"""The effective settings: all layers joined, checked, and completed with what follows from others."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from pointsman.settings.checks import TAKEN, id_fault
from pointsman.settings.faults import faults
from pointsman.settings.layers import (
    Layers,
    SettingPath,
    from_environment,
    from_flags,
    from_secrets,
    read_secret,
    setting_paths,
)
from pointsman.settings.problem import Origin, Problem
from pointsman.settings.report import Report
from pointsman.settings.schema import Settings
from pointsman.settings.tree import Map


def effective_settings(
    tree: Map, environ: Mapping[str, str], flags: Mapping[str, Any], report: Report
) -> tuple[Settings, dict[SettingPath, Origin]]:
    """The settings, and where each was given. With problems (told to `report`), as far as they are right."""
    layers = Layers(tree, report)
    layers.lay(from_secrets(environ, report))
    layers.lay(from_environment(environ, report))
    layers.lay(from_flags(flags, report))
    _derive(layers)
    settings = _validated(layers, report)
    settings = _with_passwords(settings, layers, report)
    _check_together(settings, layers, report)
    origins = {path: layers.origin(path) if layers.is_given(path) else Origin("default") for path in setting_paths()}
    return settings, origins


def _derive(layers: Layers) -> None:
    """Defaults that follow from other settings."""
    layers.default(("node", "id"), node_name(socket.gethostname()))
    layers.default(("mqtt", "client_id"), f"pointsman-{layers.given(('node', 'id'))}")
    url = layers.given(("store", "url"))
    server = isinstance(url, str) and url.startswith("postgres")
    layers.default(("store", "migrate"), "manual" if server else "auto")


def node_name(host: str) -> str:
    """A host name as a node's: whatever cannot stand in a level of a topic becomes `-`."""
    name = re.sub(r"[^A-Za-z0-9._-]", "-", host)
    return name if id_fault(name) is None and name not in TAKEN else "node"


def _validated(layers: Layers, report: Report) -> Settings:
    values = layers.values()
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        for path, is_key, message in faults(error, Settings):
            report.add(Problem(layers.origin(path, key=is_key), message))
            _drop(values, path)
    try:
        return Settings.model_validate(values)
    except ValidationError:
        # Two sections deep in wrong values can leave a rest that still does not fit: what comes after checks the defaults then.
        return Settings()


def _drop(values: Any, path: tuple[str | int, ...]) -> None:
    """Take out what is wrong, so that the rest can be looked at too."""
    for depth, step in enumerate(path):
        last = depth == len(path) - 1 or not isinstance(values, dict) or not isinstance(values.get(step), dict)
        if not isinstance(values, dict):
            return
        if last:
            values.pop(step, None)
            return
        values = values[step]


def _with_passwords(settings: Settings, layers: Layers, report: Report) -> Settings:
    """Passwords from their files. One that is given elsewhere is taken instead, unless a higher layer names the file."""
    for section, name in (("mqtt", "password"), ("http", "admin_password")):
        settings = _with_password(settings, section, name, layers, report)
    return settings


def _with_password(settings: Settings, section: str, name: str, layers: Layers, report: Report) -> Settings:
    file_path, password_path = (section, f"{name}_file"), (section, name)
    group = getattr(settings, section)
    file = getattr(group, f"{name}_file")
    if file is None:
        return settings
    if getattr(group, name) is not None and layers.from_file(file_path):
        if layers.from_file(password_path):
            message = (
                f"expected a password or a file that holds it, found both; the password is at {layers.origin(password_path)}"
            )
            report.add(Problem(layers.origin(file_path, key=True), message))
        return settings
    text = read_secret(Path(file), report, layers.origin(file_path))
    if text is None:
        return settings
    return settings.model_copy(update={section: group.model_copy(update={name: SecretStr(text)})})


def _check_together(settings: Settings, layers: Layers, report: Report) -> None:
    """What only shows when settings are seen side by side."""
    mqtt, tls = settings.mqtt, settings.mqtt.tls
    secure = mqtt.url.startswith("mqtts:")
    for name in ("ca_file", "cert_file", "key_file"):
        file = getattr(tls, name)
        path = ("mqtt", "tls", name)
        if file is None:
            continue
        if not secure:
            message = f"expected mqtt.url to begin with mqtts: when {name} is given, found {mqtt.url.split(':')[0]}:"
            report.add(Problem(layers.origin(path, key=True), message))
        elif not os.path.isfile(file):
            report.add(Problem(layers.origin(path), f"expected a file in PEM at {file}, found none"))
    if tls.key_file and not tls.cert_file:
        origin = layers.origin(("mqtt", "tls", "key_file"), key=True)
        report.add(Problem(origin, "expected cert_file beside key_file, found none"))
    if mqtt.reconnect_max < mqtt.reconnect_min:
        message = f"expected at least reconnect_min, {mqtt.reconnect_min} ms, found {mqtt.reconnect_max} ms"
        report.add(Problem(layers.origin(("mqtt", "reconnect_max")), message))
