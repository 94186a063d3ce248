"""Assignments one by one: with their report of the period, or with their light explained."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.lights import RULES_VERSION, Tally, explain_one
from services.reporting.queries.board import Asked
from services.reporting.queries.plans import Names
from services.reporting.queries.standings import Wanted, list_standings
from services.reporting.schemas import AssignmentRow, LightRow
from services.reporting.standing import FACTS, Standing
from shared.errors import Text

API_STATES = {
    "due_today": "open",
    "overdue": "open",
    "awaiting_review": "submitted",
    "resubmission_overdue": "returned",
}
INPUTS = (
    "acknowledge_due",
    "acknowledged_at",
    "opens",
    "due",
    "first_submitted_at",
    "on_time",
    "state",
    "resubmit_due",
)
MOST_ROWS = 1000
"""One measure's units or one unit's measures: some 150 units, and a plan of some dozens of measures."""


async def list_rows(
    connection: AsyncConnection,
    asked: Asked,
    wanted: Wanted,
    limit: int = MOST_ROWS,
    after: Sequence[Any] | None = None,
) -> Sequence[Row[Any]]:
    """Those that the caller may see: all, or of a measure's other units only that they take part."""
    own_only = asked.plan.units if wanted.measure is None or not asked.plan.shows_measure(wanted.measure) else None
    return await list_standings(connection, asked.plan, asked.period, wanted, limit=limit, after=after, units=own_only)


def standing_of(row: Row[Any]) -> Standing:
    return Standing(*(getattr(row, fact) for fact in FACTS))


def tallies(rows: Sequence[Row[Any]], names: Names, *, by: str) -> list[Tally]:
    """Each row as a group of its own, named by its unit or its measure."""
    if by == "unit":
        return [Tally(standing_of(row), 1, names.of(row.unit, row.unit_name).short) for row in rows]
    return [Tally(standing_of(row), 1, Text(row.measure, row.measure)) for row in rows]


def assignment_row(asked: Asked, row: Row[Any], names: Names) -> AssignmentRow:
    """A unit that is not the caller's shows its state, not its report."""
    shown = {**_state(asked, row, names), **(_report(asked, row) if asked.plan.shows_unit(row.unit) else _NOT_SHOWN)}
    return AssignmentRow(**shown)


def light_row(asked: Asked, row: Row[Any], names: Names) -> LightRow:
    explained = explain_one(standing_of(row))
    return LightRow(
        **_key(asked, row, names),
        light=explained.light,
        cause=explained.cause.in_language(asked.language),
        rule=explained.rule,
        rules=RULES_VERSION,
        inputs={**standing_of(row)._asdict(), **(_dates(asked, row) if asked.plan.shows_unit(row.unit) else {})},
        day=asked.plan.moment.day,
    )


def _key(asked: Asked, row: Row[Any], names: Names) -> dict[str, Any]:
    name = names.of(row.unit, row.unit_name).full
    key = {"plan": asked.plan.plan, "measure": row.measure, "unit": row.unit, "period": asked.period.period}
    return {**key, "unit_name": name.in_language(asked.language)}


def _state(asked: Asked, row: Row[Any], names: Names) -> dict[str, Any]:
    explained = explain_one(standing_of(row))
    return {
        **_key(asked, row, names),
        "relation": row.relation,
        "role": row.role,
        "state": API_STATES.get(row.progress, row.progress),
        "progress": row.progress,
        "due": row.due,
        "light": explained.light,
        "cause": explained.cause.in_language(asked.language),
    }


def _report(asked: Asked, row: Row[Any]) -> dict[str, Any]:
    owed = row.due is not None
    return {
        "version": row.revision or 0,
        "submitted_at": _in_zone(asked, row.submitted_at),
        "on_time": row.on_time,
        "resubmit_due": row.resubmit_due,
        "accepted_at": _in_zone(asked, row.accepted_at),
        "same_unit_review": bool(row.same_unit_review),
        "acknowledged_at": _in_zone(asked, row.acknowledged_at),
        "href": (asked.links.report if owed else asked.links.assignment)(row.measure, row.unit),
    }


_NOT_SHOWN: Mapping[str, Any] = dict.fromkeys(
    ("version", "submitted_at", "on_time", "resubmit_due", "accepted_at", "same_unit_review", "acknowledged_at", "href")
)


def _dates(asked: Asked, row: Row[Any]) -> dict[str, Any]:
    return {name: _wire(asked, getattr(row, name)) for name in INPUTS}


def _wire(asked: Asked, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(asked.plan.row.zone)).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _in_zone(asked: Asked, instant: datetime | None) -> datetime | None:
    return instant.astimezone(ZoneInfo(asked.plan.row.zone)) if instant else None
