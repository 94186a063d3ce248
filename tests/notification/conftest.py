"""The notification service on either backend."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.notification.desk import Desk, open_desk
from tests.notification.events import Story


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    """The service with its staff and the plan."""
    server = None if request.param == "sqlite" else request.getfixturevalue("postgres_server")
    url = server.create_database() if server else ""
    async with open_desk(tmp_path, url) as desk:
        await desk.staff()
        yield desk
    if server:
        server.drop_database(url)


@pytest.fixture
def story() -> Story:
    return Story()
