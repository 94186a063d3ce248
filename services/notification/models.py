"""Notification's tables: notices, their deliveries, the mail that carries them, and read models of other services."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Boolean, Column, Integer, MetaData, String, Table, Text, text
from sqlmodel import Field, Index, SQLModel

from contracts.names import Channel
from contracts.notification import NoticeFailed, NoticeRead, NoticeSent
from shared.auth.accounts import KnownAccount
from shared.auth.keys import known_keys_table
from shared.clock import clock_table
from shared.consumer import ConsumerTables
from shared.consumer.projection import current_columns
from shared.db.columns import JsonText, UtcDateTime, Word, table_of
from shared.db.naming import NAMING
from shared.event_log import Aggregate, EventLogTables


class NotificationTable(SQLModel):
    """Base of notification's tables; services never share a MetaData."""

    metadata = MetaData(naming_convention=NAMING)


class Urgency(StrEnum):
    """When a notice goes out by e-mail. The inbox shows every notice at once."""

    INBOX_ONLY = "inbox_only"
    DAILY = "daily"
    """In the one e-mail per recipient, plan and day."""
    AT_ONCE = "at_once"


class NoticeState(StrEnum):
    WAITING = "waiting"
    """Nobody has been found yet whom it is for."""
    ADDRESSED = "addressed"
    """Its deliveries exist."""
    EXPIRED = "expired"
    MOOT = "moot"
    """What it asks for was done before anybody was told."""
    SILENT = "silent"
    """Older than the day from which this service tells people anything."""


