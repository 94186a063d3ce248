"""Claiming e-mails, and recording what became of them. Between the two, and in no transaction, they are sent."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog
from sqlalchemy import Row, update

from contracts.notification import NoticeFailed, NoticeSent
from services.notification.models import ContactPoint, DeliveryState, MailState, Notice, deliveries, mails
from services.notification.moot import Duty, is_moot
from services.notification.queries import (
    Names,
    list_contact_points,
    list_deliveries_in,
    load_duties,
    load_names,
    load_notices,
    lock_due_mails,
    lock_notices,
)
from shared.event_log.work import Cause, UnitOfWork

LEASE = timedelta(seconds=60)
"""Longer than any attempt may take (SEND_SECONDS in delivery.py): after it the sender is taken for dead."""
RETRY_AFTER = (
    timedelta(seconds=30),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=10),
    timedelta(hours=24),
)
"""Between attempts, by the system clock: a night without the mail server is survived, then an operator is told."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """An e-mail whose next attempt is ours until the lease ends."""

    id: UUID
    lease: UUID
    attempt: int
    recipient: str
    daily: bool
    contact: ContactPoint
    notices: Sequence[Notice]
    names: Names
    now: datetime
    """Business time."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What the claimed e-mails carry, and what decides whether it is still worth sending."""

    carried: Mapping[UUID, Sequence[tuple[Row[Any], Notice]]]
    duties: Mapping[str, Duty]
    contacts: Mapping[UUID, ContactPoint]
    names: Names


# --- claiming -------------------------------------------------------------------------------------


async def claim_mails(work: UnitOfWork, system_now: datetime, limit: int) -> list[ClaimedMail]:
    """The next e-mails to send. Deliveries that are no longer worth it are closed, each in the state that says why."""
    due = await lock_due_mails(work.connection, work.now, system_now, limit)
    if not due:
        return []
    contents = await _load_contents(work, due)
    claimed = [await _claim(work, mail, contents, system_now) for mail in due]
    return [mail for mail in claimed if mail]


async def _load_contents(work: UnitOfWork, due: Iterable[Row[Any]]) -> Contents:
    connection, of = work.connection, list(due)
    rows = await list_deliveries_in(connection, (mail.id for mail in of), DeliveryState.PENDING)
    notices = await load_notices(connection, (row.notice for row in rows))
    carried: dict[UUID, list[tuple[Row[Any], Notice]]] = {mail.id: [] for mail in of}
    for row in rows:
        carried[row.mail].append((row, notices[row.notice]))
    return Contents(
        carried,
        duties=await load_duties(connection, notices.values()),
        contacts=await list_contact_points(connection, (mail.account for mail in of)),
        names=await load_names(connection, list(notices.values())),
    )


async def _claim(work: UnitOfWork, mail: Row[Any], contents: Contents, system_now: datetime) -> ClaimedMail | None:
    contact = contents.contacts.get(mail.account)
    going: list[Notice] = []
    for delivery, notice in contents.carried[mail.id]:
        reason = _reason_not_to_send(notice, contact, contents.duties.get(notice.duty or ""), work.now)
        if reason:
            await _close_delivery(work, delivery.id, reason)
        else:
            going.append(notice)
    if contact is None or not going:
        await _change_mail(work, mail.id, state=MailState.CLOSED, lease=None)
        return None
    lease = uuid4()
    await _change_mail(
        work,
        mail.id,
        state=MailState.SENDING,
        lease=lease,
        due_at=system_now + LEASE,
        attempts=mail.attempts + 1,
    )
    return ClaimedMail(
        mail.id,
        lease,
        mail.attempts + 1,
        mail.recipient,
        mail.day is not None,
        contact,
        going,
        contents.names,
        work.now,
    )


def _reason_not_to_send(
    notice: Notice, contact: ContactPoint | None, duty: Duty | None, now: datetime
) -> DeliveryState | None:
    if notice.expires <= now:
        return DeliveryState.EXPIRED
    if is_moot(notice.template, notice.facts, duty):
        return DeliveryState.MOOT
    return None if contact and contact.email else DeliveryState.UNREACHABLE


# --- results --------------------------------------------------------------------------------------


async def record_sent(work: UnitOfWork, mail: ClaimedMail) -> None:
    """The server took it. Changes nothing where the lease has passed to another worker, which then sends it again."""
    if await _finish(work, mail, state=MailState.SENT, error=""):
        await _record_deliveries(
            work,
            mail,
            {"state": DeliveryState.SENT, "sent_at": work.now, "error": ""},
            lambda notice, delivery: notice.sent(delivery, at=work.now),
        )


async def record_failure(
    work: UnitOfWork, mail: ClaimedMail, error: str, *, for_good: bool, system_now: datetime
) -> None:
    """Try again later, or give up: every attempt was used up, or the server refused for good."""
    if not for_good and mail.attempt <= len(RETRY_AFTER):
        again = system_now + RETRY_AFTER[mail.attempt - 1]
        if await _finish(work, mail, state=MailState.SENDING, due_at=again, error=error):
            await _note_error(work, mail, error)
        return
    if await _finish(work, mail, state=MailState.FAILED, error=error):
        log.error("e-mail given up", mail=str(mail.id), recipient=mail.recipient, attempts=mail.attempt, error=error)
        await _record_deliveries(
            work,
            mail,
            {"state": DeliveryState.FAILED, "error": error},
            lambda notice, delivery: notice.failed(delivery, at=work.now, attempts=mail.attempt, error=error),
        )


async def _finish(work: UnitOfWork, mail: ClaimedMail, **values: Any) -> bool:
    """Give the lease back. False where it is not ours any more."""
    ours = update(mails).where(mails.c.id == mail.id, mails.c.lease == mail.lease)
    if (await work.connection.execute(ours.values(lease=None, **values))).rowcount == 1:
        return True
    log.warning("another worker has taken the e-mail over", mail=str(mail.id))
    return False


async def _record_deliveries(
    work: UnitOfWork,
    mail: ClaimedMail,
    values: Mapping[str, Any],
    event: Callable[[Notice, Mapping[str, Any]], NoticeSent | NoticeFailed],
) -> None:
    """The same result for all deliveries that went with this attempt, each an event of its notice."""
    pending = await list_deliveries_in(work.connection, [mail.id], DeliveryState.PENDING)
    by_notice = {row.notice: dict(row._mapping) for row in pending}
    for notice in await lock_notices(work.connection, (notice.id for notice in mail.notices)):
        delivery = by_notice[notice.id]
        work.cause = Cause(causation_id=str(notice.event))
        await work.record(notice, event(notice, delivery))
    ids = [by_notice[notice.id]["id"] for notice in mail.notices]
    await work.connection.execute(update(deliveries).where(deliveries.c.id.in_(ids)).values(**values))


async def _note_error(work: UnitOfWork, mail: ClaimedMail, error: str) -> None:
    waiting = (deliveries.c.mail == mail.id, deliveries.c.state == DeliveryState.PENDING)
    await work.connection.execute(update(deliveries).where(*waiting).values(error=error))


async def _close_delivery(work: UnitOfWork, delivery: UUID, state: DeliveryState) -> None:
    await work.connection.execute(update(deliveries).where(deliveries.c.id == delivery).values(state=state))


async def _change_mail(work: UnitOfWork, mail: UUID, **values: Any) -> None:
    await work.connection.execute(update(mails).where(mails.c.id == mail).values(**values))
