"""The one writing connection of an SQLite database, as SQLAlchemy's aiosqlite dialect expects it.

aiosqlite hands every call to a thread; a write of a few statements then spends more time on some twenty hand-overs than on
its work. A write here is short and has the database for itself, so its statements run in the event loop, and only what
waits for the disk, the commit, runs in a thread. Readers, whose statements may take long, keep aiosqlite.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from sqlalchemy.exc import DBAPIError


class DirectCursor:
    """A cursor whose awaits never wait."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Self:
        self._cursor.execute(statement, parameters)
        return self

    async def executemany(self, statement: str, parameters: Sequence[Sequence[Any]]) -> Self:
        self._cursor.executemany(statement, parameters)
        return self

    async def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()

    async def fetchone(self) -> Any:
        return self._cursor.fetchone()

    async def fetchmany(self, size: int = 1) -> list[Any]:
        return self._cursor.fetchmany(size)

    async def close(self) -> None:
        self._cursor.close()

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid


class DirectConnection:
    """Begins and ends transactions only when told."""

    isolation_level = None

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw
        self._connection = raw  # the name under which the dialect looks whether it is open
        self._disk = ThreadPoolExecutor(1, "sqlite-commit")

    def cursor(self) -> DirectCursor:
        return DirectCursor(self.raw.cursor())

    def run(self, statement: str, parameters: Sequence[Any]) -> sqlite3.Cursor:
        """Run a prepared statement. Raises DBAPIError, as SQLAlchemy would."""
        try:
            return self.raw.execute(statement, parameters)
        except sqlite3.Error as failed:
            raise DBAPIError.instance(statement, None, failed, sqlite3.Error) from failed

    async def create_function(self, *given: Any, **named: Any) -> None:
        self.raw.create_function(*given, **named)

    async def commit(self) -> None:
        await self._on_disk(self.raw.commit)

    async def rollback(self) -> None:
        await self._on_disk(self.raw.rollback)

    async def close(self) -> None:
        await self._on_disk(self.raw.close)
        self._disk.shutdown(wait=False)

    def stop(self) -> None:
        """Without waiting: the dialect calls it where there is no event loop any more."""
        self._disk.shutdown(wait=True)
        self.raw.close()

    async def _on_disk(self, call: Callable[[], None]) -> None:
        if self.raw.in_transaction or call == self.raw.close:
            await asyncio.get_running_loop().run_in_executor(self._disk, call)


async def connect(path: str) -> DirectConnection:
    return DirectConnection(sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0))
