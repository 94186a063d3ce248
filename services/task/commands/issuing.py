"""What publishing a plan brings forth: assignments, obligations and deadlines. Pure: no clock, no session."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from contracts.names import DeadlineKind, Relation
from contracts.task import (
    AreaIssued,
    AssignmentIssued,
    IndicatorIssued,
    MeasurePublished,
    ObligationIssued,
    PeriodIssued,
    TargetIssued,
)
from services.task.calendar import WorkingCalendar
from services.task.commands.ladders import ladder_of
from services.task.days import day_of
from services.task.expansion import IssuedUnit
from services.task.models import Assignment, Deadline, Plan, Report
from services.task.periods import Period, periods_between
from services.task.queries.directory import KnownUnit
from services.task.report_dates import ReportDates
from services.task.schemas.plan_file import PlanFile
from services.task.schemas.targets import Indicator
from shared.events import Event


@dataclass(frozen=True, slots=True)
class Issue:
    """Everything that one publication writes."""

    plan: Plan
    plan_events: list[Event]
    measures: list[dict[str, Any]]
    assignments: list[tuple[Assignment, AssignmentIssued]]
    reports: list[Report]
    deadlines: list[Deadline]


@dataclass(frozen=True, slots=True)
class Starts:
    """The first period of the plan, and of those units that join a measure later."""

    first: Period
    joins: Mapping[tuple[str, str], Period]

    def of(self, assignment: Assignment, periods: Sequence[PeriodIssued]) -> list[PeriodIssued]:
        first = self.joins.get((assignment.measure, assignment.unit), self.first)
        return [period for period in periods if period.starts >= first.first_day]

    def acknowledge_by(self, assignment: Assignment, own: Sequence[PeriodIssued]) -> date:
        """A unit that joins later acknowledges by its first due day; the others by the plan's clock alone."""
        joins_later = (assignment.measure, assignment.unit) in self.joins and bool(own)
        return own[0].due if joins_later else assignment.acknowledge_due


def issue_plan(
    file: PlanFile,
    issued: Sequence[IssuedUnit],
    units: Mapping[str, KnownUnit],
    starts: Starts,
    calendar: WorkingCalendar,
    *,
    at: datetime,
    sample: bool,
) -> Issue:
    """Assignments in the order of the plan, each with one report per period from its start to the plan's end."""
    plan = _plan(file, issued, starts.first, at, sample)
    periods = periods_of(file, starts.first, calendar)
    wanted = [unit for unit in issued if unit.excused is None]
    assignments = [assignment_of(plan, file, unit, units[unit.unit], calendar, at) for unit in wanted]
    owed = [(assignment, starts.of(assignment, periods)) for assignment in assignments]
    for assignment, own in owed:
        assignment.acknowledge_due = max(assignment.acknowledge_due, starts.acknowledge_by(assignment, own))
    reports = [report_of(plan, assignment, period) for assignment, own in owed for period in own]
    relations = {assignment.id: Relation(assignment.relation) for assignment in assignments}
    titles = {measure.key: measure.title for measure in file.measures}
    return Issue(
        plan,
        [_published(plan, file, periods, len(assignments)), *measures_of(plan, file)],
        [measure_row(plan, event) for event in measures_of(plan, file)],
        [(a, issued_event(a, titles[a.measure], own, sample=sample)) for a, own in owed],
        reports,
        deadlines_of(file, calendar, assignments, reports, relations, at),
    )


def _plan(file: PlanFile, issued: Sequence[IssuedUnit], first: Period, at: datetime, sample: bool) -> Plan:
    expansion: dict[str, list[str]] = {}
    for unit in issued:
        if unit.group and unit.unit not in expansion.setdefault(unit.group, []):
            expansion[unit.group].append(unit.unit)
    return Plan(
        plan=file.key,
        title=file.title,
        title_en=file.title_en,
        zone=file.zone,
        starts=file.starts,
        ends=file.ends,
        first_period=str(first),
        office=file.office,
        published_at=at,
        sample=sample,
        file=file.model_dump(mode="json"),
        expansion=expansion,
    )


