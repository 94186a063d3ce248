"""Bodies in and out of notification."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import Row

from contracts.names import Channel, Role
from services.notification.models import ContactPoint, Delivery, DeliveryState, Notice, NoticeState, Preference, Urgency
from services.notification.queries import InboxEntry
from services.notification.wording import Worded

Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=254,
        pattern=r"^([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
        r"@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+)?$",
    ),
]
"""An address in the unquoted form of RFC 5321, or nothing."""


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ContactPointIn(Body):
    email: Email = ""
    display_name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)] = ""
    locale: Literal["zh", "en"] = "zh"

    def says(self, point: ContactPoint) -> bool:
        return self.model_dump() == point.model_dump(include={"email", "display_name", "locale"})


class ContactPointOut(BaseModel):
    account: str
    email: str
    display_name: str
    locale: str

    @classmethod
    def of(cls, username: str, point: ContactPoint | Row[Any] | None) -> Self:
        if point is None:
            return cls(account=username, email="", display_name="", locale="zh")
        return cls(account=username, email=point.email, display_name=point.display_name, locale=point.locale)


class PreferencesIn(Body):
    daily_email: bool


class PreferencesOut(BaseModel):
    daily_email: bool
    """Whether the daily e-mail is sent; urgent ones always are."""

    @classmethod
    def of(cls, wanted: Preference | None) -> Self:
        return cls(daily_email=wanted.daily_email if wanted else True)


class InboxItem(BaseModel):
    id: UUID
    notice: UUID
    template: str
    section: str
    title: str
    body: str
    link: str
    plan: str | None
    measure: str | None
    unit: str | None
    period: str | None
    due: date | None
    urgent: bool
    moot: bool
    """What it asks for has been done meanwhile."""
    received_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, entry: InboxEntry, worded: Worded, *, moot: bool) -> Self:
        notice, delivery = entry.notice, entry.delivery
        return cls(
            id=delivery["id"],
            notice=notice.id,
            template=notice.template,
            section=worded.section,
            title=worded.title,
            body=worded.body,
            link=worded.link,
            plan=notice.plan,
            measure=notice.facts.get("measure"),
            unit=notice.facts.get("unit"),
            period=notice.facts.get("period"),
            due=notice.facts.get("due"),
            urgent=notice.urgency is Urgency.AT_ONCE,
            moot=moot,
            received_at=delivery["sent_at"],
            read_at=delivery["read_at"],
        )


class NoticeOut(BaseModel):
    """What was to be told to whom. Without its wording: whoever watches over deliveries need not read reports."""

    id: UUID
    template: str
    role: Role
    unit: str | None
    """Null: whoever holds the role, in any unit."""
    about: str
    plan: str | None
    measure: str | None
    period: str | None
    urgency: Urgency
    state: NoticeState
    occurred_at: datetime
    expires: datetime

    @classmethod
    def of(cls, notice: Notice | Row[Any]) -> Self:
        own = {name: getattr(notice, name) for name in cls.model_fields if name not in ("measure", "period")}
        return cls(**own, measure=notice.facts.get("measure"), period=notice.facts.get("period"))


class DeliveryOut(BaseModel):
    id: UUID
    channel: Channel
    recipient: str
    state: DeliveryState
    sent_at: datetime | None
    read_at: datetime | None
    attempts: int
    next_attempt_at: datetime | None
    """System time; only while it is pending."""
    error: str
    """Why the last attempt failed."""

    @classmethod
    def of(cls, delivery: Row[Any] | Delivery, attempts: int | None = 0, due_at: datetime | None = None) -> Self:
        return cls(
            id=delivery.id,
            channel=delivery.channel,
            recipient=delivery.recipient,
            state=delivery.state,
            sent_at=delivery.sent_at,
            read_at=delivery.read_at,
            attempts=attempts or 0,
            next_attempt_at=due_at if delivery.state is DeliveryState.PENDING else None,
            error=delivery.error,
        )


class Unread(BaseModel):
    """The first message of a stream."""

    unread: Annotated[int, Field(ge=0)]
