"""From a notice to the people it is for: their deliveries, and the e-mails that will carry them.

The inbox is a table of ours, so what is addressed to it is delivered in the same transaction, exactly once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import structlog
from sqlalchemy import Row, bindparam, update

from contracts.names import Channel, Role
from services.notification.mailing import Outgoing, QuietTimes, choose_mails
from services.notification.models import DeliveryState, Notice, NoticeState, Urgency, deliveries, notices
from services.notification.moot import Duty, is_moot
from services.notification.queries import (
    find_effects_from,
    list_accounts_for,
    list_contact_points,
    list_decliners,
    load_duties,
    lock_waiting_notices,
)
from services.notification.rules import tell
from shared.db.bulk import insert_missing
from shared.event_log.work import Cause, UnitOfWork

ALARM_AFTER = timedelta(minutes=10)
"""DESIGN.md section 6: a notice that finds nobody for so long is a fault of the set-up."""
LOOK_AGAIN = timedelta(seconds=5)
LOOK_AGAIN_LATER = timedelta(minutes=5)
"""Once the alarm is out."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Addressed:
    """What one round did: notices seen, and the accounts that have something new in their inbox."""

    notices: int = 0
    inboxes: frozenset[UUID] = frozenset()


async def address_notices(work: UnitOfWork, system_now: datetime, quiet: QuietTimes, limit: int) -> Addressed:
    """Find recipients for notices that have none yet, give them deliveries, and close what is not worth telling."""
    waiting = await lock_waiting_notices(work.connection, system_now, limit)
    if not waiting:
        return Addressed()
    tellable = await _close_the_rest(work, waiting)
    recipients = await _find_recipients(work, tellable)
    await _look_again_later(work, [notice for notice in tellable if not recipients[notice.id]], system_now)
    found = [notice for notice in tellable if recipients[notice.id]]
    await _put_into_mail(work, found, recipients, system_now, quiet)
    inboxes = await _put_into_inboxes(work, found, recipients, system_now)
    return Addressed(len(waiting), inboxes)


# --- what is worth telling ------------------------------------------------------------------------


async def _close_the_rest(work: UnitOfWork, waiting: Sequence[Notice]) -> list[Notice]:
    """The notices that are worth telling; the others are closed, each in the state that says why."""
    since = await find_effects_from(work.connection, tell.name)
    known = await load_duties(work.connection, waiting)
    ends = {notice.id: reason_to_close(notice, work.now, since, known.get(notice.duty or "")) for notice in waiting}
    closed = [{"_id": notice, "_state": state} for notice, state in ends.items() if state]
    if closed:
        change = update(notices).where(notices.c.id == bindparam("_id")).values(state=bindparam("_state"))
        await work.connection.execute(change, closed)
    return [notice for notice in waiting if not ends[notice.id]]


def reason_to_close(notice: Notice, now: datetime, since: datetime | None, duty: Duty | None) -> NoticeState | None:
    if since and notice.occurred_at < since:
        return NoticeState.SILENT
    if notice.expires <= now:
        return NoticeState.EXPIRED
    if is_moot(notice.template, notice.facts, duty):
        return NoticeState.MOOT
    return None


# --- people ---------------------------------------------------------------------------------------


async def _find_recipients(work: UnitOfWork, wanted: Sequence[Notice]) -> dict[UUID, list[Row[Any]]]:
    if not wanted:
        return {}
    known = await list_accounts_for(work.connection, wanted)
    return {notice.id: [account for account in known if is_for(notice, account)] for notice in wanted}


def is_for(notice: Notice, account: Any) -> bool:
    """Whether an active account holds the notice's role where the notice means it, and is concerned with its plan."""
    if notice.role not in account.roles or (account.plans and notice.plan not in account.plans):
        return False
    if notice.unit is None or notice.unit == account.unit:
        return True
    return notice.role == Role.DISTRICT_COORDINATOR and notice.unit in account.districts


async def _look_again_later(work: UnitOfWork, for_nobody: Sequence[Notice], system_now: datetime) -> None:
    later = []
    for notice in for_nobody:
        tried_at = notice.tried_at or system_now
        overdue = system_now - tried_at >= ALARM_AFTER
        if overdue:
            log.critical("notice for nobody", notice=str(notice.id), role=notice.role, unit=notice.unit)
        again = system_now + (LOOK_AGAIN_LATER if overdue else LOOK_AGAIN)
        later.append({"_id": notice.id, "_try_at": again, "_tried_at": tried_at})
    if later:
        change = update(notices).where(notices.c.id == bindparam("_id"))
        await work.connection.execute(
            change.values(try_at=bindparam("_try_at"), tried_at=bindparam("_tried_at")), later
        )


# --- inbox ----------------------------------------------------------------------------------------


async def _put_into_inboxes(
    work: UnitOfWork, found: Sequence[Notice], recipients: Mapping[UUID, Sequence[Row[Any]]], system_now: datetime
) -> frozenset[UUID]:
    inboxes: set[UUID] = set()
    for notice in found:
        made = [delivery_row(notice.id, Channel.INBOX, account, system_now) for account in recipients[notice.id]]
        rows = [{**row, "state": DeliveryState.SENT, "sent_at": work.now} for row in made]
        await insert_missing(work.connection, deliveries, rows)
        notice.state = NoticeState.ADDRESSED
        work.cause = Cause(causation_id=str(notice.event))
        await work.record(notice, [notice.sent(row, at=work.now) for row in rows])
        inboxes.update(row["account"] for row in rows)
    return frozenset(inboxes)


def delivery_row(notice: UUID, channel: Channel, account: Any, system_now: datetime) -> dict[str, Any]:
    """A delivery, pending and in no e-mail. Its id says what it delivers to whom, so it can exist only once."""
    return {
        "id": uuid5(notice, f"{channel}/{account.account}"),
        "notice": notice,
        "channel": channel,
        "account": account.account,
        "recipient": account.username,
        "mail": None,
        "state": DeliveryState.PENDING,
        "error": "",
        "made_at": system_now,
        "sent_at": None,
        "read_at": None,
    }


# --- mail -----------------------------------------------------------------------------------------


async def _put_into_mail(
    work: UnitOfWork,
    found: Sequence[Notice],
    recipients: Mapping[UUID, Sequence[Row[Any]]],
    system_now: datetime,
    quiet: QuietTimes,
) -> None:
    outgoing = [
        Outgoing(
            delivery_row(notice.id, Channel.EMAIL, account, system_now), notice.plan, notice.urgency, notice.expires
        )
        for notice in found
        if notice.urgency is not Urgency.INBOX_ONLY
        for account in recipients[notice.id]
    ]
    await _set_aside_what_cannot_go(work, outgoing)
    going = [delivery for delivery in outgoing if delivery.row["state"] is DeliveryState.PENDING]
    await choose_mails(work, going, system_now, quiet)
    await insert_missing(work.connection, deliveries, [delivery.row for delivery in outgoing])


async def _set_aside_what_cannot_go(work: UnitOfWork, outgoing: Iterable[Outgoing]) -> None:
    people = {delivery.row["account"] for delivery in outgoing}
    contacts = await list_contact_points(work.connection, people)
    decliners = await list_decliners(work.connection, people)
    for delivery in outgoing:
        account = delivery.row["account"]
        if account in decliners and delivery.urgency is Urgency.DAILY:
            delivery.row["state"] = DeliveryState.DECLINED
        elif account not in contacts or not contacts[account].email:
            delivery.row["state"] = DeliveryState.UNREACHABLE
