"""Reporting's database on either backend, filled through the projections' own handlers."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import delete

from services.reporting.models import ReportingTable
from services.reporting.projections import accounts, board, directory
from services.reporting.queries.board import Asked, get_board
from services.reporting.queries.plans import get_plan
from services.reporting.schemas import BoardOut
from shared.auth import Actor
from shared.db import Database
from shared.db.migrations import upgrade
from shared.testing.postgres_server import PostgresServer
from tests.reporting.story import PLAN, Story, account_id, at

DAY = "2024-04-08"
Tell = Callable[[Story], Awaitable[None]]
BoardOf = Callable[..., Awaitable[BoardOut]]
AskedOf = Callable[..., Awaitable[Asked]]


@pytest.fixture(autouse=True)
def plain_logs() -> None:
    """Without this a logged traceback is drawn with all local variables, which takes seconds."""
    structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()])


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database with reporting's tables."""
    if request.param == "sqlite":
        return f"sqlite:///{shutil.copy(request.getfixturevalue('migrated'), tmp_path)}"
    database = Database(request.getfixturevalue("shared_postgres"))
    await upgrade(database, "services.reporting")
    await empty(database)
    await database.close()
    return database.url


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite file with reporting's tables; copying it is faster than migrating for each test."""
    file = tmp_path_factory.mktemp("reporting") / "reporting.db"
    with ThreadPoolExecutor(1) as thread:  # in a loop of its own: whoever asks for it first is running in one
        thread.submit(lambda: asyncio.run(migrate(f"sqlite:///{file}"))).result()
    return file


async def migrate(url: str) -> None:
    database = Database(url)
    await upgrade(database, "services.reporting")
    await database.close()


@pytest.fixture(scope="session")
def shared_postgres(postgres_server: PostgresServer) -> Iterator[str]:
    """One database for all tests, since making one takes longer than most of them."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


async def empty(database: Database) -> None:
    async with database.write() as connection:
        for table in ReportingTable.metadata.sorted_tables:
            if table.name != "event_log":  # append-only, and reporting writes nothing there
                await connection.execute(delete(table))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
def tell(database: Database) -> Tell:
    """Apply a story's events as one batch of each projection that wants them."""

    async def apply(story: Story) -> None:
        async with database.write() as connection:
            for projection in (directory, accounts, board):
                wanted = projection.event_types()
                await projection.apply(connection, [event for event in story.events if event.data.type in wanted])

    return apply


@pytest.fixture
def asked(database: Database) -> AskedOf:
    """What a caller asks of the plan on a day; the office, unless another caller is given."""

    async def ask(
        caller: Actor | None = None, *, now: datetime | str = DAY, period: str | None = None, as_of: str | None = None
    ) -> Asked:
        instant = at(now) if isinstance(now, str) else now
        day = date.fromisoformat(as_of) if as_of else None
        async with database.read() as connection:
            plan = await get_plan(connection, caller or person("office"), PLAN, instant, day)
        return Asked(plan, plan.period(period), day, "zh-CN")

    return ask


@pytest.fixture
def board_of(database: Database, asked: AskedOf) -> BoardOf:
    """The board as a caller sees it on a day."""

    async def get(*caller: Actor, **asks: Any) -> BoardOut:
        question = await asked(*caller, **asks)
        async with database.read() as connection:
            return await get_board(connection, question)

    return get


def person(role: str, unit: str | None = None, districts: frozenset[str] = frozenset()) -> Actor:
    return Actor(account_id(role), role, frozenset({role}), unit, districts)
