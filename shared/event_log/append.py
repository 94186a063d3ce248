"""Writing facts: bump the aggregate, append to its chain, note what is to be sent. One statement on PostgreSQL."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Table, bindparam, exists, insert, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db.prepared import Prepared
from shared.errors import VersionConflict
from shared.event_log.tables import EventLogTables

LogRow = Mapping[str, Any]


async def change_and_append(
    connection: AsyncConnection,
    tables: EventLogTables,
    target: Table,
    change: Mapping[str, Any],
    rows: Sequence[LogRow],
) -> None:
    """Write an aggregate's changed columns and its events. `change` holds `id`, the new `version` and `head`.

    Raises VersionConflict where the stored version is not the one that the events follow.
    """
    before = change["version"] - len(rows)
    if len(rows) == 1 and connection.dialect.name == "postgresql":
        await _change_and_append_at_once(connection, tables, target, change, rows[0], before)
        return
    columns = {name: value for name, value in change.items() if name != "id"}
    bumped = await connection.execute(
        _bump(target, tuple(columns)), {**_new(columns), "_id": change["id"], "_before": before}
    )
    if bumped.rowcount == 0:
        raise VersionConflict
    await append(connection, tables, rows)


async def append(connection: AsyncConnection, tables: EventLogTables, rows: Sequence[LogRow]) -> None:
    """Append events of aggregates that this transaction has locked or made; in the order given."""
    if not rows:
        return
    await connection.execute(insert(tables.log), rows)
    ids = [row["event_id"] for row in rows]
    for start in range(0, len(ids), 500):  # below SQLite's and asyncpg's limits on parameters
        some = ids[start : start + 500]
        written = select(tables.log.c.seq, tables.log.c.event_id).where(tables.log.c.event_id.in_(some))
        await connection.execute(insert(tables.outbox).from_select(["seq", "event_id"], written))


async def _change_and_append_at_once(
    connection: AsyncConnection,
    tables: EventLogTables,
    target: Table,
    change: Mapping[str, Any],
    row: LogRow,
    before: int,
) -> None:
    columns = {name: value for name, value in change.items() if name != "id"}
    statement = _bump_and_append(tables, target, tuple(columns), tuple(row))
    values = {**_new(columns), "_id": change["id"], "_before": before, **{f"log_{k}": v for k, v in row.items()}}
    if await statement.execute(connection, values) == 0:
        raise VersionConflict


def _new(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {f"new_{name}": value for name, value in columns.items()}


@lru_cache(maxsize=256)
def _bump(target: Table, columns: tuple[str, ...]) -> Any:
    """UPDATE of these columns where the version is still the one before."""
    return (
        update(target)
        .where(target.c.id == bindparam("_id", type_=target.c.id.type), target.c.version == bindparam("_before"))
        .values({name: bindparam(f"new_{name}", type_=target.c[name].type) for name in columns})
    )


@lru_cache(maxsize=256)
def _bump_and_append(
    tables: EventLogTables, target: Table, columns: tuple[str, ...], log_columns: tuple[str, ...]
) -> Prepared:
    bumped = _bump(target, columns).returning(literal_column("1").label("one")).cte("bumped")
    values = [bindparam(f"log_{name}", type_=tables.log.c[name].type) for name in log_columns]
    logged = (
        insert(tables.log)
        .from_select(log_columns, select(*values).where(exists(select(bumped.c.one))))
        .returning(tables.log.c.seq, tables.log.c.event_id)
        .cte("logged")
    )
    sent = insert(tables.outbox).from_select(["seq", "event_id"], select(logged.c.seq, logged.c.event_id))
    return Prepared(sent)
