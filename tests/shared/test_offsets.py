"""Several offsets at once: whoever takes them takes them in one order."""

import asyncio
import time

import pytest
from sqlalchemy import insert, select, text

from shared.bus import TopicPartition
from shared.consumer.standing import advance_offsets, load_offsets
from shared.db import Database
from tests.shared.parcels import CONSUMING, create_tables

CONSUMER = "parcels.journal"
FIRST, SECOND = (TopicPartition("duban.parcels.v1", partition) for partition in (0, 1))
postgres_only = pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.fixture
async def offsets(database: Database) -> Database:
    """Two of them, the later one stored first, so that a plan in the order of storage comes upon it first."""
    await create_tables(database)
    async with database.write() as connection:
        for place in (SECOND, FIRST):
            row = {"consumer": CONSUMER, "topic": place.topic, "partition": place.partition, "next_offset": 0}
            await connection.execute(insert(CONSUMING.offset).values(row))
    return database


async def advance(database: Database) -> bool:
    async with database.write() as connection:
        return await advance_offsets(connection, CONSUMING, CONSUMER, {SECOND: (0, 5), FIRST: (0, 7)})


async def until_somebody_waits(database: Database) -> None:
    end = time.monotonic() + 10
    async with database.write() as connection:
        while not (await connection.execute(WAITING)).scalar_one():
            assert time.monotonic() < end, "nobody waits"
            await asyncio.sleep(0.01)


@postgres_only
async def test_who_waits_for_the_first_offset_does_not_hold_the_second(offsets: Database) -> None:
    place = CONSUMING.offset.c.partition
    async with offsets.write() as holder:
        await holder.execute(select(CONSUMING.offset).where(place == FIRST.partition).with_for_update())
        advancing = asyncio.create_task(advance(offsets))
        await until_somebody_waits(offsets)
        await holder.execute(select(CONSUMING.offset).where(place == SECOND.partition).with_for_update(nowait=True))
    assert await advancing


async def test_offsets_move_together_or_not_at_all(offsets: Database) -> None:
    assert await advance(offsets)
    assert not await advance(offsets)
    async with offsets.write() as connection:
        assert await load_offsets(connection, CONSUMING, CONSUMER, [FIRST, SECOND]) == {FIRST: 7, SECOND: 5}


@postgres_only
async def test_an_offset_that_moved_while_it_was_waited_for_is_found_out(offsets: Database) -> None:
    async with offsets.write() as holder:
        assert await advance_offsets(holder, CONSUMING, CONSUMER, {FIRST: (0, 3)})
        advancing = asyncio.create_task(advance(offsets))
        await until_somebody_waits(offsets)
    assert not await advancing
