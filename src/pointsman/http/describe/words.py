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
    "jobs": "Executions of operations, and what is known of them.",
    "explaining": "Why things ran, or did not, and what would happen.",
    "worker": "The worker as a whole.",
    "entities": "Objects, and links between them.",
    "classes": "What objects and links inherit.",
    "properties": "Values of objects, links and classes.",
    "operations": "What can be done to objects and links, and doing it.",
    "state triggers and conditions": "What a change of state sets off, and which values stand for which state.",
    "states": "The states there are, and which one an entity is in.",
    "scripts": "The script repository.",
    "documents": "What this API is.",
}
"""In the order in which they are shown."""
