"""The office's desk before there is a plan."""

import pytest

from tests.task.city import City
from tests.task.plan_drafts.desk import learn_names


@pytest.fixture
async def office(town: City) -> City:
    """On SQLite."""
    await learn_names(town)
    return town


@pytest.fixture
async def either_office(either_town: City) -> City:
    """On each database."""
    await learn_names(either_town)
    return either_town
