"""A worker does all that there is to do when it is woken, whatever its database does meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shared.errors import Unavailable
from shared.testing.settle import eventually
from shared.worker import work_when_woken

NEVER = 1_000.0


class Desk:
    """Things to do, one at a time."""

    def __init__(self) -> None:
        self.waiting = 0
        self.done = 0
        self.away = False
        self.looks = 0

    async def work_once(self) -> bool:
        self.looks += 1
        if self.away:
            raise Unavailable
        if not self.waiting:
            return False
        self.waiting, self.done = self.waiting - 1, self.done + 1
        return True


@asynccontextmanager
async def at_work(desk: Desk, seconds: float = NEVER) -> AsyncIterator[asyncio.Event]:
    woken = asyncio.Event()
    working = asyncio.create_task(work_when_woken("desk", desk.work_once, woken, seconds))
    try:
        yield woken
    finally:
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working


async def test_it_does_all_that_there_is_and_again_when_woken() -> None:
    desk = Desk()
    desk.waiting = 3
    async with at_work(desk) as woken:
        await eventually(lambda: _is(desk.done == 3), "not all was done")
        desk.waiting = 2
        woken.set()
        await eventually(lambda: _is(desk.done == 5), "nobody woke it")


async def test_what_nobody_woke_it_for_is_found_by_looking() -> None:
    desk = Desk()
    async with at_work(desk, seconds=0.01):
        await eventually(lambda: _is(desk.looks > 0), "it never looked")
        desk.waiting = 1
        await eventually(lambda: _is(desk.done == 1), "it did not look again")


async def test_a_database_that_is_away_is_waited_for() -> None:
    desk = Desk()
    desk.away, desk.waiting = True, 1
    async with at_work(desk, seconds=0.01):
        await eventually(lambda: _is(desk.looks > 1), "it gave up")
        desk.away = False
        await eventually(lambda: _is(desk.done == 1), "it did not go on")


async def _is(holds: bool) -> bool:
    return holds
