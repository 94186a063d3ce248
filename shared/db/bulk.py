"""Statements over many rows that both databases answer in one round trip."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Table, and_, any_, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db.prepared import driver_of

T = TypeVar("T")
Values = Sequence[Mapping[str, Any]]


def in_parts(rows: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """The rows in the order given, so many at a time that a statement with them keeps nobody waiting."""
    left = iter(rows)
    while part := list(islice(left, size)):
        yield part


async def rows_in(
    connection: AsyncConnection,
    table: Table,
    column: str,
    keys: Iterable[Any],
    *where: ColumnElement[bool],
    lock: bool = False,
) -> list[dict[str, Any]]:
    """Rows whose column holds one of the keys. With `lock` they stay as they are until the transaction ends."""
    wanted = list(keys)
    if not wanted:
        return []
    target = table.c[column]
    if connection.dialect.name == "postgresql":
        among = target == any_(bindparam("keys", wanted, type_=postgresql.ARRAY(target.type)))
        query = select(table).where(among, *where)
        if lock:
            query = query.order_by(
                target
            ).with_for_update()  # in one order, so that two lockers cannot block each other
        found = await connection.execute(query)
        return [dict(row._mapping) for row in found]
    rows: list[dict[str, Any]] = []
    for start in range(0, len(wanted), 900):  # SQLite's old limit on parameters is 999
        found = await connection.execute(select(table).where(target.in_(wanted[start : start + 900]), *where))
        rows += [dict(row._mapping) for row in found]
    return rows


async def insert_rows(connection: AsyncConnection, table: Table, values: Values) -> None:
    """All rows carry the same columns; so below."""
    if values:
        await _execute(connection, _insert(connection.dialect.name, table, tuple(values[0])), values)


async def copy_rows(
    connection: AsyncConnection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert rows given as values in the order of `columns`, by COPY on PostgreSQL: its driver looks at each value once.

    Nothing may be there already under their keys.
    """
    if connection.dialect.name != "postgresql":
        await insert_rows(connection, table, [dict(zip(columns, row, strict=True)) for row in rows])
        return
    driver = driver_of(connection)
    if not driver.is_in_transaction():  # SQLAlchemy begins with its first statement
        await connection.execute(select(1))
    prepared = _prepared(table, tuple(columns))
    records = [
        [value if prepare is None else prepare(value) for prepare, value in zip(prepared, row, strict=True)]
        for row in rows
    ]
    await driver.copy_records_to_table(table.name, records=records, columns=columns)


@lru_cache(maxsize=128)
def _prepared(table: Table, columns: tuple[str, ...]) -> tuple[Any, ...]:
    """What the type of each column does to a value before the driver gets it; None for nothing."""
    dialect = asyncpg.dialect()  # type: ignore[no-untyped-call]
    types = (table.c[name].type.dialect_impl(dialect) for name in columns)
    return tuple(type_.bind_processor(dialect) for type_ in types)


async def insert_missing(connection: AsyncConnection, table: Table, values: Values) -> None:
    """Insert the rows whose keys are not there yet; the others stay as they are."""
    if values:
        statement = _insert(connection.dialect.name, table, tuple(values[0])).on_conflict_do_nothing()
        await _execute(connection, statement, values)


async def upsert_rows(connection: AsyncConnection, table: Table, values: Values) -> None:
    """Insert, or overwrite the row with the same primary key. No key comes twice."""
    if values:
        await _execute(connection, _upsert(connection.dialect.name, table, tuple(values[0])), values)


async def update_rows(connection: AsyncConnection, table: Table, values: Values) -> None:
    """Set the given columns of the rows with the given primary keys. No key comes twice."""
    if values:
        await _execute(connection, _update(connection.dialect.name, table, tuple(values[0])), values)


async def compare_and_set_rows(connection: AsyncConnection, table: Table, column: str, values: Values) -> int:
    """Give `column` of the rows with the given primary keys the value `becomes` where it still is `was`.

    Answers in how many it was. No key comes twice. The rows are locked in the order of their keys before any changes.
    """
    return await _execute(connection, _compare_and_set(connection.dialect.name, table, column), values)


async def _execute(connection: AsyncConnection, statement: Any, values: Values) -> int:
    """PostgreSQL takes one array per column: half the cost of sending row by row. SQLite has no wire to save on."""
    given: Any
    if connection.dialect.name == "postgresql":
        given = {f"_{name}": [row[name] for row in values] for name in values[0]}
    else:
        given = [{f"_{name}": value for name, value in row.items()} for row in values]
    return (await connection.execute(statement, given)).rowcount


@lru_cache(maxsize=128)
def _insert(dialect: str, table: Table, columns: tuple[str, ...]) -> Any:
    if dialect == "postgresql":
        given = _given(table, columns)
        return postgresql.insert(table).from_select(columns, select(*(given.c[name] for name in columns)))
    return sqlite.insert(table).values({name: bindparam(f"_{name}", type_=table.c[name].type) for name in columns})


@lru_cache(maxsize=128)
def _upsert(dialect: str, table: Table, columns: tuple[str, ...]) -> Any:
    statement = _insert(dialect, table, columns)
    keys = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in columns if name not in keys}
    if not changed:
        return statement.on_conflict_do_nothing(index_elements=keys)
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


@lru_cache(maxsize=128)
def _update(dialect: str, table: Table, columns: tuple[str, ...]) -> Any:
    keys = [column.name for column in table.primary_key]
    if dialect == "postgresql":
        new: Any = _given(table, columns).c
    else:
        new = {name: bindparam(f"_{name}", type_=table.c[name].type) for name in columns}
    changed = {name: new[name] for name in columns if name not in keys}
    return update(table).where(*(table.c[name] == new[name] for name in keys)).values(changed)


@lru_cache(maxsize=128)
def _compare_and_set(dialect: str, table: Table, column: str) -> Any:
    keys = list(table.primary_key)
    types = {key.name: key.type for key in keys} | dict.fromkeys(("was", "becomes"), table.c[column].type)
    if dialect == "postgresql":
        given: Any = _locked_in_order(table, _arrays(types).c).c
    else:
        given = {name: bindparam(f"_{name}", type_=type_) for name, type_ in types.items()}
    matching = (key == given[key.name] for key in keys)
    return update(table).where(*matching, table.c[column] == given["was"]).values({column: given["becomes"]})


def _locked_in_order(table: Table, given: Any) -> Any:
    """An UPDATE locks rows as its plan comes upon them; whoever locks several of them elsewhere goes by key."""
    keys = list(table.primary_key)
    return (
        select(*given)
        .join(table, and_(*(key == given[key.name] for key in keys)))
        .order_by(*keys)
        .with_for_update(of=table)
        .cte("locked")
    )


def _given(table: Table, columns: tuple[str, ...]) -> Any:
    """The rows that come as one array per column."""
    return _arrays({name: table.c[name].type for name in columns})


def _arrays(types: Mapping[str, Any]) -> Any:
    arrays = (bindparam(f"_{name}", type_=postgresql.ARRAY(type_, dimensions=1)) for name, type_ in types.items())
    return func.unnest(*arrays).table_valued(*types, name="given").render_derived()
