"""The timer worker: fires rungs when their business time has come, also those that came during downtime."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncConnection

from services.task.calendar import WorkingCalendar
from services.task.commands.deadlines import fire_due_rungs
from services.task.queries.deadlines import count_due, find_next_instant
from shared.worker import EMBEDDED_POLL_SECONDS, work_when_woken

if TYPE_CHECKING:
    from shared.runtime import Service

RUNGS_PER_TRANSACTION = 200
"""DESIGN.md section 6, "Timers": locks are held no longer than a request can wait."""
PRODUCTION_POLL_SECONDS = 1.0
"""How late a rung may fire. Shorter where the demo's clock is moved in another process, which cannot wake this one."""


@dataclass
class DeadlineWorker:
    """Several may run: each deadline is locked by one, and a fired rung moves the deadline on in the same transaction."""

    service: "Service"
    calendar: WorkingCalendar
    name: str = "timers"
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Business time was moved."""
        self._woken.set()

    async def run(self) -> None:
        """Fire until cancelled what is due."""
        await work_when_woken(self.name, self.fire_once, self._woken, self._poll_seconds)

    @property
    def _poll_seconds(self) -> float:
        return EMBEDDED_POLL_SECONDS if self.service.settings.embedded else PRODUCTION_POLL_SECONDS

    async def fire_once(self) -> int:
        """One transaction. Returns how many deadlines were due."""
        async with self.service.read() as view:
            if not await count_due(view.connection, view.now):
                return 0
        async with self.service.write() as work:
            return await fire_due_rungs(work, self.calendar, RUNGS_PER_TRANSACTION)

    async def work_left(self, connection: AsyncConnection, now: datetime) -> int:
        return await count_due(connection, now)

    async def next_due(self, connection: AsyncConnection, now: datetime) -> datetime | None:
        return await find_next_instant(connection, now)
