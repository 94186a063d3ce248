"""`duban serve SERVICE --role web|worker|all`: one service in one process, for production."""

import asyncio

from services.duban.catalogue import service_kind
from services.duban.memory import return_large_blocks
from services.duban.refusals import CannotStart, check_port
from services.duban.serving import make_server, running, serve_until_stopped
from shared.errors import AppError
from shared.runtime import Mode
from shared.telemetry.logging import configure_logging


def run_service(name: str, mode: Mode) -> None:
    """Serve until SIGTERM. A worker answers health checks too. Raises CannotStart."""
    kind = service_kind(name)
    settings = kind.settings()
    configure_logging(settings.log_level, settings.log_json)
    return_large_blocks()
    check_port(settings)
    app = kind.create_app(settings)

    async def serve() -> None:
        async with running({name: app}, mode):
            await serve_until_stopped(make_server(app, settings))

    try:
        asyncio.run(serve())
    except AppError as refused:
        raise CannotStart(f"{refused.sentence('zh')} {refused.sentence('en')}") from refused
