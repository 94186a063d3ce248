"""`duban stack`: the production backend on this machine without Docker.

Real Kafka and PostgreSQL from Python packages, one process per service and role, and one address in front of them.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
from rich.console import Console

from services.duban.catalogue import ALL, WITH_DATABASE, settings_of_all
from services.duban.refusals import CannotStart, check_port, plain_reasons
from services.duban.supervisor import Child, Supervisor
from shared.testing.kafka_server import KafkaServer, PackagedKafka
from shared.testing.postgres_server import PackagedPostgres, PostgresServer
from shared.testing.process import NoServer, free_port
from shared.testing.servers import CACHE

DUBAN = (sys.executable, "-m", "services.duban.cli")
READY_SECONDS = 90.0


@dataclass(frozen=True)
class Servers:
    kafka: KafkaServer
    postgres: PostgresServer


class Stack:
    """Addresses and environment of every process of one stack, which keeps everything in `data`."""

    def __init__(self, data: Path, port: int, *, demo: bool) -> None:
        self.data = data.absolute()
        self.port = port
        self.demo = demo
        self.url = f"http://127.0.0.1:{port}"
        self.web = {name: f"http://127.0.0.1:{free_port()}" for name in ALL}

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    def environment(self, servers: Servers) -> dict[str, str]:
        """What the settings of every process have in common."""
        return {
            **os.environ,
            "DUBAN_DATA": str(self.data),
            "DUBAN_BUS_URL": f"kafka://{servers.kafka.bootstrap}",
            "DUBAN_URL": self.url,
            "DUBAN_DEMO": "1" if self.demo else "0",
            **{f"DUBAN_{name.upper()}_URL": self.web[name] for name in WITH_DATABASE},
            **{f"DUBAN_{name.upper()}_DATABASE_URL": database_url(servers.postgres, name) for name in WITH_DATABASE},
        }

    def children(self, environment: Mapping[str, str]) -> list[Child]:
        """One web and one worker process per service, the portal, and the proxy in front."""
        webs = [
            self._child(f"{name}-web", ["serve", name, "--role", "web"], self.web[name], environment)
            for name in WITH_DATABASE
        ]
        workers = [
            self._child(
                f"{name}-worker", ["serve", name, "--role", "worker"], f"http://127.0.0.1:{free_port()}", environment
            )
            for name in WITH_DATABASE
        ]
        portal = self._child("portal", ["serve", "portal"], self.web["portal"], environment)
        return [*webs, *workers, portal, self._proxy(environment)]

    def _child(self, name: str, arguments: Sequence[str], url: str, environment: Mapping[str, str]) -> Child:
        own = {"DUBAN_HOST": "127.0.0.1", "DUBAN_PORT": url.rpartition(":")[2]}
        return Child(name, [*DUBAN, *arguments], {**environment, **own}, self.logs / f"{name}.log")

    def _proxy(self, environment: Mapping[str, str]) -> Child:
        command = [sys.executable, "-m", "services.duban.proxy", str(self.port)]
        command += [f"{name}={url}" for name, url in self.web.items()]
        return Child("proxy", command, environment, self.logs / "proxy.log")


def database_url(postgres: PostgresServer, service: str) -> str:
    return postgres.dsn.rpartition("/")[0] + f"/duban_{service}"


def run_stack(data: Path, *, demo: bool) -> None:
    """Start everything, say where it is, and keep it running until Ctrl-C or SIGTERM. Raises CannotStart."""
    settings = settings_of_all()["task"]
    check_port(settings)
    stack = Stack(data, settings.port, demo=demo)
    with plain_reasons():
        stack.logs.mkdir(parents=True, exist_ok=True)
    console = Console(soft_wrap=True)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    with suppress(KeyboardInterrupt), ExitStack() as running:
        try:
            servers = _start_servers(stack, console, running)
        except NoServer as reason:
            raise CannotStart(f"服务器起不来，请按说明补齐。 A server does not start: {reason}") from reason
        environment = stack.environment(servers)
        _prepare_databases(servers.postgres, environment, console)
        asyncio.run(_serve(stack, environment, console))
    console.print(f"Stopped; the data stays in {stack.data}.")


def _start_servers(stack: Stack, console: Console, running: ExitStack) -> Servers:
    kafka = PackagedKafka(stack.data / "kafka", CACHE)
    with _step(console, "Kafka (the first start fetches about 50 MB)"):
        kafka.start()
    running.callback(kafka.stop)
    postgres = PackagedPostgres(stack.data / "postgres")
    with _step(console, "PostgreSQL"):
        postgres.start()
    running.callback(postgres.stop)
    return Servers(kafka, postgres)


def _prepare_databases(postgres: PostgresServer, environment: Mapping[str, str], console: Console) -> None:
    with _step(console, "databases and topics"):
        for service in WITH_DATABASE:
            with suppress(asyncpg.DuplicateDatabaseError):
                postgres.create_database(f"duban_{service}")
        asyncio.run(_run_duban(["db", "upgrade"], environment))


async def _serve(stack: Stack, environment: Mapping[str, str], console: Console) -> None:
    keeping = asyncio.create_task(Supervisor(console.print).keep(stack.children(environment)))
    try:
        with _step(console, "services"):
            await _wait_until_ready(stack)
        if stack.demo:
            await _run_duban(["demo", "load"], environment)
        console.print(f"Duban is at {stack.url}; logs are in {stack.logs}. Ctrl-C stops it.")
        await keeping
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


async def _wait_until_ready(stack: Stack) -> None:
    paths = [f"/api/{name}/v1/readyz" for name in WITH_DATABASE] + ["/livez"]
    deadline = time.monotonic() + READY_SECONDS
    async with httpx.AsyncClient(base_url=stack.url) as http:
        waiting = paths
        while waiting := [path for path in waiting if not await _answers_well(http, path)]:
            if time.monotonic() > deadline:
                late, seconds = ", ".join(waiting), f"{READY_SECONDS:.0f}"
                raise CannotStart(
                    f"{late} 在 {seconds} 秒内没有就绪，请看 {stack.logs} 里的日志。 "
                    f"{late} did not get ready in {seconds} s; read the logs in {stack.logs}."
                )
            await asyncio.sleep(0.1)


async def _answers_well(http: httpx.AsyncClient, path: str) -> bool:
    try:
        return (await http.get(path)).is_success
    except httpx.TransportError:
        return False


async def _run_duban(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run a command to its end in this terminal. Raises CannotStart."""
    process = await asyncio.create_subprocess_exec(*DUBAN, *arguments, env=environment)
    if await process.wait() != 0:
        command = " ".join(("duban", *arguments))
        raise CannotStart(f"{command} 没有成功，原因见上。 {command} failed; the reason stands above.")


@contextmanager
def _step(console: Console, what: str) -> Iterator[None]:
    started = time.monotonic()
    with console.status(f"Starting {what} ..."):
        yield
    console.print(f"[green]✓[/] {what} [dim]{time.monotonic() - started:.1f} s[/]")
