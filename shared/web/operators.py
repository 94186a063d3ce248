"""Operators' routes of every service: parked events, relay, lag and the audit trail.

No event data is shown: whoever runs the system need not see what the units report.
"""

from dataclasses import asdict, astuple
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import func, select

from shared.auth import Permission
from shared.consumer import parked
from shared.consumer.applying import Consumer
from shared.consumer.standing import read_offsets
from shared.consumer.waiting import Row
from shared.errors import NotFound
from shared.event_log import verify
from shared.paging import UnknownCursor, cursor_of, number
from shared.runtime import Service
from shared.web.dependencies import Caller, Reader, Reading, Work, service_of
from shared.web.paging import Cursor, Page, Paged, Paging

OPERATE = Permission("operate", "查看和处理系统运行", "operate the system", anywhere=frozenset({"admin"}))
VERIFY = Permission("verify-audit", "核验审计链", "verify the audit trail", anywhere=frozenset({"admin", "auditor"}))
router = APIRouter(tags=["operation"])


class ParkedEvent(BaseModel):
    consumer: str
    subject: str
    version: int
    event_id: str
    type: str
    topic: str
    partition: int
    offset: int
    reason: str
    error: str
    attempts: int
    first_at: datetime
    last_at: datetime


class WhichParked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    consumer: str = Field(max_length=80)
    subject: str = Field(max_length=160)


class Skip(WhichParked):
    version: int
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class StillParked(BaseModel):
    left: int
    """Events of this aggregate that still wait; 0 when it flows again."""


class RelayState(BaseModel):
    pending: int
    last_position: int
    owner: str | None
    epoch: int | None
    lease_until: datetime | None


class PartitionLag(BaseModel):
    consumer: str
    topic: str
    partition: int
    next_offset: int
    end: int


class Lag(BaseModel):
    items: list[PartitionLag]
    next: None = None


class AuditResult(BaseModel):
    events: int
    aggregates: int
    """Those whose last event was reached."""
    broken: list[dict[str, Any]]
    next: str | None = None


@router.get("/parked")
async def list_parked(
    request: Request, caller: Reader, view: Reading, paging: Paged, consumer: str | None = None
) -> Page[ParkedEvent]:
    """Events that wait for an operator or for a missing predecessor, in the order in which they would be applied."""
    caller.must(OPERATE)
    return _shown(await parked.list_parked(view.connection, service_of(request).consuming, paging, consumer=consumer))


@router.get("/parked/{consumer}/{subject:path}")
async def list_parked_of(
    request: Request, caller: Reader, view: Reading, paging: Paged, consumer: str, subject: str
) -> Page[ParkedEvent]:
    """The parked events of one aggregate. Raises NothingParked where there are none."""
    caller.must(OPERATE)
    tables = service_of(request).consuming
    found = await parked.list_parked(view.connection, tables, paging, consumer=consumer, subject=subject)
    if not found.items and paging.after is None:
        raise parked.NothingParked(consumer=consumer, subject=subject)
    return _shown(found)


@router.post("/parked/retry")
async def retry_parked(request: Request, caller: Caller, work: Work, body: WhichParked) -> StillParked:
    """Apply an aggregate's parked events in order until one fails again."""
    caller.must(OPERATE)
    service = service_of(request)
    consumer = _consumer(service, body.consumer)
    return StillParked(left=await parked.retry_parked(work.connection, service.consuming, consumer, body.subject))


@router.post("/parked/skip")
async def skip_parked(request: Request, caller: Caller, work: Work, body: Skip) -> StillParked:
    """Leave out the first parked event of an aggregate, on record with the reason, and go on with the next."""
    caller.must(OPERATE)
    service = service_of(request)
    consumer = _consumer(service, body.consumer)
    left = await parked.skip_parked(
        work.connection, service.consuming, consumer, body.subject, body.version, body.reason, caller.account
    )
    return StillParked(left=left)


@router.get("/relay")
async def get_relay(request: Request, caller: Reader, view: Reading) -> RelayState:
    """What waits for the bus, and which process sends."""
    caller.must(OPERATE)
    tables = service_of(request).tables
    pending = (await view.connection.execute(select(func.count()).select_from(tables.outbox))).scalar_one()
    last = (await view.connection.execute(select(func.max(tables.published.c.position)))).scalar()
    lease = (await view.connection.execute(select(tables.lease))).first()
    return RelayState(
        pending=pending,
        last_position=last or 0,
        owner=lease and lease.owner,
        epoch=lease and lease.epoch,
        lease_until=lease and lease.until,
    )


@router.get("/lag")
async def get_lag(request: Request, caller: Reader, view: Reading) -> Lag:
    """How far each consumer is behind the bus, per partition."""
    caller.must(OPERATE)
    service = service_of(request)
    items: list[PartitionLag] = []
    for consumer in service.consumers:
        offsets = await read_offsets(view.connection, service.consuming, consumer.name)
        for at, end in (await service.bus.end_offsets(consumer.topics)).items():
            place = {"topic": at.topic, "partition": at.partition, "next_offset": offsets.get(at, 0), "end": end}
            items.append(PartitionLag(consumer=consumer.name, **place))
    return Lag(items=items)


@router.get("/audit/verify")
async def verify_audit(
    request: Request,
    caller: Reader,
    view: Reading,
    limit: Annotated[int, Query(ge=1, le=verify.PAGE)] = verify.PAGE,
    cursor: Cursor = None,
) -> AuditResult:
    """Recompute the hashes of a part of the event log; `next` leads to the rest.

    `broken` names the first fault of each aggregate.
    """
    caller.must(VERIFY)
    service = service_of(request)
    place = _place(service, Paging.from_cursor(limit, cursor))
    result = await verify.verify_page(view.connection, service.tables, service.aggregates, place, limit)
    return AuditResult(
        events=result.events,
        aggregates=result.aggregates,
        broken=[asdict(broken) for broken in result.broken],
        next=result.next and cursor_of([*astuple(result.next)]),
    )


def _place(service: Service, paging: Paging) -> verify.Place:
    """Raises UnknownCursor."""
    key = paging.key(str, str, number, bool)
    if key is None:
        return verify.START
    place = verify.Place(*key)
    if not verify.leads_somewhere(place, service.aggregates):
        raise UnknownCursor
    return place


def _consumer(service: Service, name: str) -> Consumer:
    for consumer in service.consumers:
        if consumer.name == name:
            return consumer
    raise NotFound


def _shown(rows: Page[Row]) -> Page[ParkedEvent]:
    return Page(items=[ParkedEvent.model_validate(row) for row in rows.items], next=rows.next)
