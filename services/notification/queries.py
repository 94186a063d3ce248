"""Every SELECT of notification. `get_` raises, `find_` may be None, `list_` pages, `lock_` keeps others off the rows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Text,
    Tuple,
    Uuid,
    and_,
    func,
    literal,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.names import Channel
from services.notification.errors import AccountNotFound, DeliveryNotFound, InboxItemNotFound, NoticeNotFound
from services.notification.models import (
    ContactPoint,
    Delivery,
    DeliveryState,
    MailState,
    Notice,
    NoticeState,
    Preference,
    accounts,
    contact_points,
    deliveries,
    duties,
    effects,
    mails,
    measures,
    notices,
    plans,
    preferences,
    units,
)
from services.notification.moot import Duty
from shared.auth import Actor
from shared.db.bulk import rows_in
from shared.db.columns import UtcDateTime
from shared.event_log import loaded
from shared.paging import Paging, instant

Rows = Sequence[Row[Any]]


@dataclass(frozen=True, slots=True)
class Names:
    """Titles and names as they are now, by key; each a pair of zh and en."""

    plans: Mapping[str, tuple[str, str]]
    measures: Mapping[tuple[str, str], tuple[str, str]]
    units: Mapping[str, tuple[str, str]]
    samples: frozenset[str]
    """Plans whose data is invented."""


@dataclass(frozen=True, slots=True)
class InboxEntry:
    delivery: Mapping[str, Any]
    notice: Notice


# --- people ---------------------------------------------------------------------------------------


async def list_accounts_for(connection: AsyncConnection, addressed: Iterable[Notice]) -> Rows:
    """Active accounts that may be meant by any of the notices: by their unit, their districts or their role."""
    wanted = list(addressed)
    of_units = {notice.unit for notice in wanted if notice.unit}
    anywhere = {notice.role for notice in wanted if not notice.unit}
    c = accounts.c
    chosen: list[ColumnElement[bool]] = [c.unit.in_(of_units), *(_holds(role) for role in sorted(anywhere))]
    if of_units:
        chosen.append(_holds("district_coordinator"))
    found = await connection.execute(select(accounts).where(c.active, or_(*chosen)).order_by(c.username))
    return found.all()


def _holds(role: str) -> ColumnElement[bool]:
    return type_coerce(accounts.c.roles, Text).contains(f'"{role}"', autoescape=True)


async def get_account_named(connection: AsyncConnection, username: str) -> Row[Any]:
    """Raises AccountNotFound."""
    found = (await connection.execute(select(accounts).where(accounts.c.username == username))).first()
    if found is None:
        raise AccountNotFound
    return found


async def find_contact_point(connection: AsyncConnection, account: UUID) -> ContactPoint | None:
    row = (await connection.execute(select(contact_points).where(contact_points.c.account == account))).first()
    return None if row is None else ContactPoint(**row._mapping)


async def list_contact_points(connection: AsyncConnection, of: Iterable[UUID]) -> dict[UUID, ContactPoint]:
    rows = await rows_in(connection, contact_points, "account", set(of))
    return {row["account"]: ContactPoint(**row) for row in rows}


async def list_all_contact_points(connection: AsyncConnection, paging: Paging) -> Rows:
    """With the username of each, in its order."""
    c = contact_points.c
    query = select(accounts.c.username, contact_points).join(accounts, accounts.c.account == c.account)
    if after := paging.key(str):
        query = query.where(accounts.c.username > after[0])
    return (await connection.execute(query.order_by(accounts.c.username).limit(paging.fetch))).all()


async def find_preference(connection: AsyncConnection, account: UUID) -> Preference | None:
    row = (await connection.execute(select(preferences).where(preferences.c.account == account))).first()
    return None if row is None else Preference(**row._mapping)


async def list_decliners(connection: AsyncConnection, among: Iterable[UUID]) -> set[UUID]:
    """Accounts that do not want daily e-mail."""
    rows = await rows_in(connection, preferences, "account", set(among), preferences.c.daily_email.is_(False))
    return {row["account"] for row in rows}


# --- names and duties -----------------------------------------------------------------------------


async def load_names(connection: AsyncConnection, of: Collection[Notice]) -> Names:
    """What the notices' plans, measures and units are called."""
    plan_keys = {notice.plan for notice in of if notice.plan}
    unit_keys = {notice.facts["unit"] for notice in of if notice.facts.get("unit")}
    plan_rows = await rows_in(connection, plans, "plan", plan_keys)
    measure_rows = await rows_in(connection, measures, "plan", plan_keys)
    unit_rows = await rows_in(connection, units, "unit", unit_keys)
    return Names(
        plans={row["plan"]: (row["title"], row["title_en"]) for row in plan_rows},
        measures={(row["plan"], row["measure"]): (row["title"], row["title_en"]) for row in measure_rows},
        units={row["unit"]: (row["name"], row["name_en"]) for row in unit_rows},
        samples=frozenset(row["plan"] for row in plan_rows if row["sample"]),
    )


