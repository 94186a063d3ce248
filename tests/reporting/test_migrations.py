"""The migrations make the tables that the code describes."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from services.reporting.models import ReportingTable
from shared.auth.keys import known_keys_table
from shared.db import Database


def differences(connection: Connection) -> list[object]:
    known_keys_table(ReportingTable.metadata)  # as the web application does
    return list(compare_metadata(MigrationContext.configure(connection), ReportingTable.metadata))


async def test_the_migrated_database_is_the_one_that_the_code_expects(database: Database) -> None:
    async with database.write() as connection:
        assert await connection.run_sync(differences) == []
