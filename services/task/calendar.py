"""Working days: the State Council's holidays and make-up days, and what a region adds to them."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ConfigDict

from shared.documents import read_document

_CALENDARS = Path(__file__).parent / "calendars"
_FIRST_DAY: Final = date(2000, 1, 1)
_LAST_DAY: Final = date(2099, 12, 31)
_SATURDAY: Final = 5


class Holiday(BaseModel):
    """Days off in a row, weekends inside them included; `last` belongs to it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    first: date
    last: date

    def days(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))


class Notice(BaseModel):
    """The official arrangement of one year: days off, and the weekend days that are worked in exchange."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    year: int
    document: str
    issued: date
    holidays: tuple[Holiday, ...]
    working: tuple[date, ...]

    def days(self) -> dict[date, bool]:
        off = {day: False for holiday in self.holidays for day in holiday.days()}
        return off | dict.fromkeys(self.working, True)


class CalendarFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    region: str
    notices: tuple[Notice, ...]


class WorkingCalendar:
    """Which days are worked. Immutable; every answer takes a binary search at most.

    Monday to Friday are worked unless a notice says otherwise. For a year without a notice nothing else is known, so
    not even the fixed holidays are taken out: its dates are provisional, and a later notice mostly moves them later.
    `overlay` has the last word on single days: typhoon days off, or days that a region works.
    """

    def __init__(self, notices: Sequence[Notice], overlay: Mapping[date, bool] = MappingProxyType({})) -> None:
        self.notices: Final = tuple(sorted(notices, key=lambda notice: notice.year))
        self._announced: Final = frozenset(notice.year for notice in self.notices)
        exceptions: dict[date, bool] = {}
        for notice in self.notices:
            exceptions |= notice.days()
        self._working: Final = _working_ordinals(exceptions | dict(overlay))

    @property
    def horizon(self) -> date:
        """The last day that an official notice covers."""
        return date(self.notices[-1].year, 12, 31)

    def is_provisional(self, day: date) -> bool:
        """Whether no notice of its year is known, so that a date counted there may still move."""
        return day.year not in self._announced

    def is_working_day(self, day: date) -> bool:
        position = bisect_left(self._working, _ordinal(day))
        return position < len(self._working) and self._working[position] == day.toordinal()

    def add_working_days(self, day: date, count: int) -> date:
        """The `count`th working day after `day`, or before it where negative; 0 is the day itself, worked or not."""
        if count == 0:
            return day
        ordinal = _ordinal(day)
        position = bisect_right(self._working, ordinal) - 1 if count > 0 else bisect_left(self._working, ordinal)
        if not 0 <= position + count < len(self._working):
            raise ValueError(f"{count} working days from {day} is outside {_FIRST_DAY} to {_LAST_DAY}")
        return date.fromordinal(self._working[position + count])

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative where `end` is earlier."""
        return bisect_right(self._working, _ordinal(end)) - bisect_right(self._working, _ordinal(start))


def _ordinal(day: date) -> int:
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise ValueError(f"{day} is outside {_FIRST_DAY} to {_LAST_DAY}")
    return day.toordinal()


def _working_ordinals(exceptions: Mapping[date, bool]) -> "array[int]":
    off = {day.toordinal() for day, worked in exceptions.items() if not worked}
    worked = {day.toordinal() for day, worked in exceptions.items() if worked}
    span = range(_FIRST_DAY.toordinal(), _LAST_DAY.toordinal() + 1)
    # date ordinal 1 was a Monday
    return array("l", (n for n in span if n in worked or ((n - 1) % 7 < _SATURDAY and n not in off)))


@lru_cache
def read_notices(region: str = "cn") -> tuple[Notice, ...]:
    """The notices shipped with this version. Raises KeyError for a region that has none."""
    files = {path.stem: path for path in _CALENDARS.glob("*.yaml")}
    return CalendarFile.model_validate(read_document(files[region].read_bytes())).notices


@lru_cache
def state_council_calendar() -> WorkingCalendar:
    return WorkingCalendar(read_notices("cn"))
