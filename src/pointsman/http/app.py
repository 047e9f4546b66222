"""Puts the app together: every part of the API has a router of its own."""

from __future__ import annotations

from fastapi import FastAPI

from pointsman import __version__
from pointsman.http import health
from pointsman.http.access.door import Door
from pointsman.http.documented import classes, entities, operations, properties, scripts, states, triggers
from pointsman.http.encode import JsonAnswer
from pointsman.http.problems import install
from pointsman.http.services import Services

ROUTERS = (
    health.router,
    entities.router,
    classes.router,
    states.router,
    scripts.router,
    operations.router,
    properties.router,
    triggers.router,
)


def build_app(services: Services) -> FastAPI:
    """The app, ready to be served. Raises LookupError when a route has no rule."""
    app = FastAPI(
        title="Pointsman",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        default_response_class=JsonAnswer,
    )
    app.state.services = services
    app.state.door = Door(services)
    install(app)
    for router in ROUTERS:
        app.include_router(router)
    return app
