"""Writing facts: bump the aggregate, append to its chain, note what is to be sent. One statement on PostgreSQL."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Table, Update, bindparam, exists, func, insert, literal_column, select, update
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
    columns = tuple(name for name in change if name != "id")
    values = {f"new_{name}": change[name] for name in columns}
    values |= {"_id": change["id"], "_before": change["version"] - len(rows)}
    if len(rows) == 1 and connection.dialect.name == "postgresql":
        at_once = _bump_and_append(tables, target, columns, tuple(rows[0]))
        changed = await at_once.execute(connection, {**values, **_log_values(rows[0])})
    else:
        changed = await _bump(target, columns).execute(connection, values)
    if changed == 0:
        raise VersionConflict
    if len(rows) > 1:
        await append(connection, tables, rows)
    elif connection.dialect.name != "postgresql":
        await _append_one(connection, tables, rows[0])


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


async def _append_one(connection: AsyncConnection, tables: EventLogTables, row: LogRow) -> None:
    """On SQLite, where a statement costs no round trip."""
    values = _log_values(row)
    await _log_one(tables, tuple(row)).execute(connection, values)
    await _send_one(tables).execute(connection, values)


def _log_values(row: LogRow) -> dict[str, Any]:
    return {f"log_{name}": value for name, value in row.items()}


@lru_cache(maxsize=256)
def _bump(target: Table, columns: tuple[str, ...]) -> Prepared:
    return Prepared(_bumping(target, columns))


def _bumping(target: Table, columns: tuple[str, ...]) -> Update:
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
    bumped = _bumping(target, columns).returning(literal_column("1").label("one")).cte("bumped")
    values = [bindparam(f"log_{name}", type_=tables.log.c[name].type) for name in log_columns]
    logged = (
        insert(tables.log)
        .from_select(log_columns, select(*values).where(exists(select(bumped.c.one))))
        .returning(tables.log.c.seq, tables.log.c.event_id)
        .cte("logged")
    )
    sent = insert(tables.outbox).from_select(["seq", "event_id"], select(logged.c.seq, logged.c.event_id))
    return Prepared(sent)


@lru_cache(maxsize=64)
def _log_one(tables: EventLogTables, columns: tuple[str, ...]) -> Prepared:
    values = {name: bindparam(f"log_{name}", type_=tables.log.c[name].type) for name in columns}
    return Prepared(insert(tables.log).values(values))


@lru_cache(maxsize=64)
def _send_one(tables: EventLogTables) -> Prepared:
    event_id = bindparam("log_event_id", type_=tables.outbox.c.event_id.type)
    return Prepared(insert(tables.outbox).values(seq=func.last_insert_rowid(), event_id=event_id))
