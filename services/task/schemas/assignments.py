"""Bodies of assignments."""

from datetime import date
from typing import Any, Self

from pydantic import BaseModel

from services.task.queries.assignments import ShownAssignment
from services.task.schemas.times import Instant


class AssignmentOut(BaseModel):
    """A measure as it was entrusted to a unit. Of another unit's, only who takes part and its state are shown."""

    plan: str
    measure: str
    title: str
    unit: str
    unit_name: str
    relation: str
    role: str
    lead_inferred: bool
    state: str
    id: str | None = None
    issued_at: Instant | None = None
    acknowledge_due: date | None = None
    acknowledged_at: Instant | None = None
    acknowledged_by: str | None = None
    ended_on: date | None = None

    @classmethod
    def from_assignment(cls, shown: ShownAssignment) -> Self:
        a = shown.assignment
        dates = {
            name: getattr(a, name) for name in ("issued_at", "acknowledge_due", "acknowledged_at", "acknowledged_by")
        }
        return cls(id=str(a.id), **cls._seen_by_partners(shown), **dates)

    @classmethod
    def from_partner(cls, shown: ShownAssignment) -> Self:
        return cls(**cls._seen_by_partners(shown))

    @classmethod
    def _seen_by_partners(cls, shown: ShownAssignment) -> dict[str, Any]:
        same = ("plan", "measure", "unit", "unit_name", "relation", "role", "lead_inferred", "ended_on")
        plain = {name: getattr(shown.assignment, name) for name in same}
        return {"title": shown.measure_title, "state": shown.state, **plain}
