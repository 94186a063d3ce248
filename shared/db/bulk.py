"""Statements over many rows that both databases answer in one round trip."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Table, any_, bindparam, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import Insert

Values = Sequence[Mapping[str, Any]]


async def rows_in(
    connection: AsyncConnection, table: Table, column: str, keys: Iterable[Any], *where: ColumnElement[bool]
) -> list[dict[str, Any]]:
    """Rows whose column holds one of the keys."""
    wanted = list(keys)
    if not wanted:
        return []
    target = table.c[column]
    if connection.dialect.name == "postgresql":
        among = target == any_(bindparam("keys", wanted, type_=postgresql.ARRAY(target.type)))
        found = await connection.execute(select(table).where(among, *where))
        return [dict(row._mapping) for row in found]
    rows: list[dict[str, Any]] = []
    for start in range(0, len(wanted), 900):  # SQLite's old limit on parameters is 999
        found = await connection.execute(select(table).where(target.in_(wanted[start : start + 900]), *where))
        rows += [dict(row._mapping) for row in found]
    return rows


async def insert_rows(connection: AsyncConnection, table: Table, values: Values) -> None:
    if values:
        await connection.execute(insert(table), values)


async def insert_missing(connection: AsyncConnection, table: Table, values: Values) -> None:
    """Insert the rows whose keys are not there yet; the others stay as they are."""
    if values:
        await connection.execute(_insert(connection, table).on_conflict_do_nothing(), values)


async def upsert_rows(connection: AsyncConnection, table: Table, values: Values) -> None:
    """Insert, or overwrite the row with the same primary key. All rows carry the same columns."""
    if values:
        await connection.execute(_upsert(connection.dialect.name, table, tuple(values[0])), values)


@lru_cache(maxsize=128)
def _upsert(dialect: str, table: Table, columns: tuple[str, ...]) -> Insert:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = make(table)
    keys = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in columns if name not in keys}
    if not changed:
        return statement.on_conflict_do_nothing(index_elements=keys)
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


def _insert(connection: AsyncConnection, table: Table) -> Any:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
