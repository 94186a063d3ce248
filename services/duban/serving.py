"""Running applications under uvicorn so that Ctrl-C and SIGTERM end them cleanly."""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import AsyncIterator, Generator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from services.duban.catalogue import service_kind
from shared.runtime import Mode
from shared.settings import ServiceSettings

SHUTDOWN_SECONDS = 5


class Server(uvicorn.Server):
    """uvicorn without its own signal handlers, which would raise the signal again and cut the clean-up short.

    It asks open event streams to end before it waits for the requests in hand.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.accepting = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.accepting.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for app in getattr(self.config.app, "apps", [self.config.app]):
            end_streams(app)
        await super().shutdown(sockets)


def end_streams(app: object) -> None:
    """An application that keeps streams open puts `end_streams` into its state."""
    end = getattr(getattr(app, "state", None), "end_streams", None)
    if end is not None:
        end()


def make_server(app: ASGIApp, settings: ServiceSettings) -> Server:
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=_believed(settings),
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        limit_concurrency=None,
    )
    return Server(config)


def _believed(settings: ServiceSettings) -> str:
    """Who may say whose request it passes on. On this machine that is a proxy, or the portal beside us."""
    if settings.trusted_proxies.strip() == "*":
        return "*"
    return ",".join(["127.0.0.1", "::1", settings.host, *settings.trusted_proxies.split(",")])


async def serve_until_stopped(server: Server) -> None:
    """Serve until SIGINT or SIGTERM, then finish the requests in hand."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _stop, server)
    await server.serve()


def _stop(server: Server) -> None:
    server.force_exit = server.should_exit  # the second Ctrl-C does not wait
    server.should_exit = True


@asynccontextmanager
async def running(apps: Mapping[str, FastAPI], mode: Mode) -> AsyncIterator[None]:
    """Every application with its service's relay, consumers and workers, started in order and stopped in reverse."""
    async with AsyncExitStack() as stack:
        for name, app in apps.items():
            if service := getattr(app.state, "service", None):
                await stack.enter_async_context(service.running(mode))
            await service_kind(name).prepare(app)
            await stack.enter_async_context(app.router.lifespan_context(app))
        spare_the_collector()
        yield


def spare_the_collector() -> None:
    """Leave what start-up made out of garbage collection: it lives as long as the process, and walking over it
    stops every request for some 100 ms each time."""
    gc.collect()
    gc.freeze()


class OneAddress:
    """All services at one address with the paths that a reverse proxy gives them in production."""

    def __init__(self, apps: Mapping[str, FastAPI]) -> None:
        self.apps = list(apps.values())
        self._portal = apps["portal"]
        self._by_prefix = {f"/api/{name}/v1": app for name, app in apps.items() if name != "portal"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        prefix = "/".join(scope["path"].split("/", 4)[:4])
        await self._by_prefix.get(prefix, self._portal)(scope, receive, send)
