"""HTTP in and out of notification; one command or query each."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import Row

from contracts.names import AccountName, PlanKey, UnitKey
from services.notification.commands import (
    must_keep_contact_point,
    put_contact_point,
    put_preferences,
    read_inbox_item,
    retry_delivery,
)
from services.notification.delivery import DeliveryWorker
from services.notification.errors import NoticeNotFound, TooManyStreams
from services.notification.models import Notice, NoticeState, notices
from services.notification.permissions import KEEP_CONTACT_POINTS, READ_NOTICES
from services.notification.queries import (
    InboxEntry,
    find_contact_point,
    find_preference,
    get_account_named,
    get_notice,
    list_all_contact_points,
    list_deliveries_of,
    list_inbox,
    list_notices,
)
from services.notification.schemas import (
    ContactPointIn,
    ContactPointOut,
    DeliveryOut,
    InboxItem,
    NoticeOut,
    PreferencesIn,
    PreferencesOut,
)
from services.notification.showing import show_entries
from services.notification.stream import InboxStream
from shared.auth import Actor
from shared.clock import system_now
from shared.web import (
    Caller,
    CallersLanguage,
    IfMatch,
    Page,
    Paged,
    Reader,
    Reading,
    Work,
    etag,
    once_per_key,
    service_of,
)

router = APIRouter()
RETRY_STREAM_SECONDS = 30


async def _worker(request: Request) -> DeliveryWorker:
    worker: DeliveryWorker = request.app.state.deliveries
    return worker


Deliveries = Annotated[DeliveryWorker, Depends(_worker)]


# --- inbox ----------------------------------------------------------------------------------------


@router.get("/inbox", tags=["inbox"])
async def show_inbox(
    caller: Reader,
    view: Reading,
    language: CallersLanguage,
    paging: Paged,
    worker: Deliveries,
    plan: PlanKey | None = None,
    unread: Annotated[bool | None, Query(description="only unread ones, or only read ones")] = None,
) -> Page[InboxItem]:
    """The caller's own notices in the caller's language: unread first, then the newest first."""
    where = [notices.c.plan == plan] if plan else []
    entries = await list_inbox(view.connection, caller.account_id, paging, *where, unread=unread)
    items = {item.id: item for item in await show_entries(view.connection, entries, worker.wording, language)}
    return paging.page(entries, lambda entry: items[entry.delivery["id"]], _inbox_key)


@router.post("/inbox/{id}/read", tags=["inbox"])
@once_per_key
async def mark_as_read(
    id: UUID,  # noqa: A002 - the name in the address
    caller: Caller,
    work: Work,
    language: CallersLanguage,
    worker: Deliveries,
) -> InboxItem:
    """Note that the caller has read it, which is proof of service. Again changes nothing."""
    entry = await read_inbox_item(work, caller, id)
    [item] = await show_entries(work.connection, [entry], worker.wording, language)
    return item


@router.get("/inbox/stream", tags=["inbox"], response_class=StreamingResponse)
async def stream_inbox(
    request: Request,
    caller: Reader,
    language: CallersLanguage,
    worker: Deliveries,
    last_event_id: Annotated[datetime | None, Header(description="`id` of the last event received")] = None,
) -> StreamingResponse:
    """Server-sent events: `unread` with the number of unread items, then a `notice` for each new one.

    Ends after four minutes; a browser connects again by itself.
    """
    if worker.doorbell.is_full:
        raise TooManyStreams(RETRY_STREAM_SECONDS)
    stream = InboxStream(
        service_of(request), worker.doorbell, worker.wording, caller.account_id, language, last_event_id
    )
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(aiter(stream), media_type="text/event-stream", headers=headers)


def _inbox_key(entry: InboxEntry) -> list[Any]:
    return [entry.delivery["read_at"] is not None, entry.delivery["made_at"].isoformat(), str(entry.delivery["id"])]


# --- notices and deliveries -----------------------------------------------------------------------


@router.get("/notices", tags=["deliveries"])
async def show_notices(
    caller: Reader,
    view: Reading,
    paging: Paged,
    plan: PlanKey | None = None,
    unit: Annotated[UnitKey | None, Query(description="to whom it is addressed")] = None,
    template: Annotated[str | None, Query(max_length=40)] = None,
    state: NoticeState | None = None,
) -> Page[NoticeOut]:
    """What was to be told to whom, the newest first. Unit people see what is addressed to their unit."""
    everything = caller.may(READ_NOTICES)
    if not everything:
        caller.must(READ_NOTICES, unit or caller.unit)
    wanted = {"plan": plan, "unit": unit, "template": template, "state": state}
    where = [notices.c[name] == value for name, value in wanted.items() if value is not None]
    rows = await list_notices(view.connection, caller, everything, paging, *where)
    return paging.page(rows, NoticeOut.of, _notice_key)


@router.get("/notices/{id}/deliveries", tags=["deliveries"])
async def show_deliveries(
    id: UUID,  # noqa: A002 - the name in the address
    caller: Reader,
    view: Reading,
) -> Page[DeliveryOut]:
    """Whom it went to on which channel, and how far each delivery is."""
    notice = await get_notice(view.connection, id)
    _must_see(caller, notice)
    rows = await list_deliveries_of(view.connection, id)
    return Page(items=[DeliveryOut.of(row, row.attempts, row.due_at) for row in rows])


@router.post("/deliveries/{id}/retry", tags=["deliveries"])
@once_per_key
async def try_again(
    id: UUID,  # noqa: A002 - the name in the address
    caller: Caller,
    work: Work,
    worker: Deliveries,
) -> DeliveryOut:
    """Send a failed e-mail once more, with all that it carries."""
    delivery = await retry_delivery(work, caller, id, system_now())
    work.after_commit.append(worker.wake)
    return DeliveryOut.of(delivery)


def _must_see(caller: Actor, notice: Notice) -> None:
    of_another_plan = notice.plan is not None and not caller.sees_plan(notice.plan)
    if of_another_plan or not caller.may(READ_NOTICES, notice.unit):
        raise NoticeNotFound


def _notice_key(row: Row[Any]) -> list[Any]:
    return [row.occurred_at.isoformat(), str(row.id)]


# --- contact points and preferences ---------------------------------------------------------------


@router.get("/contact-points", tags=["contact points"])
async def show_contact_points(caller: Reader, view: Reading, paging: Paged) -> Page[ContactPointOut]:
    """Everybody's, for whoever keeps them."""
    caller.must(KEEP_CONTACT_POINTS)
    rows = await list_all_contact_points(view.connection, paging)
    return paging.page(rows, lambda row: ContactPointOut.of(row.username, row), lambda row: [row.username])


