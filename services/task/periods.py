"""Reporting periods and their keys: `2024-W14`, `2024-03`, `2024-Q1`, `2024-H1`, `2024`."""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Self


class InvalidPeriod(ValueError):
    """The text is no period key, or names a period that does not exist (`2024-W53`)."""


class Cycle(StrEnum):
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly"
    YEARLY = "yearly"


_MONTHS = {Cycle.MONTHLY: 1, Cycle.QUARTERLY: 3, Cycle.HALF_YEARLY: 6, Cycle.YEARLY: 12}
_FORMS = {
    Cycle.WEEKLY: "{year:04}-W{number:02}",
    Cycle.MONTHLY: "{year:04}-{number:02}",
    Cycle.QUARTERLY: "{year:04}-Q{number}",
    Cycle.HALF_YEARLY: "{year:04}-H{number}",
    Cycle.YEARLY: "{year:04}",
}
_CYCLES = {"W": Cycle.WEEKLY, "": Cycle.MONTHLY, "Q": Cycle.QUARTERLY, "H": Cycle.HALF_YEARLY}
_KEY = re.compile(r"(?P<year>\d{4})(?:-(?P<letter>[WQH]?)(?P<number>\d{1,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Period:
    """The `number`th period of a cycle in a year; weeks are ISO 8601 weeks, Monday to Sunday."""

    cycle: Cycle
    year: int
    number: int = 1

    @classmethod
    def parse(cls, key: str) -> Self:
        """The period of a key exactly as `str()` writes it. Raises InvalidPeriod."""
        match = _KEY.fullmatch(key)
        if match is None:
            raise InvalidPeriod(f"{key!r} is not a period such as 2024-W14, 2024-03, 2024-Q1, 2024-H1 or 2024")
        cycle = Cycle.YEARLY if match["number"] is None else _CYCLES[match["letter"]]
        period = cls(cycle, int(match["year"]), int(match["number"] or 1))
        if str(period) != key or not period._exists():
            raise InvalidPeriod(f"there is no period {key!r}")
        return period

    @classmethod
    def containing(cls, cycle: Cycle, day: date) -> Self:
        if cycle is Cycle.WEEKLY:
            year, week, _ = day.isocalendar()
            return cls(cycle, year, week)
        return cls(cycle, day.year, (day.month - 1) // _MONTHS[cycle] + 1)

    def __str__(self) -> str:
        return _FORMS[self.cycle].format(year=self.year, number=self.number)

    @property
    def first_day(self) -> date:
        if self.cycle is Cycle.WEEKLY:
            return date.fromisocalendar(self.year, self.number, 1)
        return date(self.year, (self.number - 1) * _MONTHS[self.cycle] + 1, 1)

    @property
    def last_day(self) -> date:
        if self.cycle is Cycle.WEEKLY:
            return date.fromisocalendar(self.year, self.number, 7)
        month = self.number * _MONTHS[self.cycle]
        return date(self.year, month, monthrange(self.year, month)[1])

    def next(self) -> "Period":
        return Period.containing(self.cycle, self.last_day + timedelta(days=1))

    def _exists(self) -> bool:
        try:
            return self.first_day <= self.last_day
        except ValueError:
            return False


def periods_between(cycle: Cycle, first: date, last: date) -> Iterator[Period]:
    """The periods that cover the days from `first` to `last`, in order; the outer ones may reach beyond them."""
    period = Period.containing(cycle, first)
    while period.first_day <= last:
        yield period
        period = period.next()