class DeliveryState(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    """Every attempt was used up, or the server refused for good; an operator may retry."""
    EXPIRED = "expired"
    MOOT = "moot"
    UNREACHABLE = "unreachable"
    """The recipient has no address on this channel; entering one makes it pending again."""
    DECLINED = "declined"
    """The recipient does not want daily e-mail."""


class MailState(StrEnum):
    COLLECTING = "collecting"
    """Notices may still be added."""
    SENDING = "sending"
    """What it carries is fixed, from the first attempt until one succeeds or all have failed."""
    SENT = "sent"
    FAILED = "failed"
    CLOSED = "closed"
    """Nothing that it carried was still worth sending."""


class Notice(Aggregate, NotificationTable, table=True):
    """Something that an event brought up, for whoever holds a role. Born with an id derived from that event."""

    __tablename__ = "notices"
    __table_args__ = (
        Index("notices_by_state", "state", "try_at"),
        Index("notices_by_time", "occurred_at", "id"),
        Index("notices_by_plan", "plan", "occurred_at", "id"),
        Index("notices_by_unit", "unit", "occurred_at", "id"),
    )
    noun: ClassVar[str] = "notice"

    event: UUID
    template: str = Field(max_length=40)
    urgency: Urgency = Field(sa_type=Word(Urgency))
    role: str = Field(max_length=20)
    unit: str | None = Field(default=None, max_length=63)
    """Holders of `role` in this unit; null: whoever holds it anywhere."""
    about: str = Field(max_length=120)
    """Subject of the event."""
    plan: str | None = Field(default=None, max_length=63)
    duty: str | None = Field(default=None, max_length=160)
    """What is asked for; see `duty_key`. Once it is done the notice may be moot."""
    facts: dict[str, Any] = Field(sa_type=JsonText)
    """What its wording needs of the event; names are looked up when it is read."""
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    expires: datetime = Field(sa_type=UtcDateTime)
    """Business time after which it is no longer worth sending."""
    state: NoticeState = Field(default=NoticeState.WAITING, sa_type=Word(NoticeState))
    try_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """System time of the next search for recipients; null: at once."""
    tried_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """System time of the first search that found nobody."""

    def sent(self, delivery: "Delivered", at: datetime) -> NoticeSent:
        return NoticeSent(**self._of(delivery), sent_at=at)

    def failed(self, delivery: "Delivered", at: datetime, attempts: int, error: str) -> NoticeFailed:
        return NoticeFailed(**self._of(delivery), failed_at=at, attempts=attempts, error=error)

    def read(self, delivery: "Delivered", at: datetime) -> NoticeRead:
        return NoticeRead(**self._of(delivery), read_at=at)

    def _of(self, delivery: "Delivered") -> dict[str, Any]:
        return {
            "notice": self.id,
            "delivery": delivery["id"],
            "template": self.template,
            "about": self.about,
            "plan": self.plan,
            "recipient": delivery["recipient"],
            "channel": delivery["channel"],
        }


Delivered = Mapping[str, Any]
"""A row of `deliveries`."""


INBOX_ORDER = ("account", "channel", "made_at", "id")
UNREAD, READ = text("read_at IS NULL"), text("read_at IS NOT NULL")


class Delivery(NotificationTable, table=True):
    """One notice to one person on one channel. Its id is derived from the three."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("deliveries_of_notice", "notice"),
        Index("deliveries_of_mail", "mail"),
        Index("deliveries_by_state", "state", "channel"),
        Index("deliveries_inbox", *INBOX_ORDER),
        Index("deliveries_unread", *INBOX_ORDER, sqlite_where=UNREAD, postgresql_where=UNREAD),
        Index("deliveries_read", *INBOX_ORDER, sqlite_where=READ, postgresql_where=READ),
    )

    id: UUID = Field(primary_key=True)
    notice: UUID = Field(foreign_key="notices.id")
    channel: Channel = Field(sa_type=Word(Channel))
    account: UUID
    recipient: str = Field(max_length=63)
    mail: UUID | None = None
    """The e-mail that carries it."""
    state: DeliveryState = Field(sa_type=Word(DeliveryState))
    error: str = Field(default="", sa_type=Text)
    made_at: datetime = Field(sa_type=UtcDateTime)
    """System time."""
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Mail(NotificationTable, table=True):
    """One e-mail to one person: the daily one of a plan, or an urgent one. Its id becomes the Message-ID."""

    __tablename__ = "mails"
    __table_args__ = (Index("mails_by_state", "state", "due_at"), Index("mails_of_account", "account", "state"))

    id: UUID = Field(primary_key=True)
    account: UUID
    recipient: str = Field(max_length=63)
    plan: str | None = Field(default=None, max_length=63)
    day: date | None = None
    """Of a daily e-mail; null for an urgent one."""
    not_before: datetime = Field(sa_type=UtcDateTime)
    """Business time."""
    state: MailState = Field(sa_type=Word(MailState))
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """System time of the next attempt; null until `not_before`. While a lease runs, its end."""
    lease: UUID | None = None
    """Whose attempt is under way; whoever holds another lease may not record a result."""
    attempts: int = 0
    error: str = Field(default="", sa_type=Text)


class ContactPoint(NotificationTable, table=True):
    """How to reach the person behind an account. Personal data: kept here only, never in an event or a log."""

    __tablename__ = "contact_points"

    account: UUID = Field(primary_key=True)
    email: str = Field(default="", max_length=254)
    display_name: str = Field(default="", max_length=80)
    locale: str = Field(default="zh", max_length=2)
    revision: int = 1


class Preference(NotificationTable, table=True):
    """What a person wants to be told by e-mail. Urgent notices always go."""

    __tablename__ = "preferences"

    account: UUID = Field(primary_key=True)
    daily_email: bool = True
    revision: int = 1


class Account(KnownAccount, NotificationTable, table=True):
    """Who may act and who holds which role, from directory's events."""

    __tablename__ = "accounts"


EVENT_LOG = EventLogTables(NotificationTable.metadata)
CONSUMING = ConsumerTables(NotificationTable.metadata)
CLOCK = clock_table(NotificationTable.metadata)
known_keys_table(NotificationTable.metadata)

notices = table_of(Notice)
deliveries = table_of(Delivery)
mails = table_of(Mail)
contact_points = table_of(ContactPoint)
preferences = table_of(Preference)
accounts = table_of(Account)

units = Table(
    "units",
    NotificationTable.metadata,
    *current_columns(),
    Column("unit", String(63), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
)
plans = Table(
    "plans",
    NotificationTable.metadata,
    *current_columns(),
    Column("plan", String(63), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("sample", Boolean, nullable=False),
)
measures = Table(
    "measures",
    NotificationTable.metadata,
    *current_columns(),
    Column("plan", String(63), nullable=False, index=True),
    Column("measure", String(12), nullable=False),
    Column("title", Text, nullable=False),
    Column("title_en", Text, nullable=False),
)
"""One row per measure of a plan: same subject, the measure as its part."""
duties = Table(
    "duties",
    NotificationTable.metadata,
    *current_columns(),
    Column("duty", String(160), nullable=False, index=True),
    Column("state", String(12), nullable=False),
    Column("revision", Integer, nullable=False),
)
"""What units owe and how far they are, so that a reminder of something done is not sent."""
effects = Table(
    "effects",
    NotificationTable.metadata,
    Column("consumer", String(80), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
)
"""Events older than `since` bring up no delivery: this service was not there when they happened."""


def duty_key(plan: str, measure: str, unit: str, period: str | None = None) -> str:
    """An assignment, or with a period its report, by natural key."""
    return "/".join((plan, measure, unit, period) if period else (plan, measure, unit))
