"""Bodies of deadlines."""

from datetime import date
from typing import Self

from pydantic import BaseModel

from services.task.models import Deadline
from services.task.schemas.times import Instant


class DeadlineOut(BaseModel):
    """A date that is watched, and when its next reminder or escalation goes out (`next_rung` working days from `due`)."""

    kind: str
    plan: str
    measure: str
    unit: str
    period: str | None
    due: date
    next_rung: int | None
    next_at: Instant | None

    @classmethod
    def from_deadline(cls, deadline: Deadline) -> Self:
        return cls(kind=str(deadline.kind), **{n: getattr(deadline, n) for n in cls.model_fields if n != "kind"})
