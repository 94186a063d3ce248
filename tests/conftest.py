"""Servers that tests share. Each is started when the first test asks for it, and the summary says where it came from."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from shared.testing.servers import KafkaServer, NoServer, PostgresServer, start_kafka, start_postgres

Server = TypeVar("Server", KafkaServer, PostgresServer)

used_servers = pytest.StashKey[dict[str, str]]()


@pytest.fixture(scope="session")
def kafka_server(pytestconfig: pytest.Config) -> Iterator[KafkaServer]:
    with running("Kafka", start_kafka, pytestconfig) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> Iterator[PostgresServer]:
    with running("PostgreSQL", start_postgres, pytestconfig) as server:
        yield server


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for name, origin in config.stash.get(used_servers, {}).items():
        terminalreporter.write_line(f"{name}: {origin}")