async def load_duties(connection: AsyncConnection, of: Iterable[Notice]) -> dict[str, Duty]:
    """How far the units are with what the notices ask for."""
    rows = await rows_in(connection, duties, "duty", {notice.duty for notice in of if notice.duty})
    return {row["duty"]: Duty(row["state"], row["revision"]) for row in rows}


async def find_effects_from(connection: AsyncConnection, consumer: str) -> datetime | None:
    return (await connection.execute(select(effects.c.since).where(effects.c.consumer == consumer))).scalar()


# --- notices --------------------------------------------------------------------------------------


async def lock_waiting_notices(connection: AsyncConnection, system_now: datetime, limit: int) -> list[Notice]:
    """Notices for whose recipients it is time to look; those that another worker has are left out."""
    query = select(notices).where(_waiting(system_now)).order_by(notices.c.occurred_at, notices.c.id).limit(limit)
    rows = await connection.execute(query.with_for_update(skip_locked=True))
    return [loaded(Notice, row._mapping) for row in rows]


async def lock_notices(connection: AsyncConnection, ids: Iterable[UUID]) -> list[Notice]:
    """In the order of their ids, which is the order in which everybody locks them."""
    query = select(notices).where(notices.c.id.in_(set(ids))).order_by(notices.c.id).with_for_update()
    return [loaded(Notice, row._mapping) for row in await connection.execute(query)]


async def load_notices(connection: AsyncConnection, ids: Iterable[UUID]) -> dict[UUID, Notice]:
    rows = await rows_in(connection, notices, "id", set(ids))
    return {row["id"]: loaded(Notice, row) for row in rows}


async def count_waiting_notices(connection: AsyncConnection, system_now: datetime) -> int:
    return await _count(connection, select(func.count()).select_from(notices).where(_waiting(system_now)))


async def count_notices_for_nobody(connection: AsyncConnection, tried_before: datetime) -> int:
    """Notices whose recipients have been looked for in vain since before then."""
    c = notices.c
    query = select(func.count()).select_from(notices)
    return await _count(connection, query.where(c.state == NoticeState.WAITING, c.tried_at <= tried_before))


def _waiting(system_now: datetime) -> ColumnElement[bool]:
    c = notices.c
    return and_(c.state == NoticeState.WAITING, or_(c.try_at.is_(None), c.try_at <= system_now))


async def list_notices(
    connection: AsyncConnection, caller: Actor, everything: bool, paging: Paging, *where: ColumnElement[bool]
) -> Rows:
    """The newest first: every notice, or those to the caller's unit; of the caller's plans where it is bound to some."""
    c = notices.c
    query = select(notices).where(*where)
    if not everything:
        query = query.where(c.unit == caller.unit)
    if caller.plans:
        query = query.where(c.plan.is_(None) | c.plan.in_(caller.plans))
    if after := paging.key(instant, UUID):
        query = query.where(tuple_(c.occurred_at, c.id) < _values(*after))
    return (await connection.execute(query.order_by(c.occurred_at.desc(), c.id.desc()).limit(paging.fetch))).all()


