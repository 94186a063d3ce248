"""Servers that tests share. Each is started when the first test asks for it, and the summary says where it came from."""

import gc
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
import structlog
from hypothesis import HealthCheck, settings

from shared.bus import Bus
from shared.bus.open import open_bus
from shared.db import Database
from shared.testing.servers import KafkaServer, NoServer, PostgresServer, start_kafka, start_postgres

Server = TypeVar("Server", KafkaServer, PostgresServer)

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
settings.register_profile("test", UNHURRIED)
settings.register_profile("ci", UNHURRIED, derandomize=True)  # a run that counts tries the same examples each time
settings.register_profile("check", UNHURRIED, max_examples=20)  # a fifth of what `make test` tries
settings.load_profile("ci" if os.environ.get("CI") else "test")

used_servers = pytest.StashKey[dict[str, str]]()


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """The default renderer draws every traceback with all its variables, which costs half a second each."""
    structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()])


@pytest.fixture(scope="session")
def kafka_server(pytestconfig: pytest.Config) -> Iterator[KafkaServer]:
    with running("Kafka", start_kafka, pytestconfig) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> Iterator[PostgresServer]:
    with running("PostgreSQL", start_postgres, pytestconfig) as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database on either backend."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create_database()
    yield url
    server.drop_database(url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An empty database on either backend."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
async def bus(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bus]:
    """A bus of either kind, started. On Kafka the server is shared: name topics and groups uniquely."""
    if request.param == "embedded":
        url = f"embedded:///{tmp_path / 'bus.db'}"
    else:
        url = f"kafka://{request.getfixturevalue('kafka_server').bootstrap}"
    bus = open_bus(url)
    await bus.start()
    yield bus
    await bus.stop()


@contextmanager
def running(name: str, start: Callable[[Path], Server], config: pytest.Config) -> Iterator[Server]:
    """A server for the session. Without one its tests are skipped, or fail where `CI` says that everything must run."""
    used = config.stash.setdefault(used_servers, {})
    # Not pytest's own folder: only root may pass it, and PostgreSQL runs as somebody else.
    with tempfile.TemporaryDirectory(prefix="duban-") as folder:
        Path(folder).chmod(0o755)
        try:
            server = start(Path(folder))
        except NoServer as reason:
            used[name] = f"none ({reason})"
            give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            give_up(f"no {name}: {reason}")
        used[name] = server.origin
        try:
            yield server
        finally:
            server.close()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Thousands of collected tests stay to the end: the collector of garbage need not look at them again and again."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for name, origin in config.stash.get(used_servers, {}).items():
        terminalreporter.write_line(f"{name}: {origin}")
