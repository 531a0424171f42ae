"""The application that uvicorn serves: `uvicorn api.app:create --factory`."""

from __future__ import annotations

from fastapi import Depends, FastAPI

from api import errors
from api.body_limit import BodyLimit
from api.dependencies import PREFIX, refuse_stray_parameters
from api.routes import architectures, best, catalogue, front, health, jobs, record, scripts, trials
from service.ports import UnitOfWork
from service.settings import read_settings
from service.store.engine import connect
from service.store.migrate import check
from service.store.sql import SqlUnitOfWork

RESOURCES = (jobs, trials, front, record, architectures, scripts, best, catalogue)


def create() -> FastAPI:
    """The application over the database that the settings name; WrongSetting or WrongSchema where it cannot work."""
    engine = connect(read_settings().database)
    check(engine)
    return create_app(SqlUnitOfWork(engine), SqlUnitOfWork(engine, read_only=True))


def create_app(work: UnitOfWork, reading: UnitOfWork | None = None) -> FastAPI:
    """The application over any record; what only reads goes through `reading`, if there is such a way."""
    app = FastAPI(
        title="Cellsmith",
        version="1",
        description="Find the smallest network that keeps your limit on your device.",
        responses=errors.PROBLEMS,
        # the pages that FastAPI brings load their scripts from elsewhere
        docs_url=None,
        redoc_url=None,
    )
    app.state.work = work
    app.state.reading = reading or work
    errors.install(app)
    app.add_middleware(BodyLimit)
    for resource in RESOURCES:
        app.include_router(resource.router, prefix=PREFIX, dependencies=[Depends(refuse_stray_parameters)])
    app.include_router(health.router)
    return app
