"""The systems that are killed. Each is prepared once and then lives through all faults of its module."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.duban.client import Client
from services.duban.demo.clockwork import settle
from services.duban.rebuilding import rebuild
from shared.bus.open import open_bus
from shared.testing.servers import start_kafka, start_postgres
from tests.conftest import running
from tests.faults.invariants import Finding, check, same_after_rebuild
from tests.faults.load import Ledger, Load, People, duties
from tests.faults.scenery import admin_of, prepare
from tests.faults.systems import EmbeddedSystem, ProductionSystem, System

REQUEST_SECONDS = 30.0
REBUILT = ("reporting.board", "reporting.directory")


class Arena:
    """A prepared system, its people, and the ledger of all that they have done since it was prepared."""

    def __init__(self, system: System, http: httpx.Client) -> None:
        self.system = system
        self.people: People = prepare(system, http)
        self.ledger = Ledger(system.folder / "ledger.jsonl")

    def load(self) -> Load:
        return Load(self.people, self.ledger, duties())

    def admin(self) -> Client:
        return admin_of(self.system, self.people.http)

    def settle(self) -> None:
        """Returns when nothing is on its way any more."""
        self.system.wait_until_ready()
        settle(self.admin())

    def assert_all_is_well(self) -> None:
        """The system comes to rest by itself, and every invariant holds."""
        self.settle()
        admin = self.admin()
        findings = asyncio.run(self.look())
        answers = [rebuild(admin, "reporting", name) for name in REBUILT]
        assert findings + same_after_rebuild(answers) == []

    async def look(self) -> list[Finding]:
        bus = open_bus(self.system.bus_url)
        await bus.start()
        services = self.system.services(bus)
        try:
            return await check(services, bus, self.ledger.acked(), self.ledger.sent())
        finally:
            for service in services:
                await service.database.close()
            await bus.stop()


@pytest.fixture(scope="session")
def embedded_arena() -> Iterator[Arena]:
    with tempfile.TemporaryDirectory(prefix="duban-faults-") as folder:
        yield from _arena(EmbeddedSystem(Path(folder)))


@pytest.fixture(scope="session")
def production_arena(pytestconfig: pytest.Config) -> Iterator[Arena]:
    """With servers of its own, since they are killed too."""
    with (
        tempfile.TemporaryDirectory(prefix="duban-faults-") as folder,
        running("Kafka to be killed", start_kafka, pytestconfig) as kafka,
        running("PostgreSQL to be killed", start_postgres, pytestconfig) as postgres,
    ):
        if not (kafka.restartable and postgres.restartable):
            pytest.skip("servers at given addresses are not ours to kill")
        yield from _arena(ProductionSystem(Path(folder), kafka, postgres))


def _arena(system: System) -> Iterator[Arena]:
    http = httpx.Client(timeout=REQUEST_SECONDS, trust_env=False)
    try:
        system.start()
        arena = Arena(system, http)
        yield arena
        arena.ledger.close()
    finally:
        http.close()
        for process in (*system.processes.values(), *system.front):
            process.kill()
            print(f"--- the end of what {process.name} printed:\n{process.tail()}")


@pytest.fixture(params=["embedded", pytest.param("production", marks=[pytest.mark.kafka, pytest.mark.postgres])])
def arena(request: pytest.FixtureRequest) -> Arena:
    arena: Arena = request.getfixturevalue(f"{request.param}_arena")
    return arena
