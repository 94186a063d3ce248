"""How instants are shown: RFC 3339 with the offset of the office's zone."""

from datetime import datetime
from typing import Annotated

from pydantic import PlainSerializer

from services.task.days import OFFICE_ZONE, zone


def with_offset(instant: datetime) -> str:
    return instant.astimezone(zone(OFFICE_ZONE)).isoformat()


Instant = Annotated[datetime, PlainSerializer(with_offset, return_type=str)]