async def get_notice(connection: AsyncConnection, notice: UUID) -> Notice:
    """Raises NoticeNotFound."""
    row = (await connection.execute(select(notices).where(notices.c.id == notice))).first()
    if row is None:
        raise NoticeNotFound
    return loaded(Notice, row._mapping)


# --- deliveries -----------------------------------------------------------------------------------


async def list_deliveries_of(connection: AsyncConnection, notice: UUID) -> Rows:
    """A notice's deliveries, each with the attempts and the next attempt of the e-mail that carries it."""
    c = deliveries.c
    carried = deliveries.outerjoin(mails, mails.c.id == c.mail)
    query = select(deliveries, mails.c.attempts, mails.c.due_at).select_from(carried).where(c.notice == notice)
    return (await connection.execute(query.order_by(c.recipient, c.channel))).all()


async def get_delivery(connection: AsyncConnection, delivery: UUID) -> Delivery:
    """Locked. Raises DeliveryNotFound."""
    query = select(deliveries).where(deliveries.c.id == delivery).with_for_update()
    row = (await connection.execute(query)).first()
    if row is None:
        raise DeliveryNotFound
    return Delivery(**row._mapping)


async def list_deliveries_in(connection: AsyncConnection, of: Iterable[UUID], state: DeliveryState) -> Rows:
    """Deliveries in these e-mails that are in this state, in the order in which they came up."""
    c = deliveries.c
    query = select(deliveries).where(c.mail.in_(set(of)), c.state == state).order_by(c.made_at, c.id)
    return (await connection.execute(query)).all()


async def list_unreachable(connection: AsyncConnection, account: UUID, since: datetime, now: datetime) -> Rows:
    """Recent deliveries that only lacked an address, with what decides how they are sent."""
    c, n = deliveries.c, notices.c
    query = (
        select(deliveries, n.plan, n.urgency, n.expires)
        .join(notices, n.id == c.notice)
        .where(c.account == account, c.channel == Channel.EMAIL, c.state == DeliveryState.UNREACHABLE)
        .where(n.occurred_at >= since, n.expires > now)
        .order_by(c.made_at, c.id)
    )
    return (await connection.execute(query)).all()


async def count_failed_deliveries(connection: AsyncConnection) -> int:
    failed = deliveries.c.state == DeliveryState.FAILED
    return await _count(connection, select(func.count()).select_from(deliveries).where(failed))


# --- mail -----------------------------------------------------------------------------------------


async def lock_mails(connection: AsyncConnection, ids: Iterable[UUID]) -> Rows:
    query = select(mails).where(mails.c.id.in_(set(ids))).order_by(mails.c.id).with_for_update()
    return (await connection.execute(query)).all()


async def lock_open_urgent_mails(connection: AsyncConnection, of: Iterable[UUID]) -> Rows:
    """Urgent e-mails to these accounts that still take notices."""
    c = mails.c
    query = select(mails).where(c.account.in_(set(of)), c.day.is_(None), c.state == MailState.COLLECTING)
    return (await connection.execute(query.order_by(c.id).with_for_update())).all()


async def lock_due_mails(connection: AsyncConnection, now: datetime, system_now: datetime, limit: int) -> Rows:
    """E-mails to send now, the longest due first; those that another worker has are left out."""
    query = select(mails).where(_sendable(now), mails.c.due_at <= system_now)
    query = query.order_by(mails.c.due_at, mails.c.id).limit(limit).with_for_update(skip_locked=True)
    return (await connection.execute(query)).all()


async def find_next_send(connection: AsyncConnection, now: datetime) -> datetime | None:
    """System time at which the next e-mail is due; None where nothing waits for anything but business time."""
    found: datetime | None = (await connection.execute(select(func.min(mails.c.due_at)).where(_sendable(now)))).scalar()
    return found


async def find_next_daily(connection: AsyncConnection, now: datetime) -> datetime | None:
    """The next business instant for which e-mail is held back."""
    c = mails.c
    held = select(func.min(c.not_before)).where(c.state == MailState.COLLECTING, c.not_before > now)
    found: datetime | None = (await connection.execute(held)).scalar()
    return found


