"""What the OpenAPI document says as a whole, and of each group of calls."""

from __future__ import annotations

from collections.abc import Mapping

DESCRIPTION = """An MQTT-driven event worker: it follows the states of devices, runs operations, and records each as a job.

There are two views of the same things. Under `/node/api` is the documented API, as clients of that kind know it: bare arrays,
errors as `{"code", "message"}`. Under `/api/v1` is the modern one: pages by cursor, `ETag` and
`If-Match`, `Idempotency-Key`, server-sent events, errors as RFC 9457 problem documents.

Log in with Basic authentication, with the session cookie that a log-in gives, or with a token as bearer. Times are integers of
milliseconds since the Unix epoch. What is out of reach is answered as if it were not there."""

TAGS: Mapping[str, str] = {
    "health": "How the worker stands, for whatever watches it.",
    "documents": "What can be asked of a worker: this API, and the MQTT side.",
    "entities": "Objects and links: what has a state and operations.",
    "states": "The states that there are, the state that an entity is in, and states set by hand.",
    "operations": "What can be done to an entity, and doing it.",
    "state triggers and conditions": "What a state sets off, and what it is derived from.",
    "properties": "Properties of entities and classes. A ReadWrite one that is changed runs the operations that ask for it.",
    "jobs": "Every execution of an operation, and the results that were added to it.",
    "history": "The states that entities were in.",
    "events": "Jobs and states as they come and change.",
    "classes": "What entities of a kind have in common.",
    "scripts": "The scripts that operations refer to.",
    "access": "Sessions, tokens, users and their groups.",
    "explaining": "Why things ran, or did not, and what would happen.",
    "worker": "The worker as a whole.",
}
"""Groups of calls, in the order in which they are shown. Those of the modern API have ` (v1)` behind their name."""

PARAMETERS: Mapping[str, str] = {
    "op": "The id of an operation of that owner.",
    "prop": "The id of a property, or its name.",
}
"""What stands in a path, where the route does not say it itself."""
