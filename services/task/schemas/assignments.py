"""Bodies of assignments."""

from datetime import date
from typing import Self

from pydantic import BaseModel

from services.task.queries.assignments import ShownAssignment
from services.task.schemas.times import Instant

OTHERWISE_NAMED = {"id", "state", "title"}


class AssignmentOut(BaseModel):
    """A measure as it was entrusted to a unit."""

    id: str
    plan: str
    measure: str
    title: str
    unit: str
    unit_name: str
    relation: str
    role: str
    lead_inferred: bool
    state: str
    issued_at: Instant
    acknowledge_due: date
    acknowledged_at: Instant | None
    acknowledged_by: str | None

    @classmethod
    def from_assignment(cls, shown: ShownAssignment) -> Self:
        assignment = shown.assignment
        same = {name: getattr(assignment, name) for name in cls.model_fields if name not in OTHERWISE_NAMED}
        return cls(id=str(assignment.id), state=shown.state, title=shown.measure_title, **same)


class OtherUnitOut(BaseModel):
    """The state of another unit that takes part in the caller's measure; its reports stay its own."""

    plan: str
    measure: str
    title: str
    unit: str
    unit_name: str
    role: str
    state: str

    @classmethod
    def from_assignment(cls, shown: ShownAssignment) -> Self:
        a = shown.assignment
        return cls(
            plan=a.plan,
            measure=a.measure,
            title=shown.measure_title,
            unit=a.unit,
            unit_name=a.unit_name,
            role=a.role,
            state=shown.state,
        )