async def count_mails_to_send(connection: AsyncConnection, now: datetime, system_now: datetime) -> int:
    """E-mails that are due, being sent, or held for a moment for what may join them. Not those that wait to be retried."""
    c = mails.c
    active = or_(c.state == MailState.COLLECTING, c.lease.is_not(None), c.due_at <= system_now)
    return await _count(connection, select(func.count()).select_from(mails).where(_sendable(now), active))


def _sendable(now: datetime) -> ColumnElement[bool]:
    c = mails.c
    return and_(c.state.in_((MailState.COLLECTING, MailState.SENDING)), c.not_before <= now)


# --- inbox ----------------------------------------------------------------------------------------


async def list_inbox(
    connection: AsyncConnection,
    account: UUID,
    paging: Paging,
    *where: ColumnElement[bool],
    unread: bool | None = None,
) -> list[InboxEntry]:
    """Unread first, then the newest first; `unread` leaves out the others. Each call sees what is unread then."""
    after = paging.key(bool, instant, UUID)
    parts = [is_read for is_read in (False, True) if unread is not is_read and not (after and is_read < after[0])]
    found: list[InboxEntry] = []
    for is_read in parts:
        if left := paging.fetch - len(found):
            part = _part_of_inbox(account, is_read).where(*where)
            if after and after[0] is is_read:
                part = part.where(tuple_(deliveries.c.made_at, deliveries.c.id) < _values(*after[1:]))
            found += [_entry(row) for row in await connection.execute(part.limit(left))]
    return found


def _part_of_inbox(account: UUID, is_read: bool) -> Select[Any]:
    """Each part is read from its own index, the newest first."""
    c = deliveries.c
    part = c.read_at.is_not(None) if is_read else c.read_at.is_(None)
    return _inbox(account).where(part).order_by(c.made_at.desc(), c.id.desc())


async def list_inbox_after(
    connection: AsyncConnection, account: UUID, after: tuple[datetime, UUID], limit: int
) -> list[InboxEntry]:
    """What came after a delivery's system time and id, in the order in which it came."""
    c = deliveries.c
    query = _inbox(account).where(tuple_(c.made_at, c.id) > _values(*after))
    rows = await connection.execute(query.order_by(c.made_at, c.id).limit(limit))
    return [_entry(row) for row in rows]


async def get_inbox_entry(connection: AsyncConnection, account: UUID, delivery: UUID) -> InboxEntry:
    """Its notice is locked. Raises InboxItemNotFound, also where it is somebody else's."""
    query = _inbox(account).where(deliveries.c.id == delivery).with_for_update(of=notices)
    row = (await connection.execute(query)).first()
    if row is None:
        raise InboxItemNotFound
    return _entry(row)


async def count_unread(connection: AsyncConnection, account: UUID) -> int:
    c = deliveries.c
    mine = and_(c.account == account, c.channel == Channel.INBOX, c.state == DeliveryState.SENT)
    return await _count(connection, select(func.count()).select_from(deliveries).where(mine, c.read_at.is_(None)))


def _inbox(account: UUID) -> Select[Any]:
    c = deliveries.c
    notice_columns = [column.label(f"notice_{column.name}") for column in notices.c]
    query = select(deliveries, *notice_columns).join(notices, notices.c.id == c.notice)
    return query.where(c.account == account, c.channel == Channel.INBOX, c.state == DeliveryState.SENT)


def _entry(row: Row[Any]) -> InboxEntry:
    delivery = {column.name: row._mapping[column] for column in deliveries.c}
    notice = {column.name: row._mapping[f"notice_{column.name}"] for column in notices.c}
    return InboxEntry(delivery, loaded(Notice, notice))


def _values(at: datetime, last: UUID) -> Tuple:
    return tuple_(literal(at, UtcDateTime), literal(last, Uuid))


async def _count(connection: AsyncConnection, query: Select[Any]) -> int:
    return int((await connection.execute(query)).scalar_one())
