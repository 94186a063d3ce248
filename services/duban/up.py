"""`duban up`: the embedded system, all services in one process on one port."""

import asyncio
import time
from collections.abc import Mapping

from rich.console import Console

from services.duban.catalogue import ALL, service_kind, settings_of_all
from services.duban.client import read_demo_accounts
from services.duban.demo.accounts import accounts_file
from services.duban.memory import return_large_blocks
from services.duban.refusals import CannotStart, check_port, claim_data_folder, plain_reasons
from services.duban.serving import OneAddress, Server, make_server, running, serve_until_stopped
from services.duban.upgrade import check_backends, started_bus, upgrade_databases
from shared.settings import ServiceSettings
from shared.telemetry.logging import configure_logging

console = Console(stderr=True, soft_wrap=True)


def run_embedded(*, demo: bool) -> None:
    """Start everything, load the demo where asked, and serve until Ctrl-C. Raises CannotStart or DamagedFile."""
    started = time.monotonic()
    settings = settings_of_all()
    common = settings["task"]
    if demo and not common.demo:
        raise CannotStart("演示需要 DUBAN_DEMO=1。 The demo needs DUBAN_DEMO=1.")
    configure_logging(common.log_level, common.log_json)
    return_large_blocks()
    check_port(common)
    if demo and accounts_file(common.data).exists():
        read_demo_accounts(accounts_file(common.data))  # what is damaged is told before anything starts
    with plain_reasons():
        asyncio.run(check_backends(settings))
        with claim_data_folder(common.data):
            asyncio.run(_serve(settings, demo=demo, started=started))
    console.print(f"已停止，数据保留在 Stopped; the data stays in {common.data.absolute()}")


async def _serve(settings: Mapping[str, ServiceSettings], *, demo: bool, started: float) -> None:
    common = settings["task"]
    async with started_bus(common) as bus:
        apps = {name: service_kind(name).create_app(settings[name], bus) for name in ALL}
        await upgrade_databases(settings)
        async with running(apps, "all"):
            await _serve_and_greet(make_server(OneAddress(apps), common), common, demo=demo, started=started)


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
