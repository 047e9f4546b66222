"""All routers of the modern view, but for those of users, lists of jobs and events, which stand elsewhere."""

from pointsman.http.modern import entities, executing, explaining, kinds, owned, simulating, worker

ROUTERS = (
    entities.router,
    kinds.router,
    owned.router,
    executing.router,
    explaining.router,
    simulating.router,
    worker.router,
)
