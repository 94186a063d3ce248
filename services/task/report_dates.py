"""When a report opens, is due and locks: the rules of a plan, and their dates for one period."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.task.calendar import WorkingCalendar
from services.task.periods import Cycle, Period
from shared.errors import Text
from shared.validation import Refusal, refuse

WorkingDays = Annotated[int, Field(ge=0, le=250)]  # about one year
_ONE_DUE_RULE = Text(
    "截止规则须二选一：working_days_after_period_end（期末后第几个工作日）或 day_of_month（每月几日前）。",
    "Give exactly one rule: working_days_after_period_end or day_of_month.",
)
_NO_MONTH_IN_A_WEEK = Text(
    "按周填报不能以每月几日为截止，请用 working_days_after_period_end。",
    "A weekly cycle has no day of the month; use working_days_after_period_end.",
)


class DueRule(BaseModel):
    """Working days after the end of the period, or a day of the period's last month (每月28日前)."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"oneOf": [{"required": ["working_days_after_period_end"]}, {"required": ["day_of_month"]}]},
    )

    working_days_after_period_end: WorkingDays | None = None
    day_of_month: Annotated[int, Field(ge=1, le=31)] | None = None

    @model_validator(mode="after")
    def _is_one_rule(self) -> Self:
        if (self.working_days_after_period_end is None) == (self.day_of_month is None):
            refuse(DueRule, [Refusal((), "one_due_rule", _ONE_DUE_RULE)])
        return self

    def due(self, period: Period, calendar: WorkingCalendar) -> date:
        """A stated day of the month stands, working day or not; a month that lacks it ends the earlier."""
        end = period.last_day
        if self.working_days_after_period_end is not None:
            return calendar.add_working_days(end, self.working_days_after_period_end)
        assert self.day_of_month is not None
        return end.replace(day=min(self.day_of_month, monthrange(end.year, end.month)[1]))


@dataclass(frozen=True, slots=True)
class ReportDates:
    """A report may be written from `opens`, is on time through the whole of `due`, and is closed after `locks`."""

    opens: date
    due: date
    locks: date


class Reporting(BaseModel):
    """How often units report, and when a report opens, is due and locks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cycle: Cycle
    due: DueRule = DueRule(working_days_after_period_end=5)
    opens_working_days_before_due: WorkingDays = 7
    locks_working_days_after_period_end: WorkingDays = 20

    @model_validator(mode="after")
    def _suits_its_cycle(self) -> Self:
        if self.cycle is Cycle.WEEKLY and self.due.day_of_month is not None:
            refuse(Reporting, [Refusal(("due", "day_of_month"), "weekly_day_of_month", _NO_MONTH_IN_A_WEEK)])
        return self

    def dates(self, period: Period, calendar: WorkingCalendar) -> ReportDates:
        """Opens never later than the day after the period, locks never before it is due."""
        end = period.last_day
        due = self.due.due(period, calendar)
        opens = calendar.add_working_days(due, -self.opens_working_days_before_due)
        locks = calendar.add_working_days(end, self.locks_working_days_after_period_end)
        return ReportDates(min(opens, end + timedelta(days=1)), due, max(locks, due))
