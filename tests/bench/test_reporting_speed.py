"""How fast the board answers over HTTP with 10,000 assignments, and how fast its projection folds them in."""

import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from services.duban.serving import spare_the_collector
from services.reporting.app import create_app
from services.reporting.projections import accounts, board
from services.reporting.settings import ReportingSettings
from shared.db import Database
from shared.db.migrations import upgrade
from shared.events import Recorded
from tests.bench.conftest import Measured
from tests.reporting.readers import know_key, signed_in
from tests.reporting.story import PLAN, PUBLISHED, Story, account, account_id, large_plan

pytestmark = pytest.mark.bench
MEASURES, UNITS = 100, 100
REQUESTS = 200
BOARD = f"/api/reporting/v1/plans/{PLAN}/board"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def app(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FastAPI]:
    server = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    address = server.create_database() if server else ""
    settings = ReportingSettings(
        data=tmp_path, database_url=address, demo=True, demo_starts="2024-04-08T10:00:00+08:00"
    )
    app = create_app(settings)
    await upgrade(app.state.service.database, "services.reporting")
    await know_key(app)
    yield app
    await app.state.service.database.close()
    if server:
        server.drop_database(address)


async def test_the_board_of_ten_thousand_assignments_takes_less_than_a_tenth_of_a_second(
    app: FastAPI, measured: Measured
) -> None:
    database: Database = app.state.service.database
    backend = "SQLite" if database.is_sqlite else "PostgreSQL"
    rate = await fold(database, list(large_plan(PLAN, MEASURES, UNITS)))
    measured("fold events into the board", backend, rate, "events/s")
    await know_the_office(database)
    spare_the_collector()
    seconds = await ask(app, REQUESTS)
    measured("board of 10,000 assignments, median", backend, 1000 * seconds[REQUESTS // 2], "ms")
    p99 = 1000 * seconds[REQUESTS * 99 // 100]
    measured("board of 10,000 assignments, p99", backend, p99, "ms")
    assert p99 <= 100


async def fold(database: Database, events: Sequence[Recorded[Any]]) -> float:
    """Events a second, in the batches that a runner would take."""
    batch = 100 if database.is_sqlite else 500
    started = time.perf_counter()
    for start in range(0, len(events), batch):
        async with database.write() as connection:
            await board.apply(connection, events[start : start + batch])
    return len(events) / (time.perf_counter() - started)


async def know_the_office(database: Database) -> None:
    story = Story()
    story.record(f"account/{account_id('office')}", PUBLISHED, account("office", "office"))
    async with database.write() as connection:
        await accounts.apply(connection, story.events)
        await connection.execute(text("ANALYZE"))  # as autovacuum does within a minute


async def ask(app: FastAPI, times: int) -> list[float]:
    """How long each of so many boards took, the shortest first."""
    took = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://duban") as client:
        for _ in range(times + 5):
            started = time.perf_counter()
            answer = await client.get(BOARD, headers=signed_in("office"))
            took.append(time.perf_counter() - started)
            assert answer.json()["totals"]["assignments"] == MEASURES * UNITS
    return sorted(took[5:])
