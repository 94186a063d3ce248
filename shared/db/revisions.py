"""Rows with a revision of their own, which count up by one."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import VersionConflict


async def store_revision(connection: AsyncConnection, table: Table, row: Mapping[str, Any]) -> None:
    """Store a row as revision 1, or over the revision before its own.

    Raises VersionConflict where somebody else was a moment earlier, so that nobody's revision is lost unseen.
    """
    statement = _first(connection.dialect.name, table, row) if row["revision"] == 1 else _next(table, row)
    stored = await connection.execute(statement.returning(table.c.revision))
    if stored.first() is None:
        raise VersionConflict


def _first(dialect: str, table: Table, row: Mapping[str, Any]) -> Any:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table).values(row).on_conflict_do_nothing()


def _next(table: Table, row: Mapping[str, Any]) -> Any:
    same = (column == row[column.name] for column in table.primary_key)
    return update(table).where(*same, table.c.revision == row["revision"] - 1).values(row)
