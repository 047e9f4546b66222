"""One base for every error that is raised on purpose, each with the exit code that the command line gives for it.

    PointsmanError              1   a fault
    ├── UsageError              2   the command line was used wrongly
    ├── NotFound                1   what was asked for does not exist
    ├── Unavailable            69   something that is needed cannot be reached, for now
    │   ├── StoreUnavailable   69   the store is locked, full, read-only or down
    │   ├── BrokerUnavailable  69   no broker, or it refuses us
    │   └── WorkerUnavailable  69   no worker answered
    └── ConfigurationError     78   the configuration, or the store's version, does not fit

Each message says what was expected, what was found and what to do. Exit codes are sysexits.h's.
"""

from __future__ import annotations


class PointsmanError(Exception):
    """A fault."""

    exit_code = 1


class UsageError(PointsmanError):
    """The command line was used wrongly."""

    exit_code = 2


class NotFound(PointsmanError):
    """What was asked for does not exist."""


class Unavailable(PointsmanError):
    """Something that is needed cannot be reached, for now."""

    exit_code = 69


class StoreUnavailable(Unavailable):
    """The store is locked, full, read-only or down. What was being written is not; it may be tried again."""


class BrokerUnavailable(Unavailable):
    """There is no broker at the address, or it refuses us."""


class WorkerUnavailable(Unavailable):
    """No worker answered a request."""


class ConfigurationError(PointsmanError):
    """The configuration, or the version of the store, does not fit."""

    exit_code = 78
