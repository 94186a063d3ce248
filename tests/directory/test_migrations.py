"""The migrations make the tables that the code describes."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from services.directory.models import DirectoryTable
from tests.directory.conftest import Directory


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), DirectoryTable.metadata))


async def test_the_migrated_database_is_the_one_that_the_code_expects(either: Directory) -> None:
    async with either.service.database.write() as connection:
        assert await connection.run_sync(differences) == []
