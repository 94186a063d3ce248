"""Finding real servers: a given address, else Docker, else Python packages.

`DUBAN_TEST_KAFKA` and `DUBAN_TEST_POSTGRES` give addresses. `DUBAN_TEST_SERVERS=docker` or `packages` forces a way.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from shared.testing.kafka_server import DockerKafka, GivenKafka, KafkaServer, PackagedKafka
from shared.testing.postgres_server import DockerPostgres, GivenPostgres, PackagedPostgres, PostgresServer
from shared.testing.process import NoServer

__all__ = ["CACHE", "KafkaServer", "NoServer", "PostgresServer", "start_kafka", "start_postgres"]

CACHE = Path.home() / ".cache" / "duban"
Server = TypeVar("Server", KafkaServer, PostgresServer)


def start_kafka(folder: Path, cache: Path = CACHE) -> KafkaServer:
    """A running broker; one from packages keeps its data in `folder`. Raises NoServer with the reason of every way."""
    ways: dict[str, Callable[[], KafkaServer]] = {
        "docker": DockerKafka,
        "packages": lambda: PackagedKafka(folder, cache),
    }
    if address := os.environ.get("DUBAN_TEST_KAFKA"):
        ways = {"address": lambda: GivenKafka(address)}
    return _first_that_starts(ways)


def start_postgres(folder: Path) -> PostgresServer:
    """A running server; one from the package keeps its data in `folder`. Raises NoServer with the reason of every way."""
    ways: dict[str, Callable[[], PostgresServer]] = {
        "docker": DockerPostgres,
        "packages": lambda: PackagedPostgres(folder),
    }
    if dsn := os.environ.get("DUBAN_TEST_POSTGRES"):
        ways = {"address": lambda: GivenPostgres(dsn)}
    return _first_that_starts(ways)


def _first_that_starts(ways: Mapping[str, Callable[[], Server]]) -> Server:
    forced = os.environ.get("DUBAN_TEST_SERVERS")
    reasons = []
    for name, make in ways.items():
        if name in (forced or name, "address"):
            try:
                server = make()
                server.start()
            except NoServer as reason:
                reasons.append(f"{name}: {reason}")
            else:
                return server
    raise NoServer("; ".join(reasons) or f"DUBAN_TEST_SERVERS={forced} names none of {', '.join(ways)}")
