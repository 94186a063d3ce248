"""The task service of a small city, on either database. The clock starts on Friday 2023-12-01 at 09:00."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.task.city import City, copied, make_template, open_city, settle_people
from tests.task.facts import Directory, plan_file

DEADLINE_DAY = "2024-04-08"


@pytest.fixture(scope="session")
def people_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("task"), published=False)


@pytest.fixture(scope="session")
def published_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("task"), published=True)


@pytest.fixture
async def town(people_template: Path, tmp_path: Path) -> AsyncIterator[City]:
    """Before there is a plan."""
    async with open_copy(people_template, tmp_path) as city:
        yield city


@pytest.fixture
async def started(published_template: Path, tmp_path: Path) -> AsyncIterator[City]:
    """The minute in which the plan was published."""
    async with open_copy(published_template, tmp_path) as city:
        yield city


@pytest.fixture
async def city(started: City) -> City:
    """The morning of the day on which 2024-Q1 is due."""
    await started.move_to(DEADLINE_DAY)
    return started


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def either_town(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[City]:
    """As `town`, on each database."""
    if request.param == "sqlite":
        async with open_copy(request.getfixturevalue("people_template"), tmp_path) as city:
            yield city
        return
    server = request.getfixturevalue("postgres_server")
    url = server.create_database()
    async with open_city(tmp_path, url) as city:
        await settle_people(city)
        yield city
    server.drop_database(url)


@pytest.fixture
async def either(either_town: City) -> City:
    """As `started`, on each database."""
    await either_town.draft(plan_file())
    await either_town.publish()
    return either_town


def built(folder: Path, *, published: bool) -> Path:
    """In a loop of its own: whoever asks for it first may be running in one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(make_template(folder, published=published))).result()


@asynccontextmanager
async def open_copy(template: Path, folder: Path) -> AsyncIterator[City]:
    async with open_city(folder, copied(template, folder)) as city:
        city.people = Directory.after_everything()
        yield city
