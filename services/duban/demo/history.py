"""The invented history of the demo as data: who did what on which day. Pure and the same on every machine."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Literal
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
STARTS = datetime(2023, 12, 1, 9, tzinfo=ZONE)
ENDS = datetime(2024, 4, 8, 9, tzinfo=ZONE)
FIRST, SECOND = "2023-Q4", "2024-Q1"
WALK_THROUGH = ("17", "futian")
"""Left untouched for the reader of the README."""
NOT_IN = frozenset({("17", "shenshan"), ("13", "education"), ("3", "guangming"), WALK_THROUGH})
MISSING = 27
"""139 of 166 are in (DOMAIN.md section 10, item 1)."""
RETURNED_AGAIN = 6
LATE_IN_FIRST = 5
RETURNED_IN_FIRST = 8
ACCEPTED_IN_SECOND = 96
FEATURED = frozenset(
    {("17", "nanshan"), ("17", "longgang"), ("17", "baoan"), ("17", "yantian"), ("2", "nanshan"), ("2", "baoan")}
)
"""Their figures are shown on the board, so they are in and accepted."""
SITE_REASON = "未列场所名称"
REASONS = (
    "请补充具体数据和佐证材料。",
    "进展描述过于笼统，请分项说明。",
    "请说明与上期相比的变化。",
    "请补充下一步工作的时间安排。",
)
Verb = Literal["acknowledge", "submit", "resubmit", "return", "accept"]


@dataclass(frozen=True, slots=True)
class Duty:
    """An assignment of the plan."""

    measure: str
    unit: str
    title: str
    requested: bool

    @property
    def key(self) -> tuple[str, str]:
        return self.measure, self.unit


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody does at a business time."""

    at: datetime
    verb: Verb
    duty: Duty
    period: str = ""
    reason: str = ""
    version: int = 0
    """The version that a further submission replaces."""


def history(duties: Sequence[Duty]) -> list[Act]:
    """Everything that happened between publication and the demo's present, in order."""
    others = [duty for duty in duties if duty.key != WALK_THROUGH]
    acts = [*_acknowledgements(others), *_first_quarter(others), *_second_quarter(others)]
    return sorted(acts, key=lambda act: act.at)


def _acknowledgements(duties: Iterable[Duty]) -> Iterable[Act]:
    for duty in duties:
        day = date(2023, 12, 4 if _draw(duty, "ack") < 0.7 else 5)
        yield Act(_at(day, 10), "acknowledge", duty)


def _first_quarter(duties: list[Duty]) -> Iterable[Act]:
    """All reported; due on 8 January 2024. A few late, a few returned and redone."""
    own = _shuffled([duty for duty in duties if not duty.requested], "first")
    late, returned = own[:LATE_IN_FIRST], own[LATE_IN_FIRST : LATE_IN_FIRST + RETURNED_IN_FIRST]
    for duty in duties:
        day = date(2024, 1, 10) if duty in late else _pick(duty, "q4", [2, 3, 4, 5, 8], date(2024, 1, 1))
        yield Act(_at(day, 15), "submit", duty, FIRST)
        if duty in returned:
            yield Act(_at(date(2024, 1, 11), 10), "return", duty, FIRST, _reason(duty))
            yield Act(_at(date(2024, 1, 15), 16), "resubmit", duty, FIRST, version=1)
        yield Act(_at(date(2024, 1, 17), 10), "accept", duty, FIRST)


def _second_quarter(duties: list[Duty]) -> Iterable[Act]:
    """Due on 8 April 2024, the demo's present: 139 of 166 are in, 6 of them returned."""
    own = _shuffled([d for d in duties if not d.requested and d.key not in NOT_IN | FEATURED], "second")
    site = next(duty for duty in own if duty.key == ("15", "guangming"))
    own.remove(site)
    missing = set(own[: MISSING - len(NOT_IN)])
    returned = [site, *own[MISSING - len(NOT_IN) :][: RETURNED_AGAIN - 1]]
    filed = [duty for duty in duties if duty.key not in NOT_IN and duty not in missing]
    reviewed = [duty for duty in filed if duty not in returned]
    reviewed.sort(key=lambda duty: (duty.key not in FEATURED, _draw(duty, "accepted")))
    accepted = set(reviewed[:ACCEPTED_IN_SECOND])
    for duty in filed:
        early = duty in returned or duty in accepted
        day = _pick(duty, "q1", [1, 2] if early else [2, 3, 7], date(2024, 4, 1))
        yield Act(_at(day, 15), "submit", duty, SECOND)
        if duty in returned:
            yield Act(_at(date(2024, 4, 7), 10), "return", duty, SECOND, SITE_REASON if duty == site else _reason(duty))
        if duty in accepted:
            yield Act(_at(date(2024, 4, 3), 10), "accept", duty, SECOND)


def _draw(duty: Duty, salt: str) -> float:
    """A number in [0, 1) that is always the same for this duty."""
    digest = sha256(f"{salt}/{duty.measure}/{duty.unit}".encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48


def _shuffled(duties: list[Duty], salt: str) -> list[Duty]:
    return sorted(duties, key=lambda duty: _draw(duty, salt))


def _pick(duty: Duty, salt: str, days: list[int], month: date) -> date:
    return month.replace(day=days[int(_draw(duty, salt) * len(days))])


def _reason(duty: Duty) -> str:
    return REASONS[int(_draw(duty, "reason") * len(REASONS))]


def _at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZONE)
