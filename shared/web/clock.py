"""The demo's business clock: read it, move it forward. Outside the demo these addresses do not exist."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.auth import Permission
from shared.clock import DemoClock
from shared.runtime import Service
from shared.web.dependencies import Caller, Reader, Reading, Work, service_of
from shared.web.problems import NoSuchAddress

MOVE_CLOCK = Permission("move-clock", "调整演示时钟", "move the demo clock", anywhere=frozenset({"admin"}))
router = APIRouter(tags=["demo"])


class ClockState(BaseModel):
    now: datetime
    next_due: datetime | None
    """The next instant at which something will happen here."""
    work: dict[str, int]
    """What is still to do at `now`; all zero when the service has settled."""


class MoveClock(BaseModel):
    model_config = ConfigDict(extra="forbid")

    to: Annotated[AwareDatetime, Field(description="RFC 3339, not before the present business time")]


class ClockMoved(BaseModel):
    now: datetime


@router.get("/clock")
async def get_clock(request: Request, caller: Reader, view: Reading) -> ClockState:
    """Business time, and what is left to do."""
    _demo_clock(service_of(request))
    caller.must(MOVE_CLOCK)
    service = service_of(request)
    return ClockState(now=view.now, next_due=await service.next_due(), work=await service.work_left())


@router.post("/clock")
async def move_clock(request: Request, caller: Caller, work: Work, body: MoveClock) -> ClockMoved:
    """Move business time forward; the same instant again changes nothing."""
    service = service_of(request)
    clock = _demo_clock(service)
    caller.must(MOVE_CLOCK)
    work.after_commit += [worker.wake for worker in service.workers]
    await clock.advance(work.connection, body.to)
    return ClockMoved(now=body.to)


def _demo_clock(service: Service) -> DemoClock:
    if not isinstance(service.clock, DemoClock):
        raise NoSuchAddress
    return service.clock
