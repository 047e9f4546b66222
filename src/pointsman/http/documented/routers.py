"""All routers of the documented API that are about the catalog; those of users, jobs and the history stand elsewhere."""

from pointsman.http.documented import classes, entities, operations, properties, scripts, states, triggers

ROUTERS = (
    classes.router,
    entities.router,
    operations.router,
    properties.router,
    scripts.router,
    states.router,
    triggers.router,
)
