"""Checks of single values: URLs, topics, names. Each raises ValueError, which says what was expected and what was found."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, SecretStr

from pointsman.model.access import password_fault
from pointsman.model.topic import text_fault, topic_fault
from pointsman.settings.problem import shown

LONGEST_ID = 128
"""In characters."""
TAKEN = frozenset({"objects", "links", "jobs", "response"})
"""Levels below the base topic that are Pointsman's own, so no node may be called so."""

_USER_INFO = re.compile(r"(://[^/?#:@]*):.*@")


def without_password(url: str) -> str:
    """A URL as it may be shown."""
    return _USER_INFO.sub(r"\1:***@", url)


def id_fault(text: str) -> str | None:
    """Why `text` cannot be an id, which is one level of a topic; None when it can."""
    if not text:
        return "an empty text"
    if len(text) > LONGEST_ID:
        return f"{len(text)} characters, more than {LONGEST_ID}"
    for char in "/+#":
        if char in text:
            return f"{char!r} in it"
    fault = None if text.isascii() and text.isprintable() else text_fault(text)
    return f"a {fault} in it" if fault else None


def time_zone(name: str) -> ZoneInfo:
    """The time zone of that name. Raises ValueError when this machine knows none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"expected a time zone that this machine knows, such as Europe/Berlin or UTC, found {shown(name)}"
        ) from None


def _node_id(text: str) -> str:
    fault = id_fault(text) or ("a leading $" if text.startswith("$") else None)
    if fault:
        raise ValueError(f"expected a name that can be one level of a topic, found {shown(text)} with {fault}")
    if text in TAKEN:
        raise ValueError(f"expected a name that is not part of Pointsman's own topics, found {text!r}")
    return text


def _base_topic(text: str) -> str:
    fault = topic_fault(text) or ("an empty level" if "" in text.split("/") else None)
    if fault:
        raise ValueError(
            f"expected the beginning of a topic, such as pointsman or site/pointsman, found {shown(text)} with {fault}"
        )
    return text


def _mqtt_url(url: str) -> str:
    expected = "mqtt://HOST[:PORT], mqtts://HOST[:PORT] or unix:///PATH"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as fault:
        raise ValueError(f"expected {expected}, found {shown(without_password(url))}: {fault}") from None
    if parts.scheme == "unix":
        fits = bool(parts.path) and not parts.netloc
    else:
        fits = parts.scheme in ("mqtt", "mqtts") and bool(parts.hostname) and parts.path in ("", "/") and port != 0
        fits = fits and not parts.query and not parts.fragment
    if not fits:
        raise ValueError(f"expected {expected}, found {shown(without_password(url))}")
    return url


def _store_url(url: str) -> str:
    file = re.fullmatch(r"sqlite:///(.+)", url)
    server = re.fullmatch(r"postgres(?:ql)?(?:\+psycopg)?://.+", url)
    if not server and (file is None or ":memory:" in file[1]):
        expected = "sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"
        raise ValueError(f"expected {expected}, found {shown(without_password(url))}")
    return url


def _listen(text: str) -> str:
    if text == "off" or re.fullmatch(r"unix:///.+", text):
        return text
    found = re.fullmatch(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):([0-9]{1,5})", text)
    if found is None or int(found[1]) > 65_535:
        raise ValueError(f"expected HOST:PORT, [ADDRESS]:PORT, unix:///PATH or off, found {shown(text)}")
    return text


def _new_password(given: SecretStr) -> SecretStr:
    fault = password_fault(given.get_secret_value())
    if fault:
        raise ValueError(fault)
    return given


NodeId = Annotated[str, AfterValidator(_node_id)]
BaseTopic = Annotated[str, AfterValidator(_base_topic)]
MqttUrl = Annotated[str, AfterValidator(_mqtt_url)]
StoreUrl = Annotated[str, AfterValidator(_store_url)]
Listen = Annotated[str, AfterValidator(_listen)]
NewPassword = Annotated[SecretStr, AfterValidator(_new_password)]
