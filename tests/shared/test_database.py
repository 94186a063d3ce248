"""Both databases behind their two doors: what is an error of the statement, and what passes by itself."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.consumer.applying import is_transient
from shared.db import Database
from shared.db import engine as engine_module
from shared.errors import Unavailable
from shared.testing.postgres_server import PostgresServer
from shared.testing.settle import PATIENCE_SECONDS

postgres_only = pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NUMBERS = Table("numbers", MetaData(), Column("n", Integer, primary_key=True), Column("of", Integer))


async def error_of(database: Database, statement: Any) -> BaseException:
    """What a statement raises inside a transaction."""
    with pytest.raises(DBAPIError) as raised:
        async with database.read() as connection:
            await connection.execute(statement)
    return raised.value


@pytest.fixture
async def numbers(database: Database) -> Database:
    async with database.write() as connection:
        await connection.run_sync(NUMBERS.metadata.create_all)
        await connection.execute(insert(NUMBERS), [{"n": 1, "of": 0}, {"n": 2, "of": 0}])
    return database


async def test_a_transaction_is_committed_at_its_end_and_undone_when_it_raises(numbers: Database) -> None:
    async def fail() -> None:
        async with numbers.write() as connection:
            await connection.execute(update(NUMBERS).values(of=2))
            raise RuntimeError

    async with numbers.write() as connection:
        await connection.execute(update(NUMBERS).values(of=1))
    with pytest.raises(RuntimeError):
        await fail()

    async with numbers.read() as connection:
        assert set(await connection.scalars(select(NUMBERS.c.of))) == {1}


@sqlite_only
async def test_the_reading_door_of_sqlite_refuses_to_write(numbers: Database) -> None:
    with pytest.raises(DBAPIError, match="readonly"):
        async with numbers.read() as connection:
            await connection.execute(update(NUMBERS).values(of=2))


async def test_an_error_tells_nothing_of_the_values_in_its_statement(numbers: Database) -> None:
    again = insert(NUMBERS).values(n=1, of=31337)
    with pytest.raises(DBAPIError) as raised:
        async with numbers.write() as connection:
            await connection.execute(again)
    assert "31337" not in str(raised.value)


async def test_a_statement_that_can_never_succeed_is_not_transient(database: Database) -> None:
    assert not is_transient(await error_of(database, text("SELECT * FROM nothing_of_this_name")))


@postgres_only
async def test_a_value_of_the_wrong_type_is_not_transient(database: Database) -> None:
    statement = text("SELECT CAST(:n AS integer)").bindparams(n="seven")
    assert not is_transient(await error_of(database, statement))


@postgres_only
async def test_a_text_that_postgres_cannot_hold_is_not_transient(database: Database) -> None:
    assert not is_transient(await error_of(database, text("SELECT CAST(:t AS text)").bindparams(t="a\x00b")))


@postgres_only
async def test_a_statement_that_ran_out_of_time_is_transient(database: Database) -> None:
    async def slow() -> None:
        async with database.read() as connection:
            await connection.execute(text("SET LOCAL statement_timeout = 20"))
            await connection.execute(text("SELECT pg_sleep(5)"))

    with pytest.raises(Unavailable) as told:
        await slow()
    assert is_transient(told.value)


@postgres_only
async def test_one_of_two_transactions_in_a_deadlock_is_told_to_try_again(numbers: Database) -> None:
    both_hold_one = asyncio.Barrier(2)

    async def change(first: int, second: int) -> None:
        async with numbers.write() as connection:
            await connection.execute(text("SET LOCAL deadlock_timeout = '20ms'"))
            await connection.execute(update(NUMBERS).where(NUMBERS.c.n == first).values(of=9))
            await both_hold_one.wait()
            await connection.execute(update(NUMBERS).where(NUMBERS.c.n == second).values(of=9))

    results = await asyncio.gather(change(1, 2), change(2, 1), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["NoneType", "Unavailable"]


@postgres_only
async def test_a_session_that_the_server_ends_is_told_to_try_again_and_the_pool_recovers(numbers: Database) -> None:
    async def end_sessions(connection: AsyncConnection) -> None:
        await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(Unavailable):
        async with numbers.write() as connection:
            await end_sessions(connection)

    assert await numbers.ping()


@sqlite_only
async def test_a_second_writer_waits_and_is_then_told_to_try_again(
    numbers: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "SQLITE_PRAGMAS", (*engine_module.SQLITE_PRAGMAS, "PRAGMA busy_timeout=50"))
    other_process = Database(numbers.url)
    async with numbers.write():
        with pytest.raises(Unavailable):
            async with other_process.write():
                pass
    async with other_process.write() as connection:
        await connection.execute(update(NUMBERS).values(of=3))
    await other_process.close()


async def test_when_all_connections_are_taken_the_caller_is_told_to_try_again(
    numbers: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "POOL_WAIT_SECONDS", 1)
    small = Database(numbers.url, pool=1)
    async with small.write():
        with pytest.raises(Unavailable):
            async with small.write():
                pass
    await small.close()


@postgres_only
async def test_who_is_cancelled_while_a_connection_is_opened_ends(database: Database) -> None:
    async def ask_for_ever() -> None:
        while True:
            fresh = Database(database.url, pool=1)
            try:
                with suppress(Unavailable):
                    async with fresh.write() as connection:
                        await connection.execute(text("SELECT 1"))
            finally:
                await fresh.close()

    for delay in range(30):  # somewhere within the opening of a connection
        asking = asyncio.create_task(ask_for_ever())
        await asyncio.sleep(delay / 1000)
        asking.cancel()
        done, _ = await asyncio.wait({asking}, timeout=PATIENCE_SECONDS)
        assert done, f"it went on, cancelled after {delay} ms"


async def test_a_server_that_is_not_there_is_told_as_such() -> None:
    database = Database("postgresql://duban@127.0.0.1:1/duban")
    assert not await database.ping()
    with pytest.raises(Unavailable):
        async with database.write():
            pass
    await database.close()


@postgres_only
async def test_readers_recover_from_sessions_that_were_all_ended(
    numbers: Database, postgres_server: PostgresServer
) -> None:
    held: list[AsyncConnection] = []

    async def use(work: Callable[[AsyncConnection], Awaitable[Any]]) -> None:
        async with numbers.read() as connection:
            held.append(connection)
            await work(connection)

    await asyncio.gather(*(use(lambda c: c.execute(text("SELECT pg_sleep(0.05)"))) for _ in range(5)))
    killer = Database(numbers.url, pool=1)
    async with killer.write() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database() AND backend_type = 'client backend'"
            )
        )
    await killer.close()

    failures = []
    for attempt in range(20):
        try:
            async with numbers.read() as connection:
                await connection.execute(select(NUMBERS))
        except Unavailable:
            failures.append(attempt)
    assert len(failures) <= 5  # each ended session is found out once, should its end not have been heard of yet
    assert max(failures, default=0) < 10  # and then never again
