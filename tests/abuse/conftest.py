"""The whole system, built once: the tests here ask much and change nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.duban.catalogue import WITH_DATABASE
from tests.abuse.whole import Whole, empty_databases, open_whole


@pytest_asyncio.fixture(
    scope="session",
    loop_scope="session",
    params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)],
)
async def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    folder: Path = tmp_path_factory.mktemp("whole")
    if request.param == "sqlite":
        async with open_whole(folder, empty_databases(folder)) as system:
            yield system
        return
    server = request.getfixturevalue("postgres_server")
    databases = {name: server.create_database() for name in WITH_DATABASE}
    async with open_whole(folder, databases) as system:
        yield system
    for url in databases.values():
        server.drop_database(url)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def unchanged(whole: Whole) -> AsyncIterator[None]:
    """Whatever a module's tests ask, every database holds afterwards what it held before."""
    before = await whole.digest()
    yield
    assert await whole.digest() == before
