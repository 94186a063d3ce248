"""The servers that tests run against survive being killed, with their port and their data."""

import asyncpg
import pytest

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
