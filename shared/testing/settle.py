"""Waiting in tests for a condition instead of for some time."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from shared.errors import Unavailable
from shared.runtime import Service

LOOK_SECONDS = 0.01
PATIENCE_SECONDS = 30.0


async def settle(*services: Service, seconds: float = PATIENCE_SECONDS) -> None:
    """Returns when nothing is on its way: no event unsent, no record unread, no work due. Parked events may stay.

    All services are asked in one round, since one's last event may be another's first. Raises AssertionError.
    """
    left: dict[str, dict[str, int]] = {}

    async def settled() -> bool:
        nonlocal left
        left = {service.name: await _flowing(service) for service in services}
        return not any(any(kinds.values()) for kinds in left.values())

    await eventually(settled, lambda: f"still to do: {left}", seconds=seconds)


async def eventually(
    holds: Callable[[], Awaitable[bool]], says: Callable[[], str] | str, *, seconds: float = PATIENCE_SECONDS
) -> None:
    """Returns as soon as `holds` does. Raises AssertionError with what `says`."""
    deadline = time.monotonic() + seconds
    while not await holds():
        if time.monotonic() > deadline:
            raise AssertionError(says if isinstance(says, str) else says())
        await asyncio.sleep(LOOK_SECONDS)


async def _flowing(service: Service) -> dict[str, int]:
    try:
        left = await service.work_left()
    except (Unavailable, OSError):  # a server that a test has killed
        return {"unknown": 1}
    return {kind: count for kind, count in left.items() if kind != "waiting"}
