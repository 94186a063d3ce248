"""What is asked about when: now, or the end of a past day as it was known then."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Table, or_


@dataclass(frozen=True, slots=True)
class Moment:
    """A day on which dates are judged, and the instant up to which rows are known; none means the present."""

    generation: int
    day: date
    known_before: datetime | None = None

    @classmethod
    def of(cls, generation: int, now: datetime, zone: str, as_of: date | None) -> "Moment":
        today = now.astimezone(ZoneInfo(zone)).date()
        if as_of is None or as_of == today:
            return cls(generation, today)
        return cls(generation, as_of, end_of_day(as_of, zone))

    def known(self, table: Table) -> list[ColumnElement[bool]]:
        """The rows of a history table that were true at this moment."""
        mine = table.c.generation == self.generation
        if self.known_before is None:
            return [mine, table.c.until.is_(None)]
        lasted = or_(table.c.until.is_(None), table.c.until >= self.known_before)
        return [mine, table.c.since < self.known_before, lasted]


def end_of_day(day: date, zone: str) -> datetime:
    """The instant at which the next day begins there."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
