"""Work that starts by time rather than by an event: done when a worker is woken, and looked for in case nobody could."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog
from sqlalchemy.exc import DBAPIError

from shared.errors import Unavailable

EMBEDDED_POLL_SECONDS = 10.0
"""In one process whatever there is to do wakes whoever does it; looking makes up for a wake-up that was lost."""
log = structlog.get_logger()


async def work_when_woken(
    name: str, work_once: Callable[[], Awaitable[object]], woken: asyncio.Event, seconds: float
) -> None:
    """Do all that there is to do whenever `woken` is set, and every so many seconds, until cancelled.

    `work_once` answers whether it found something to do. A database that is away is waited for.
    """
    while True:
        woken.clear()  # before looking: what comes up from here on wakes again
        try:
            while await work_once():
                pass
        except (DBAPIError, OSError, Unavailable) as lost:
            log.warning("worker waits for its database", worker=name, error=str(lost))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await woken.wait()
