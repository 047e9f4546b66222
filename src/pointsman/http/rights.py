"""Who may do what: the one table of every route, and the decision on it. Nothing else in this package decides that.

A route that is not in the table keeps the app from being built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pointsman.model.access import Permission


class Reached(StrEnum):
    """What the path parameter `id` of a route stands for, and the caller has to reach."""

    NOTHING = "nothing"
    OBJECT = "object"
    LINK = "link"
    """With both its ends."""
    ENTITY = "entity"
    """An object or a link."""
    JOB = "job"
    """The entity that the job ran on."""


class Verb(StrEnum):
    """What is done to the entity: `modify` is `modify-objects` for an object, `modify-links` for a link."""

    CREATE = "create"
    MODIFY = "modify"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route asks for. Without anything: a caller who is known."""

    reach: Reached = Reached.NOTHING
    verb: Verb | None = None
    any_of: tuple[Permission, ...] = ()
    """One of these permissions, besides what the verb asks for."""
    public: bool = False
    """Whether nobody has to log in."""


RULES: Mapping[tuple[str, str], Rule] = {
    ("GET", "/livez"): Rule(public=True),
    ("GET", "/readyz"): Rule(public=True),
}
"""By method and path. Each part of the API adds its own lines here, ordered by path."""