@router.get("/contact-points/{account}", tags=["contact points"])
async def show_contact_point(
    account: AccountName, caller: Reader, view: Reading, response: Response
) -> ContactPointOut:
    """How to reach the person behind an account: their own, or as an admin anybody's. Empty before it is entered."""
    must_keep_contact_point(caller, account)
    owner = await get_account_named(view.connection, account)
    point = await find_contact_point(view.connection, owner.account)
    response.headers["ETag"] = etag(point.revision if point else 0)
    return ContactPointOut.of(account, point)


@router.put("/contact-points/{account}", tags=["contact points"])
async def enter_contact_point(
    account: AccountName,
    body: ContactPointIn,
    caller: Caller,
    work: Work,
    response: Response,
    worker: Deliveries,
    expected: IfMatch,
) -> ContactPointOut:
    """Enter how to reach somebody. What could not be sent in the last week for want of an address goes out now."""
    point = await put_contact_point(work, caller, account, body, expected, system_now(), worker.quiet)
    work.after_commit.append(worker.wake)
    response.headers["ETag"] = etag(point.revision)
    return ContactPointOut.of(account, point)


@router.get("/preferences", tags=["contact points"])
async def show_preferences(caller: Reader, view: Reading, response: Response) -> PreferencesOut:
    """What the caller wants by e-mail."""
    wanted = await find_preference(view.connection, caller.account_id)
    response.headers["ETag"] = etag(wanted.revision if wanted else 0)
    return PreferencesOut.of(wanted)


@router.put("/preferences", tags=["contact points"])
async def enter_preferences(
    body: PreferencesIn, caller: Caller, work: Work, response: Response, expected: IfMatch
) -> PreferencesOut:
    """Decline the daily e-mail, or ask for it again."""
    wanted = await put_preferences(work, caller, body, expected)
    response.headers["ETag"] = etag(wanted.revision)
    return PreferencesOut.of(wanted)
