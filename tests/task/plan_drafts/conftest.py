"""The office's desk before there is a plan."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.task.city import City, copied, open_city
from tests.task.conftest import open_copy
from tests.task.facts import Directory
from tests.task.plan_drafts.desk import imported, learn_names


@pytest.fixture
async def office(town: City) -> City:
    """With an empty desk, on SQLite."""
    await learn_names(town)
    return town


@pytest.fixture
async def either_office(either_town: City) -> City:
    """As `office`, on each database."""
    await learn_names(either_town)
    return either_town


@pytest.fixture(scope="session")
def desk_template(people_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    with ThreadPoolExecutor(1) as thread:  # in a loop of its own, as the other templates
        return thread.submit(lambda: asyncio.run(with_a_draft(people_template, folder))).result()


async def with_a_draft(template: Path, folder: Path) -> Path:
    async with open_city(folder, copied(template, folder)) as city:
        city.people = Directory.after_everything()
        await learn_names(city)
        await imported(city)
    return folder / "task.db"


@pytest.fixture
async def desk(desk_template: Path, tmp_path: Path) -> AsyncIterator[City]:
    """With one imported draft on it."""
    async with open_copy(desk_template, tmp_path) as city:
        yield city
