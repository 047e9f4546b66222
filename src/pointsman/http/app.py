"""Puts the app together: every part of the API has a router of its own."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from pointsman import __version__
from pointsman.http import health
from pointsman.http.access import documented as documented_access
from pointsman.http.access import modern as modern_access
from pointsman.http.access.door import Door
from pointsman.http.describe import pages
from pointsman.http.describe.openapi import DescribedApp, operation_id
from pointsman.http.documented import history as documented_history
from pointsman.http.documented import jobs as documented_jobs
from pointsman.http.documented.routers import ROUTERS as DOCUMENTED_ROUTERS
from pointsman.http.encode import JsonAnswer
from pointsman.http.headers import Headers
from pointsman.http.live import events
from pointsman.http.live.feed import Feed
from pointsman.http.modern import records
from pointsman.http.modern.awaiting import Ends
from pointsman.http.modern.routers import ROUTERS as MODERN_ROUTERS
from pointsman.http.problems import install
from pointsman.http.services import Services

ROUTERS = (
    health.router,
    pages.router,
    documented_access.router,
    modern_access.router,
    *MODERN_ROUTERS,
    records.router,
    events.router,
    documented_jobs.router,
    documented_history.router,
    *DOCUMENTED_ROUTERS,
)


def build_app(services: Services) -> FastAPI:
    """The app, ready to be served. Raises LookupError when a route has no rule."""
    app = _assemble()
    app.state.services = services
    app.state.door = Door(services)
    app.state.ends = Ends(services)
    app.state.feed = Feed(services)
    install(app)
    # Around all that Starlette puts around the app, so that the answer to a defect has them too.
    app.middleware_stack = Headers(app.build_middleware_stack())
    return app


def openapi_document() -> dict[str, Any]:
    """What it describes itself as (OpenAPI 3.1). No worker is needed for that."""
    return _assemble().openapi()


def _assemble() -> FastAPI:
    app = DescribedApp(
        title="Pointsman",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        default_response_class=JsonAnswer,
        generate_unique_id_function=operation_id,
    )
    for router in ROUTERS:
        app.include_router(router)
    return app
