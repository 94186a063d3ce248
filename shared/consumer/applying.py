"""What a runner needs of a consumer, and applying one event so that its failure stays its own."""

from collections.abc import Sequence
from typing import Protocol

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.consumer.triage import Incoming
from shared.db.failures import passes_by_itself
from shared.errors import Unavailable
from shared.events.event import Event, Recorded

log = structlog.get_logger()


class Consumer(Protocol):
    """What a runner runs. `apply` writes only rows of the events' own subjects and reads no clock."""

    name: str
    topics: tuple[str, ...]

    def event_types(self) -> frozenset[str]: ...
    async def apply(self, connection: AsyncConnection, events: Sequence[Recorded[Event]]) -> None: ...


async def try_to_apply(connection: AsyncConnection, consumer: Consumer, incoming: Incoming) -> str:
    """Apply one event in a savepoint. Returns the error of a lasting failure, or nothing; transient ones are raised."""
    if incoming.event is None:
        return ""
    try:
        async with connection.begin_nested():
            await consumer.apply(connection, [incoming.event])
    except Exception as error:
        if is_transient(error):
            raise
        log.error(
            "event parked", consumer=consumer.name, subject=incoming.subject, version=incoming.version, exc_info=error
        )
        return f"{type(error).__name__}: {error}"
    return ""


def is_transient(error: BaseException) -> bool:
    """Whether the same event can succeed later without anybody mending anything."""
    if isinstance(error, DBAPIError):
        return passes_by_itself(error)
    return isinstance(error, (Unavailable, OSError))
