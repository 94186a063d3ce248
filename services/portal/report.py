"""What the page of a report shows of its past, the first first. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.portal.schemas import HistoryEntry

CONTENT = ("self_assessment", "done", "problems", "next_steps", "support_needed", "readings", "evidence")
INSTANTS = {
    "report.submitted": "submitted_at",
    "report.returned": "returned_at",
    "report.accepted": "accepted_at",
}
"""The steps that are shown, and where each keeps its business time. Later kinds of steps are left out until they are known."""


@dataclass(frozen=True, slots=True)
class Step:
    """A submission or a review: who did it, when, and why."""

    kind: str
    version: int
    at: datetime
    by: str
    words: str
    late: bool | None
    resubmit_due: date | None
    same_unit: bool
    content: dict[str, Any] | None


def steps_of(history: Sequence[HistoryEntry]) -> list[Step]:
    return list(_steps(history))


def _steps(history: Sequence[HistoryEntry]) -> Iterator[Step]:
    for entry in history:
        if instant := INSTANTS.get(entry.type):
            yield _step(entry.type.removeprefix("report."), datetime.fromisoformat(entry.data[instant]), entry.data)


def _step(verb: str, at: datetime, data: dict[str, Any]) -> Step:
    due = data.get("resubmit_due")
    return Step(
        kind="emptied" if data.get("kind") == "empty" else verb,
        version=data["revision"],
        at=at,
        by=data["by"],
        words=data.get("reason") or data.get("comment") or "",
        late=_late(verb, data),
        resubmit_due=date.fromisoformat(due) if due else None,
        same_unit=data.get("same_unit_review", False),
        content={name: data[name] for name in CONTENT if name in data} if verb == "submitted" else None,
    )


def _late(verb: str, data: dict[str, Any]) -> bool | None:
    """Of a version after a return against its own date, else of the first submission."""
    if verb != "submitted":
        return None
    resubmission: bool | None = data.get("resubmission_late")
    return (not data["on_time"]) if resubmission is None else resubmission
