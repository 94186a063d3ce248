"""Facts that notification publishes: proof that people were told."""

from datetime import datetime
from uuid import UUID

from contracts.names import AccountName, Channel
from shared.events import Event, event


class DeliveryEvent(Event):
    notice: UUID
    delivery: UUID
    template: str
    about: str
    """Subject of the event that caused it, e.g. `report/0192…`."""
    plan: str | None = None
    recipient: AccountName
    channel: Channel


@event("notice.sent", version="1.0")
class NoticeSent(DeliveryEvent):
    """The channel took the message. At least once: a crash between sending and recording repeats it at most once."""

    sent_at: datetime


@event("notice.failed", version="1.0")
class NoticeFailed(DeliveryEvent):
    """Every attempt was used up; the delivery waits for an operator."""

    failed_at: datetime
    attempts: int
    error: str


@event("notice.read", version="1.0")
class NoticeRead(DeliveryEvent):
    """The recipient opened it in the inbox."""

    read_at: datetime