def periods_of(
    file: PlanFile, first: Period, calendar: WorkingCalendar, announced: Mapping[str, ReportDates] | None = None
) -> list[PeriodIssued]:
    """The last period is the one that the plan's end falls into. Dates that were `announced` stand."""
    issued = []
    for period in periods_between(file.reporting.cycle, first.first_day, file.ends):
        dates = (announced or {}).get(str(period)) or file.reporting.dates(period, calendar)
        named = {"period": str(period), "starts": period.first_day, "ends": period.last_day}
        issued.append(PeriodIssued(**named, opens=dates.opens, due=dates.due, locks=dates.locks))
    return issued


def _published(plan: Plan, file: PlanFile, periods: list[PeriodIssued], assignments: int) -> Event:
    return plan.published(periods=periods, assignments=assignments, **facts_of(file))


def facts_of(file: PlanFile) -> dict[str, Any]:
    """What the plan's events take from its file alone."""
    return {
        "issuer": file.issuer,
        "cycle": file.reporting.cycle.value,
        "areas": [AreaIssued(number=area.number, title=area.title, title_en=area.title_en) for area in file.areas],
        "indicators": [indicator_issued(indicator) for indicator in file.indicators],
    }


def indicator_issued(indicator: Indicator) -> IndicatorIssued:
    plain = indicator.model_dump(mode="json")
    target = TargetIssued(**{name: plain["target"][name] for name in TargetIssued.model_fields})
    same = {name: plain[name] for name in IndicatorIssued.model_fields if name in plain and name != "target"}
    return IndicatorIssued(indicator=indicator.key, target=target, **same)


def measures_of(plan: Plan, file: PlanFile) -> list[MeasurePublished]:
    placed = [(area.number, measure) for area in file.areas for measure in area.measures]
    return [
        MeasurePublished(
            plan=plan.plan,
            measure=measure.key,
            position=position,
            area=area,
            title=measure.title,
            title_en=measure.title_en,
            strength=measure.strength,
        )
        for position, (area, measure) in enumerate(placed, start=1)
    ]


def measure_row(plan: Plan, event: MeasurePublished) -> dict[str, Any]:
    return {"plan_id": plan.id, **event.model_dump(exclude={"plan"})}


def assignment_of(
    plan: Plan, file: PlanFile, issued: IssuedUnit, unit: KnownUnit, calendar: WorkingCalendar, at: datetime
) -> Assignment:
    return Assignment(
        plan_id=plan.id,
        plan=plan.plan,
        measure=issued.measure,
        unit=issued.unit,
        unit_name=unit.name,
        relation=Relation(unit.relation),
        role=issued.role,
        lead_inferred=issued.lead_inferred,
        zone=plan.zone,
        issued_at=at,
        acknowledge_due=calendar.add_working_days(day_of(at, plan.zone), file.clocks.acknowledge),
    )


def issued_event(assignment: Assignment, title: str, periods: list[PeriodIssued], *, sample: bool) -> AssignmentIssued:
    same = {name: getattr(assignment, name) for name in AssignmentIssued.model_fields if hasattr(assignment, name)}
    obligations = [ObligationIssued(period=p.period, opens=p.opens, due=p.due, locks=p.locks) for p in periods]
    return AssignmentIssued(**same, measure_title=title, obligations=obligations, sample=sample)


def report_of(plan: Plan, assignment: Assignment, period: PeriodIssued) -> Report:
    return Report(
        plan_id=plan.id,
        assignment_id=assignment.id,
        plan=plan.plan,
        measure=assignment.measure,
        unit=assignment.unit,
        unit_name=assignment.unit_name,
        period=period.period,
        zone=plan.zone,
        opens=period.opens,
        due=period.due,
        locks=period.locks,
    )


def deadlines_of(
    file: PlanFile,
    calendar: WorkingCalendar,
    assignments: Iterable[Assignment],
    reports: Iterable[Report],
    relations: Mapping[UUID, Relation],
    at: datetime,
) -> list[Deadline]:
    """Armed from now on: what a first period already missed is not announced as if it had just happened.

    `relations` are those of the reports' assignments, by id.
    """
    deadlines = [Deadline.of_assignment(assignment) for assignment in assignments]
    deadlines += [
        Deadline.of_report(report, DeadlineKind.REPORT, relations[report.assignment_id], due=report.due)
        for report in reports
    ]
    for deadline in deadlines:
        deadline.arm(ladder_of(file.clocks, deadline.kind, deadline.relation), calendar, not_before=at)
    return deadlines
