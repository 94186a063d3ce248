"""Opening a database. SQLite: one writer that begins IMMEDIATE, several readers. PostgreSQL: one pool."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import URL, event, make_url, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.db import sqlite_writer
from shared.db.failures import passes_by_itself
from shared.db.prepared import driver_of
from shared.errors import Unavailable

POOL_WAIT_SECONDS = 5
SQLITE_READERS = 4
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # NORMAL loses acknowledged commits in a power cut
    "PRAGMA busy_timeout=5000",
    "PRAGMA foreign_keys=ON",
    "PRAGMA journal_size_limit=67108864",
)
WRITER_CACHE = "PRAGMA cache_size=-32768"  # 32 MiB of index pages: with the usual 2 a long history made writes dearer
POSTGRES_OPTIONS = {
    "application_name": "duban",
    "idle_in_transaction_session_timeout": "30000",  # a lost client must not hold an aggregate's lock
    "statement_timeout": "60000",
    "jit": "off",  # statements here are short; compiling them costs more than it saves
}

# The last one: the server has ended the session, and the driver is just hearing of it.
DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

Transaction = Callable[[AsyncEngine], AbstractAsyncContextManager[AsyncConnection]]


class Database:
    """A service's database. `write` is a transaction that commits at the end; `read` never writes."""

    def __init__(self, url: str, pool: int = 10) -> None:
        address = make_url(url)
        self.is_sqlite = address.get_backend_name() == "sqlite"
        self.url = url
        self._writing: Transaction = AsyncEngine.begin if self.is_sqlite else _postgres_transaction
        self._reading: Transaction = AsyncEngine.connect if self.is_sqlite else _postgres_snapshot
        if self.is_sqlite:
            Path(address.database or "").parent.mkdir(parents=True, exist_ok=True)
            self._writer = _sqlite_writer(address)
            self._reader = _sqlite_readers(address)
        else:
            self._writer = self._reader = _postgres(address, pool)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        async with _told_when_busy(), self._writing(self._writer) as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One consistent view; on SQLite writing is refused."""
        async with _told_when_busy(), self._reading(self._reader) as connection:
            yield connection

    async def ping(self) -> bool:
        """Whether a statement gets an answer."""
        try:
            async with self.read() as connection:
                await connection.execute(text("SELECT 1"))
        except (DBAPIError, OSError, Unavailable):
            return False
        return True

    async def close(self) -> None:
        await self._writer.dispose()
        await self._reader.dispose()


@asynccontextmanager
async def _told_when_busy() -> AsyncIterator[None]:
    try:
        yield
    except (PoolTimeout, OSError, DBAPIError) as failed:
        if isinstance(failed, DBAPIError) and not passes_by_itself(failed):
            raise
        if _is_cancelled():
            raise asyncio.CancelledError from failed
        raise Unavailable from failed


def _is_cancelled() -> bool:
    """Whether this task is to end, which a driver may take for a loss of its connection."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _sqlite_writer(address: URL) -> AsyncEngine:
    engine = create_async_engine(
        address.set(drivername="sqlite+aiosqlite"),
        pool_size=1,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        hide_parameters=True,  # what units report must not reach logs or parked events by way of an error
        async_creator=lambda *_args, **_options: sqlite_writer.connect(address.database or ""),
    )
    _listen(engine, "BEGIN IMMEDIATE", (*SQLITE_PRAGMAS, WRITER_CACHE))
    return engine


def _sqlite_readers(address: URL) -> AsyncEngine:
    engine = create_async_engine(
        address.set(drivername="sqlite+aiosqlite"),
        pool_size=SQLITE_READERS,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        hide_parameters=True,  # what units report must not reach logs or parked events by way of an error
        connect_args={"isolation_level": None},  # the driver must not begin by itself
    )
    _listen(engine, "BEGIN", (*SQLITE_PRAGMAS, "PRAGMA query_only=ON"))
    return engine


def _listen(engine: AsyncEngine, begin: str, pragmas: tuple[str, ...]) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)


def _postgres(address: URL, pool: int) -> AsyncEngine:
    """An engine that begins nothing by itself, so that prepared statements and SQLAlchemy's share a transaction."""
    engine = create_async_engine(
        address.set(drivername="postgresql+asyncpg"),
        pool_size=pool,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        hide_parameters=True,  # what units report must not reach logs or parked events by way of an error
        isolation_level="AUTOCOMMIT",
        connect_args={
            "async_creator_fn": _open_postgres,
            "server_settings": POSTGRES_OPTIONS,
            "timeout": POOL_WAIT_SECONDS,
        },
    )

    @event.listens_for(engine.sync_engine, "checkout")
    def _refuse_unfinished(connection: Any, _record: Any, _proxy: Any) -> None:
        driver = connection.driver_connection
        if driver.is_closed() or driver.is_in_transaction():  # lost meanwhile, or a cancelled request could not end it
            raise DisconnectionError

    return engine


async def _open_postgres(*address: Any, **options: Any) -> Any:
    """A connection. Who is cancelled while it is being opened does not cut that short, which would leak its socket."""
    opening = asyncio.create_task(asyncpg.connect(*address, **options))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_drop)
        raise


def _drop(opened: "asyncio.Task[Any]") -> None:
    if not opened.cancelled() and not opened.exception():
        opened.result().terminate()


def _postgres_transaction(engine: AsyncEngine) -> AbstractAsyncContextManager[AsyncConnection]:
    return _in_transaction(engine, isolation="read_committed", readonly=False)


def _postgres_snapshot(engine: AsyncEngine) -> AbstractAsyncContextManager[AsyncConnection]:
    """One snapshot for all statements: in READ COMMITTED each would have its own."""
    return _in_transaction(engine, isolation="repeatable_read", readonly=True)


@asynccontextmanager
async def _in_transaction(engine: AsyncEngine, **options: Any) -> AsyncIterator[AsyncConnection]:
    async with engine.connect() as connection:
        driver = driver_of(connection)
        try:
            async with driver.transaction(**options):
                yield connection
        except DRIVER_ERRORS as failed:  # of BEGIN, COMMIT or a prepared statement
            lost = driver.is_closed() or isinstance(failed, asyncpg.InternalClientError)
            if lost:
                await connection.invalidate()
            raise DBAPIError(None, None, failed, connection_invalidated=lost) from failed
