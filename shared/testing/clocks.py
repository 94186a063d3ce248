"""A business clock that a test sets."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

APRIL = datetime(2024, 4, 8, 1, 0, tzinfo=UTC)
"""Nine o'clock on a working Monday in the plan's zone."""


@dataclass(slots=True)
class SetClock:
    """Business time as the test says; unlike the demo's clock it may also go back, as a machine's does."""

    shows: datetime = APRIL

    async def now(self, connection: AsyncConnection) -> datetime:  # noqa: ARG002 - the demo clock reads its row
        return self.shows
