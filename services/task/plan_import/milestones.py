"""Milestones: what a measure has to have done by a printed date."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from services.task.plan_import.spans import Span

DATED = re.compile(
    r"(?<!\d)(?P<year>20\d\d)年(?:(?P<month>1[0-2]|0?[1-9])月(?:(?P<day>3[01]|[12]\d|0?[1-9])日)?|(?P<half>上半年|下半年)|(?P<quarter>[第]?[一二三四1-4]季度))?(?P<by>底|末|年底|年末)?(?P<before>之?前|以前)?"
)
QUARTERS = {"一": 1, "二": 2, "三": 3, "四": 4, "1": 1, "2": 2, "3": 3, "4": 4}
CLAUSE_END = re.compile(r"[,。;\n]")
DUE = re.compile("(?:到|至|在|于|力争)$")


@dataclass(frozen=True)
class Milestone:
    span: Span
    text: Span
    due: date
    precision: str  # day, month, quarter, half or year, as printed


def find_milestones(text: str, span: Span) -> Iterator[Milestone]:
    """Dates by which something is to be done; a year by itself needs 到, 底 or 前 beside it."""
    for match in DATED.finditer(text, *span):
        if match["by"] or match["before"] or DUE.search(text[max(0, match.start() - 2) : match.start()]):
            due, precision = _due(match)
            if due:
                yield Milestone(Span(*match.span()), _clause(text, match, span), due, precision)


def due_at(text: str, start: int) -> tuple[date, str] | None:
    """The last day of the date that is printed at `start`, and how exactly it is given."""
    match = DATED.match(text, start)
    due, precision = _due(match) if match else (None, "")
    return (due, precision) if due else None


def _due(match: re.Match[str]) -> tuple[date | None, str]:
    year = int(match["year"])
    if match["day"]:
        return _day(year, int(match["month"]), int(match["day"])), "day"
    if match["month"]:
        return _month_end(year, int(match["month"])), "month"
    if match["quarter"]:
        return _month_end(year, 3 * next(QUARTERS[mark] for mark in match["quarter"] if mark in QUARTERS)), "quarter"
    if match["half"]:
        return _month_end(year, 6 if match["half"] == "上半年" else 12), "half"
    return date(year, 12, 31), "year"


def _day(year: int, month: int, day: int) -> date | None:
    return date(year, month, day) if day <= calendar.monthrange(year, month)[1] else None


def _month_end(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def _clause(text: str, match: re.Match[str], within: Span) -> Span:
    """From the date through the clause that it governs."""
    after = match.end() + (text[match.end() : match.end() + 1] in (",", "、"))
    stop = CLAUSE_END.search(text, after, within.end)
    return Span(match.start(), stop.start() if stop else within.end)
