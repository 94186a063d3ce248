"""How instants are shown: RFC 3339 with the offset of the office's zone."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import PlainSerializer

from services.task.days import zone

OFFICE_ZONE = "Asia/Shanghai"


def with_offset(instant: datetime) -> str:
    return instant.astimezone(zone(OFFICE_ZONE)).isoformat()


def with_zone(text: str) -> datetime:
    """An instant as a cursor holds it. Raises ValueError for one without an offset."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text} has no offset")
    return instant.astimezone(UTC)


Instant = Annotated[datetime, PlainSerializer(with_offset, return_type=str)]
