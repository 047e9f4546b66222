"""The log: one pipeline, for people on a terminal, as JSON lines for machines, with priorities in front under journald."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor


class LogFormat(StrEnum):
    """How log lines look (setting `log.format`)."""

    AUTO = "auto"
    """Console on a terminal, JSON lines otherwise."""
    CONSOLE = "console"
    JSON = "json"


_PRIORITIES = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
"""Levels of syslog(3), as sd-daemon(3) wants them in front of a line."""


def make_log(
    level: str, form: LogFormat, stream: TextIO | None = None, environ: Mapping[str, str] | None = None
) -> FilteringBoundLogger:
    """A log that writes to `stream` (default: standard error) from `level` on (`debug` … `critical`)."""
    out = sys.stderr if stream is None else stream
    console = form is LogFormat.CONSOLE or (form is LogFormat.AUTO and out.isatty())
    processors: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *_renderers(console, out.isatty(), "JOURNAL_STREAM" in (os.environ if environ is None else environ)),
    ]
    log: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(out),
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        cache_logger_on_first_use=True,
    )
    return log


def _renderers(console: bool, colors: bool, journal: bool) -> list[Processor]:
    if console:
        return [structlog.dev.ConsoleRenderer(colors=colors)]
    json = structlog.processors.JSONRenderer(ensure_ascii=False, default=repr)
    return [structlog.processors.dict_tracebacks, _Prioritised(json) if journal else json]


class _Prioritised:
    """A renderer with the priority in front of what another renders."""

    def __init__(self, renderer: structlog.processors.JSONRenderer) -> None:
        self._renderer = renderer

    def __call__(self, logger: object, name: str, event: EventDict) -> str:
        priority = _PRIORITIES.get(event.get("level", "info"), 6)
        line = self._renderer(logger, name, event)
        return f"<{priority}>{line if isinstance(line, str) else line.decode()}"
