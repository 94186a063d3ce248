"""Statements of the hot path: compiled once, and then given to the driver without any further work.

SQLAlchemy spends some 60 µs of processor time on each execution of a statement that it knows; a submit has a budget of a
few hundred. Everything else goes through SQLAlchemy.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.dialects.sqlite import aiosqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db.sqlite_writer import DirectConnection

# SQLAlchemy does not type the constructors of its dialects
POSTGRES: Dialect = asyncpg.dialect()  # type: ignore[no-untyped-call]
SQLITE: Dialect = aiosqlite.dialect()
Values = Mapping[str, Any]
Process = Callable[[Any], Any] | None


class Prepared:
    """A Core statement with named parameters, for a connection in a transaction. Raises DBAPIError."""

    def __init__(self, statement: Any) -> None:
        self._statement = statement

    async def execute(self, connection: AsyncConnection, values: Values) -> int:
        """Run an INSERT, UPDATE or DELETE. Returns how many rows it wrote."""
        driver = driver_of(connection)
        if isinstance(driver, DirectConnection):
            compiled = _compiled(self._statement, SQLITE)
            return driver.run(compiled.sql, compiled.arguments(values)).rowcount
        if connection.dialect.name != "postgresql":
            return (await connection.execute(self._statement, values)).rowcount
        compiled = _compiled(self._statement, POSTGRES)
        status: str = await driver.execute(compiled.sql, *compiled.arguments(values))
        return int(status.rsplit(" ", 1)[-1])

    async def find_row(self, connection: AsyncConnection, values: Values) -> dict[str, Any] | None:
        """The only row of a SELECT, by column name, or None."""
        driver = driver_of(connection)
        if isinstance(driver, DirectConnection):
            compiled = _compiled(self._statement, SQLITE)
            return compiled.row(driver.run(compiled.sql, compiled.arguments(values)).fetchone())
        if connection.dialect.name != "postgresql":
            row = (await connection.execute(self._statement, values)).one_or_none()
            return None if row is None else dict(row._mapping)
        compiled = _compiled(self._statement, POSTGRES)
        return compiled.row(await driver.fetchrow(compiled.sql, *compiled.arguments(values)))


class _Compiled:
    """The SQL, and what the types of its parameters and columns do to values on their way."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        types = {name: bind.type.dialect_impl(dialect) for name, bind in compiled.binds.items()}
        self._parameters: list[tuple[str, Process]] = [
            (name, types[name].bind_processor(dialect)) for name in compiled.positiontup
        ]
        self._columns: list[tuple[str, Process]] = [
            (column.name, column.type.dialect_impl(dialect).result_processor(dialect, None))
            for column in getattr(statement, "selected_columns", ())
        ]

    def arguments(self, values: Values) -> list[Any]:
        return [values[name] if process is None else process(values[name]) for name, process in self._parameters]

    def row(self, found: Sequence[Any] | None) -> dict[str, Any] | None:
        if found is None:
            return None
        return {
            name: value if process is None else process(value)
            for (name, process), value in zip(self._columns, found, strict=True)
        }


@lru_cache(maxsize=512)
def _compiled(statement: Any, dialect: Dialect) -> _Compiled:
    return _Compiled(statement, dialect)


def driver_of(connection: AsyncConnection) -> Any:
    """The driver's own connection."""
    assert connection.sync_connection
    return connection.sync_connection.connection.driver_connection
