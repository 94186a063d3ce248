"""The clocks of a plan, in working days. The defaults are an office's usual practice; a plan file states what differs."""

from itertools import pairwise
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.names import Role
from services.task.report_dates import WorkingDays
from shared.errors import Text
from shared.validation import Refusal, refuse

_NOTHING_TO_REPEAT = Text("没有升级档可以重复，请先列出 rungs。", "There is no rung to repeat; list rungs first.")
_RUNGS_RISE = Text("各档须按工作日由小到大排列，不得重复。", "Rungs must rise in working days, each only once.")


class LateRung(BaseModel):
    """Who hears of a lateness, `at` working days after the due day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: Annotated[int, Field(ge=1, le=250)]
    audience: Annotated[tuple[Role, ...], Field(min_length=1)]


class LateLadder(BaseModel):
    """Escalations in order; the last repeats every `repeat_every` working days, or never."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rungs: tuple[LateRung, ...]
    repeat_every: Annotated[int, Field(ge=1, le=250)] | None = None

    @model_validator(mode="after")
    def _rises(self) -> Self:
        falls = [n for n, (lower, upper) in enumerate(pairwise(self.rungs), start=1) if upper.at <= lower.at]
        refuse(LateLadder, [Refusal(("rungs", n, "at"), "rungs_must_rise", _RUNGS_RISE) for n in falls])
        if self.repeat_every is not None and not self.rungs:
            refuse(LateLadder, [Refusal(("repeat_every",), "nothing_to_repeat", _NOTHING_TO_REPEAT)])
        return self


def _subordinate() -> LateLadder:
    return LateLadder(
        rungs=(
            LateRung(at=1, audience=(Role.LIAISON, Role.UNIT_HEAD)),
            LateRung(at=3, audience=(Role.UNIT_HEAD, Role.LEADER, Role.OFFICE)),
            LateRung(at=7, audience=(Role.OFFICE, Role.OFFICE_HEAD)),
        ),
        repeat_every=5,
    )


def _requested() -> LateLadder:
    return LateLadder(rungs=(LateRung(at=3, audience=(Role.OFFICE,)),))


class LateLadders(BaseModel):
    """By the unit's relation. Central agencies and enterprises are asked, not supervised: theirs ends at the office."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subordinate: LateLadder = Field(default_factory=_subordinate)
    requested: LateLadder = Field(default_factory=_requested)


class Clocks(BaseModel):
    """How long each step may take. Reminders count from the due day, negative before it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    acknowledge: WorkingDays = 2
    decide_dispute: WorkingDays = 3
    report_reminders: tuple[Annotated[int, Field(ge=-60, le=0)], ...] = (-5, -3, -1, 0)
    resubmit: WorkingDays = 3
    review: WorkingDays = 5
    decide_extension: WorkingDays = 3
    check_completion: WorkingDays = 10
    route_coordination: WorkingDays = 2
    answer_coordination: WorkingDays = 5
    answer_letter: WorkingDays = 5
    answer_call: WorkingDays = 5
    spot_check: WorkingDays = 10
    late: LateLadders = Field(default_factory=LateLadders)
