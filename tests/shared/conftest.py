"""Services built only from shared parts: a small one for auth and web, one with parcels for delivery."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.bus.embedded import EmbeddedBus
from shared.bus.open import open_bus
from tests.shared.parcels import Parcels, parcels_on, unique_name
from tests.shared.small_service import Small, small_service


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def either(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Small]:
    server = None if request.param == "sqlite" else request.getfixturevalue("postgres_server")
    url = server.create_database() if server else f"sqlite:///{tmp_path / 'small.db'}"
    async with small_service(url, tmp_path) as running:
        yield running
    if server:
        server.drop_database(url)


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Small]:
    async with small_service(f"sqlite:///{tmp_path / 'small.db'}", tmp_path) as running:
        yield running


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Small]:
    """On SQLite, with the demo clock."""
    async with small_service(f"sqlite:///{tmp_path / 'small.db'}", tmp_path, demo=True) as running:
        yield running


@pytest.fixture
async def parcels(database_url: str, tmp_path: Path) -> AsyncIterator[Parcels]:
    """The parcel service on either database and the embedded bus, not started."""
    bus = EmbeddedBus(tmp_path / "bus.db")
    await bus.start()
    async with parcels_on(database_url, bus, tmp_path) as parcels:
        yield parcels
    await bus.stop()


@pytest.fixture(params=["embedded", pytest.param("production", marks=[pytest.mark.postgres, pytest.mark.kafka])])
async def whole_parcels(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Parcels]:
    """The parcel service on either backend as a whole, not started."""
    if request.param == "embedded":
        url, bus_url = f"sqlite:///{tmp_path / 'test.db'}", f"embedded:///{tmp_path / 'bus.db'}"
    else:
        url = request.getfixturevalue("postgres_server").create_database()
        bus_url = f"kafka://{request.getfixturevalue('kafka_server').bootstrap}"
    bus = open_bus(bus_url)
    await bus.start()
    async with parcels_on(url, bus, tmp_path, name=unique_name()) as parcels:
        yield parcels
    await bus.stop()
    if request.param == "production":
        request.getfixturevalue("postgres_server").drop_database(url)
