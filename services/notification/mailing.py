"""Which e-mail carries which delivery: at most one daily e-mail per person, plan and day, and urgent ones at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import update

from services.notification.days import daily_instant, day_of
from services.notification.models import MailState, Urgency, mails
from services.notification.queries import lock_mails, lock_open_urgent_mails
from shared.db.bulk import insert_missing
from shared.event_log.work import UnitOfWork

MailRow = dict[str, Any]


@dataclass(frozen=True, slots=True)
class QuietTimes:
    """How long an e-mail waits for more to join it, after the last that did."""

    daily: timedelta
    urgent: timedelta


@dataclass(slots=True)
class Outgoing:
    """An e-mail delivery that looks for the e-mail to carry it."""

    row: dict[str, Any]
    plan: str | None
    urgency: Urgency
    expires: datetime


async def choose_mails(work: UnitOfWork, going: Sequence[Outgoing], system_now: datetime, quiet: QuietTimes) -> None:
    """Set `mail` of each delivery to an e-mail that still collects, and see that these e-mails exist and wait a moment."""
    if not going:
        return
    choice = await _choice(work, going)
    for delivery in going:
        delivery.row["mail"] = choice.choose(delivery)
    await _insert(work, choice.born.values())
    await _leave_those_claimed_meanwhile(work, going)
    await _wait_a_moment(work, going, system_now, quiet)


@dataclass(slots=True)
class MailChoice:
    """The day's e-mail; where that has gone, the next day's; where that comes too late, an urgent one."""

    now: datetime
    gone: set[UUID]
    """E-mails that take no more."""
    urgent: dict[tuple[UUID, str | None], UUID]
    """Urgent e-mails that still collect, by account and plan."""
    born: dict[UUID, MailRow] = field(default_factory=dict)

    def choose(self, delivery: Outgoing) -> UUID:
        for mail, day in daily_candidates(delivery, self.now):
            if mail not in self.gone:
                self.born.setdefault(mail, mail_row(delivery, mail, day, daily_instant(day)))
                return mail
        return self._urgent(delivery)

    def _urgent(self, delivery: Outgoing) -> UUID:
        key = (delivery.row["account"], delivery.plan)
        if key not in self.urgent:
            self.urgent[key] = mail = delivery.row["id"]
            self.born[mail] = mail_row(delivery, mail, None, self.now)
        return self.urgent[key]


def daily_candidates(delivery: Outgoing, now: datetime) -> list[tuple[UUID, date]]:
    """The daily e-mails that would come in time, by their ids, which follow from person, plan and day."""
    if delivery.urgency is not Urgency.DAILY:
        return []
    today = day_of(now)
    days = [day for day in (today, today + timedelta(days=1)) if daily_instant(day) < delivery.expires]
    return [(uuid5(delivery.row["account"], f"{delivery.plan}/{day}"), day) for day in days]


def mail_row(delivery: Outgoing, mail: UUID, day: date | None, not_before: datetime) -> MailRow:
    return {
        "id": mail,
        "account": delivery.row["account"],
        "recipient": delivery.row["recipient"],
        "plan": delivery.plan,
        "day": day,
        "not_before": not_before,
        "state": MailState.COLLECTING,
        "due_at": None,
        "lease": None,
        "attempts": 0,
        "error": "",
    }


async def _choice(work: UnitOfWork, going: Sequence[Outgoing]) -> MailChoice:
    daily = {mail for delivery in going for mail, _ in daily_candidates(delivery, work.now)}
    gone = {row.id for row in await lock_mails(work.connection, daily) if row.state is not MailState.COLLECTING}
    urgent = await lock_open_urgent_mails(work.connection, {delivery.row["account"] for delivery in going})
    return MailChoice(work.now, gone, {(row.account, row.plan): row.id for row in urgent})


async def _insert(work: UnitOfWork, rows: Iterable[MailRow]) -> None:
    """In the order of their ids, so that two workers that insert the same ones wait for each other only one way."""
    await insert_missing(work.connection, mails, sorted(rows, key=itemgetter("id")))


async def _leave_those_claimed_meanwhile(work: UnitOfWork, going: Sequence[Outgoing]) -> None:
    """An e-mail that another worker made at the same time may have been claimed since: then the delivery gets its own."""
    chosen = await lock_mails(work.connection, {delivery.row["mail"] for delivery in going})
    collecting = {row.id for row in chosen if row.state is MailState.COLLECTING}
    left = [delivery for delivery in going if delivery.row["mail"] not in collecting]
    for delivery in left:
        delivery.row["mail"] = delivery.row["id"]
    await _insert(work, [mail_row(delivery, delivery.row["id"], None, work.now) for delivery in left])


async def _wait_a_moment(work: UnitOfWork, going: Iterable[Outgoing], system_now: datetime, quiet: QuietTimes) -> None:
    """Put off the e-mails that were added to; a daily one that is held back starts to wait when its time comes.

    In a rush a daily e-mail is put off again and again, but only until its day ends: then the next day's collects.
    """
    added_to = {delivery.row["mail"] for delivery in going}
    open_now = update(mails).where(mails.c.id.in_(added_to), mails.c.not_before <= work.now)
    await work.connection.execute(open_now.where(mails.c.day.is_(None)).values(due_at=system_now + quiet.urgent))
    await work.connection.execute(open_now.where(mails.c.day.is_not(None)).values(due_at=system_now + quiet.daily))


async def open_daily_mails(work: UnitOfWork, system_now: datetime, quiet: QuietTimes) -> None:
    """Let the daily e-mails whose time has come wait for what comes up at the same time, such as the day's reminders."""
    c = mails.c
    held = (c.state == MailState.COLLECTING, c.due_at.is_(None), c.not_before <= work.now)
    await work.connection.execute(update(mails).where(*held).values(due_at=system_now + quiet.daily))
