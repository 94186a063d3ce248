"""Statements of the hot path: on PostgreSQL compiled once and then given to the driver without any further work.

SQLAlchemy spends some 60 µs of processor time on each execution of a statement that it knows; a submit has a budget of a
few hundred. Everything else goes through SQLAlchemy.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy does not type its constructor
Values = Mapping[str, Any]


class Prepared:
    """A Core statement with named parameters. Errors of the driver end the transaction as DBAPIError."""

    def __init__(self, statement: Any) -> None:
        self._statement = statement

    async def execute(self, connection: AsyncConnection, values: Values) -> int:
        """Run an INSERT, UPDATE or DELETE. Returns how many rows it wrote."""
        if connection.dialect.name != "postgresql":
            return (await connection.execute(self._statement, values)).rowcount
        status: str = await (await _driver(connection)).execute(self._compiled.sql, *self._compiled.arguments(values))
        return int(status.rsplit(" ", 1)[-1])

    async def find_row(self, connection: AsyncConnection, values: Values) -> dict[str, Any] | None:
        """The only row of a SELECT, by column name, or None."""
        if connection.dialect.name != "postgresql":
            row = (await connection.execute(self._statement, values)).one_or_none()
            return None if row is None else dict(row._mapping)
        found = await (await _driver(connection)).fetchrow(self._compiled.sql, *self._compiled.arguments(values))
        return None if found is None else self._compiled.row(found)

    @cached_property
    def _compiled(self) -> "_Compiled":
        return _Compiled(self._statement)


class _Compiled:
    """The SQL, and what the types of its parameters and columns do to values on their way."""

    def __init__(self, statement: Any) -> None:
        compiled = statement.compile(dialect=DIALECT)
        self.sql = str(compiled)
        self._parameters = [
            (name, compiled.binds[name].type.dialect_impl(DIALECT).bind_processor(DIALECT))
            for name in compiled.positiontup
        ]
        columns = getattr(statement, "selected_columns", ())
        self._columns = [
            (column.name, column.type.dialect_impl(DIALECT).result_processor(DIALECT, None)) for column in columns
        ]

    def arguments(self, values: Values) -> list[Any]:
        return [values[name] if prepare is None else prepare(values[name]) for name, prepare in self._parameters]

    def row(self, found: Any) -> dict[str, Any]:
        return {
            name: value if read is None else read(value)
            for (name, read), value in zip(self._columns, found, strict=True)
        }


async def _driver(connection: AsyncConnection) -> Any:
    return (await connection.get_raw_connection()).driver_connection
