"""The worker that carries out the rebuilds that were asked for.

They outlive the request and the process: one that was cut off is taken up again where it stood.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.errors import RebuildFailed, RebuildOvertaken
from services.reporting.models import RebuildState, rebuilds
from services.reporting.projections import board, directory
from services.reporting.queries.rebuilds import claimable, count_under_way, find_claimable
from services.reporting.rebuild import Progress, Rebuilt, rebuild
from shared.clock import system_now
from shared.consumer.applying import is_transient
from shared.errors import AppError, Unavailable
from shared.ids import new_id
from shared.worker import EMBEDDED_POLL_SECONDS, work_when_woken

if TYPE_CHECKING:
    from shared.runtime import Service

PRODUCTION_POLL_SECONDS = 1.0
BEAT_SECONDS = 1.0
"""As often as somebody who waits wants to see progress."""
LEASE = timedelta(seconds=60)
"""Longer than a database's restart, so that nobody takes over from an owner who only waits for it."""
PROJECTIONS = {projection.name: projection for projection in (board, directory)}
log = structlog.get_logger()


@dataclass
class RebuildWorker:
    """Several may run: each rebuild is claimed by one, which alone can put the new generation in place."""

    service: "Service"
    name: str = "rebuilds"
    owner: str = field(default_factory=lambda: str(new_id()))
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """A rebuild was asked for."""
        self._woken.set()

    async def run(self) -> None:
        """Carry out until cancelled what is asked for."""
        await work_when_woken(self.name, self.rebuild_once, self._woken, self._poll_seconds)

    async def rebuild_once(self) -> bool:
        """Claim one and carry it out. Returns whether there was one; raises what passes by itself."""
        projection = await self._claim()
        if projection:
            await self._carry_out(projection)
        return bool(projection)

    async def work_left(self, connection: AsyncConnection, now: datetime) -> int:  # noqa: ARG002 - not of business time
        return await count_under_way(connection)

    async def next_due(self, connection: AsyncConnection, now: datetime) -> datetime | None:  # noqa: ARG002 - likewise
        return None

    @property
    def _poll_seconds(self) -> float:
        return EMBEDDED_POLL_SECONDS if self.service.settings.embedded else PRODUCTION_POLL_SECONDS

    async def _claim(self) -> str | None:
        now, alone = system_now(), self.service.settings.embedded
        async with self.service.database.read() as connection:
            projection = await find_claimable(connection, self.owner, now, alone=alone)
        if projection is None:
            return None
        claim = {"state": RebuildState.RUNNING.value, "owner": self.owner, "lease_until": now + LEASE}
        of_this = rebuilds.c.projection == projection
        async with self.service.database.write() as connection:
            claimed = await connection.execute(
                update(rebuilds).where(of_this, claimable(self.owner, now, alone=alone)).values(claim)
            )
        return projection if claimed.rowcount else None

    async def _carry_out(self, projection: str) -> None:
        """What passes by itself is raised; the rebuild is then taken up again."""
        progress = Progress()

        async def record(connection: AsyncConnection, rebuilt: Rebuilt) -> None:
            if not await self._set(connection, projection, _done(rebuilt)):
                raise RebuildOvertaken(name=projection)

        beating = asyncio.create_task(self._beat(projection, progress))
        try:
            await rebuild(self.service, PROJECTIONS[projection], progress, record)
        except Exception as error:
            if is_transient(error):
                raise
            await self._fail(projection, error)
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)

    async def _beat(self, projection: str, progress: Progress) -> None:
        """Keep the lease and show how far it is, until somebody else has it."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            now = {"lease_until": system_now() + LEASE, "events": progress.events, "total": progress.total}
            try:
                async with self.service.database.write() as connection:
                    if not await self._set(connection, projection, now):
                        return
            except (DBAPIError, OSError, Unavailable) as lost:
                log.warning("rebuild cannot say how far it is", projection=projection, error=str(lost))

    async def _fail(self, projection: str, error: Exception) -> None:
        log.error("rebuild failed", projection=projection, exc_info=error)
        told = error if isinstance(error, AppError) else RebuildFailed(name=projection)
        problem = {"code": told.code, "zh": told.sentence("zh-CN"), "en": told.sentence("en")}
        failed = {"state": RebuildState.FAILED.value, "problem": problem, "ended_at": system_now()}
        async with self.service.database.write() as connection:
            await self._set(connection, projection, failed)

    async def _set(self, connection: AsyncConnection, projection: str, values: dict[str, Any]) -> bool:
        """Whether it is still this worker's to say."""
        r = rebuilds.c
        mine = (r.projection == projection, r.owner == self.owner, r.state == RebuildState.RUNNING.value)
        return bool((await connection.execute(update(rebuilds).where(*mine).values(values))).rowcount)


def _done(rebuilt: Rebuilt) -> dict[str, Any]:
    return {
        "state": RebuildState.DONE.value,
        "events": rebuilt.events,
        "total": rebuilt.events,
        "generation": rebuilt.generation,
        "rows": rebuilt.rows,
        "hash": rebuilt.hash,
        "replaced_hash": rebuilt.replaced_hash,
        "ended_at": system_now(),
    }
