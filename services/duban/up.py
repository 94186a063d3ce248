"""`duban up`: the embedded system, all services in one process on one port."""

import asyncio
import time

from fastapi import FastAPI
from rich.console import Console
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from services.duban.catalogue import ALL, WITH_DATABASE, service_kind
from services.duban.memory import return_large_blocks
from services.duban.refusals import CannotStart, check_port, claim_data_folder
from services.duban.serving import OneAddress, Server, make_server, running, serve_until_stopped
from shared.db import Database
from shared.db.migrations import upgrade
from shared.errors import AppError
from shared.events.topics import TOPICS
from shared.runtime import open_bus_from
from shared.settings import ServiceSettings
from shared.telemetry.logging import configure_logging

console = Console(stderr=True, soft_wrap=True)


def run_embedded(*, demo: bool) -> None:
    """Start everything, load the demo where asked, and serve until Ctrl-C. Raises CannotStart."""
    started = time.monotonic()
    settings = service_kind("task").settings()
    if demo and not settings.demo:
        raise CannotStart("演示需要 DUBAN_DEMO=1。 The demo needs DUBAN_DEMO=1.")
    configure_logging(settings.log_level, settings.log_json)
    return_large_blocks()
    check_port(settings)
    with claim_data_folder(settings.data):
        try:
            asyncio.run(_serve(settings, demo=demo, started=started))
        except AppError as refused:
            raise CannotStart(f"{refused.sentence('zh')} {refused.sentence('en')}") from refused
    console.print(f"已停止，数据保留在 Stopped; the data stays in {settings.data.absolute()}")


async def _serve(settings: ServiceSettings, *, demo: bool, started: float) -> None:
    await upgrade_databases()
    bus = open_bus_from(settings)
    await bus.start()
    try:
        await bus.create_topics(TOPICS)
        apps: dict[str, FastAPI] = {}
        for name in ALL:
            kind = service_kind(name)
            apps[name] = kind.create_app(kind.settings(), bus)
        async with running(apps, "all"):
            await _serve_and_greet(make_server(OneAddress(apps), settings), settings, demo=demo, started=started)
    finally:
        await bus.stop()


async def _serve_and_greet(server: Server, settings: ServiceSettings, *, demo: bool, started: float) -> None:
    serving = asyncio.create_task(serve_until_stopped(server))
    greeting = asyncio.create_task(_greet(server, settings, demo=demo, started=started))
    await asyncio.wait({serving, greeting}, return_when=asyncio.FIRST_COMPLETED)
    asked_to_stop = server.should_exit or serving.done()
    if greeting.done() and greeting.exception():
        server.should_exit = True
    await serving
    greeting.cancel()
    (failure,) = await asyncio.gather(greeting, return_exceptions=True)
    if isinstance(failure, Exception) and not asked_to_stop:  # a load that lost its server to Ctrl-C goes on next time
        raise failure


async def _greet(server: Server, settings: ServiceSettings, *, demo: bool, started: float) -> None:
    await server.accepting.wait()
    console.print(f"[bold]Duban 督办[/] {settings.url} · {time.monotonic() - started:.1f} s")
    if demo:
        from services.duban.demo.load import load_demo  # noqa: PLC0415 - only the demo pays for it
        from services.duban.demo.welcome import show_welcome  # noqa: PLC0415

        await load_demo(settings, console)
        show_welcome(settings, console)
    console.print("Ctrl-C 停止 stops it.")


async def upgrade_databases() -> None:
    """Bring every service's database to this build's shape. Raises DatabaseNewerThanCode or CannotStart."""
    for name in WITH_DATABASE:
        kind = service_kind(name)
        settings = kind.settings()
        database = Database(settings.database_for(name), 1)
        try:
            await upgrade(database, kind.package)
        except DBAPIError as unfit:
            place = make_url(settings.database_for(name)).render_as_string(hide_password=True)
            raise CannotStart(f"数据库 {place} 无法使用 The database cannot be used: {unfit.orig}") from unfit
        finally:
            await database.close()
