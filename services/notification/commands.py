"""What people change: they read notices, keep their contact points and preferences, and ask for another attempt."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, bindparam, update

from services.notification.errors import AccountNotFound, DeliveryNotFound, NothingToRetry
from services.notification.mailing import Outgoing, QuietTimes, choose_mails
from services.notification.models import (
    ContactPoint,
    Delivery,
    DeliveryState,
    MailState,
    Preference,
    contact_points,
    deliveries,
    mails,
    preferences,
)
from services.notification.permissions import KEEP_CONTACT_POINTS, RETRY_DELIVERY
from services.notification.queries import (
    InboxEntry,
    find_contact_point,
    find_preference,
    get_account_named,
    get_delivery,
    get_inbox_entry,
    get_notice,
    list_unreachable,
)
from services.notification.schemas import ContactPointIn, PreferencesIn
from shared.auth import Actor
from shared.db.revisions import store_revision
from shared.event_log.work import UnitOfWork
from shared.revisions import must_match

MADE_UP_FOR = timedelta(days=7)
"""Who enters an address is sent what came up in the last week and is still worth sending."""


async def read_inbox_item(work: UnitOfWork, caller: Actor, item: UUID) -> InboxEntry:
    """Note that the caller opened it; again changes nothing. Raises InboxItemNotFound."""
    entry = await get_inbox_entry(work.connection, caller.account_id, item)
    if entry.delivery["read_at"] is not None:
        return entry
    read = {**entry.delivery, "read_at": work.now}
    await work.record(entry.notice, entry.notice.read(read, at=work.now))
    await work.connection.execute(update(deliveries).where(deliveries.c.id == item).values(read_at=work.now))
    return InboxEntry(read, entry.notice)


async def retry_delivery(work: UnitOfWork, caller: Actor, delivery: UUID, system_now: datetime) -> Delivery:
    """Try a failed e-mail again from the start of its schedule. Raises DeliveryNotFound, MayNot, NothingToRetry."""
    caller.must(RETRY_DELIVERY)
    failed = await get_delivery(work.connection, delivery)
    notice = await get_notice(work.connection, failed.notice)
    if notice.plan and not caller.sees_plan(notice.plan):
        raise DeliveryNotFound
    if failed.state is not DeliveryState.FAILED:
        raise NothingToRetry(state=failed.state)
    mail = mails.c.id == failed.mail
    again = {"state": MailState.SENDING, "due_at": system_now, "attempts": 0}
    await work.connection.execute(update(mails).where(mail, mails.c.state == MailState.FAILED).values(**again))
    carried = (deliveries.c.mail == failed.mail, deliveries.c.state == DeliveryState.FAILED)
    await work.connection.execute(update(deliveries).where(*carried).values(state=DeliveryState.PENDING))
    failed.state = DeliveryState.PENDING
    return failed


async def put_contact_point(
    work: UnitOfWork,
    caller: Actor,
    username: str,
    body: ContactPointIn,
    expected: int | None,
    system_now: datetime,
    quiet: QuietTimes,
) -> ContactPoint:
    """Enter how to reach somebody. The same again changes nothing; what lacked only an address is sent after all.

    Raises AccountNotFound, MayNot, PreconditionRequired, PreconditionFailed, VersionConflict.
    """
    must_keep_contact_point(caller, username)
    account = (await get_account_named(work.connection, username)).account
    known = await find_contact_point(work.connection, account)
    if known and body.says(known):
        return known
    revision = known.revision if known else 0
    must_match(revision, expected)
    point = ContactPoint(account=account, revision=revision + 1, **body.model_dump())
    await store_revision(work.connection, contact_points, point.model_dump())
    if point.email:
        await _send_what_lacked_an_address(work, account, system_now, quiet)
    return point


def must_keep_contact_point(caller: Actor, username: str) -> None:
    """Raises AccountNotFound: whether others have an address is nobody's business."""
    if username != caller.account and not caller.may(KEEP_CONTACT_POINTS):
        raise AccountNotFound


async def put_preferences(work: UnitOfWork, caller: Actor, body: PreferencesIn, expected: int | None) -> Preference:
    """What the caller wants by e-mail. Raises PreconditionRequired, PreconditionFailed, VersionConflict."""
    known = await find_preference(work.connection, caller.account_id)
    if known and known.daily_email == body.daily_email:
        return known
    revision = known.revision if known else 0
    must_match(revision, expected)
    wanted = Preference(account=caller.account_id, daily_email=body.daily_email, revision=revision + 1)
    await store_revision(work.connection, preferences, wanted.model_dump())
    return wanted


async def _send_what_lacked_an_address(
    work: UnitOfWork, account: UUID, system_now: datetime, quiet: QuietTimes
) -> None:
    unreachable = await list_unreachable(work.connection, account, work.now - MADE_UP_FOR, work.now)
    going = [_outgoing(row) for row in unreachable]
    await choose_mails(work, going, system_now, quiet)
    pending = [{"_id": delivery.row["id"], "_mail": delivery.row["mail"]} for delivery in going]
    if pending:
        change = update(deliveries).where(deliveries.c.id == bindparam("_id"))
        change = change.values(mail=bindparam("_mail"), state=DeliveryState.PENDING)
        await work.connection.execute(change, pending)


def _outgoing(row: Row[tuple[object, ...]]) -> Outgoing:
    facts = row._mapping
    own = {column.name: facts[column.name] for column in deliveries.c}
    return Outgoing(own, facts["plan"], facts["urgency"], facts["expires"])
