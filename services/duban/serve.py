"""`duban serve SERVICE --role web|worker|all`: one service in one process, for production."""

import asyncio

from fastapi import FastAPI

from services.duban.catalogue import service_kind
from services.duban.memory import return_large_blocks
from services.duban.refusals import check_port, plain_reasons
from services.duban.serving import make_server, running, serve_until_stopped
from services.duban.upgrade import named_database, refuse_unprepared
from shared.runtime import Mode
from shared.settings import ServiceSettings
from shared.telemetry.logging import configure_logging


def run_service(name: str, mode: Mode) -> None:
    """Serve until SIGTERM. A worker answers health checks too. Raises CannotStart."""
    kind = service_kind(name)
    settings = kind.settings()
    configure_logging(settings.log_level, settings.log_json)
    return_large_blocks()
    check_port(settings)
    with plain_reasons(), named_database(name, settings):
        if kind.has_database:
            asyncio.run(refuse_unprepared(name, settings))
        app = kind.create_app(settings)
        asyncio.run(_serve(name, app, settings, mode))


async def _serve(name: str, app: FastAPI, settings: ServiceSettings, mode: Mode) -> None:
    async with running({name: app}, mode):
        await serve_until_stopped(make_server(app, settings))
