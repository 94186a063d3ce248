"""The servers that tests run against: found where there are any, and killed without losing their port and their data."""

import gc
import warnings
from pathlib import Path

import asyncpg
import pytest

from shared.testing.docker import ensure_image
from shared.testing.process import NoServer
from shared.testing.servers import PostgresServer


@pytest.mark.postgres
async def test_postgres_keeps_committed_rows_when_it_is_killed(postgres_server: PostgresServer) -> None:
    if not postgres_server.restartable:
        pytest.skip("the server is not ours to kill")
    dsn = postgres_server.create_database()
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    postgres_server.kill()
    with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
        await connection.execute("SELECT 1")
    postgres_server.start()
    connection = await asyncpg.connect(dsn)
    assert await connection.fetchval("SELECT number FROM kept") == 7
    assert (await connection.fetchval("SHOW server_version")).startswith("18")
    await connection.close()
    postgres_server.drop_database(dsn)


def test_an_engine_that_does_not_listen_is_no_server_and_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'docker.sock'}")
    with warnings.catch_warnings(record=True) as left_open:
        warnings.simplefilter("always")
        with pytest.raises(NoServer, match="no Docker engine answers"):
            ensure_image("postgres:18")
        gc.collect()
    assert [str(each.message) for each in left_open if each.category is ResourceWarning] == []
