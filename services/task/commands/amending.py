"""What an amendment of a plan in force brings forth and ends (docs/decisions/0009). Pure: no clock, no session."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from contracts.names import AssignmentRole, Relation
from contracts.task import MeasureAmended, MeasureEnded, MeasurePublished, ObligationIssued, PeriodIssued, PlanChange
from services.task.amendment import Amendment, Decision, Effects, MeasureChanges
from services.task.calendar import WorkingCalendar
from services.task.commands.issuing import (
    assignment_of,
    deadlines_of,
    facts_of,
    issued_event,
    measure_row,
    measures_of,
    periods_of,
    report_of,
)
from services.task.days import day_of
from services.task.errors import AmendmentMayNotChange, AmendmentOutsidePlan, MeasureKeyUsed
from services.task.expansion import IssuedUnit, Kept, expansion_key
from services.task.models import Assignment, Deadline, PlanAmendment, Report, ReportState
from services.task.periods import Period
from services.task.plan_import.comparison import Change, compare
from services.task.queries.amendments import InForce, Pair
from services.task.queries.directory import KnownUnit
from services.task.schemas.plan_file import PlanFile
from shared.errors import FieldError, Text

MOST_BYTES_OF_CHANGES = 64 * 1024
"""In the plan's event, which holds at most 256 KiB and the plan as a whole besides; the amendment itself has them all."""
BETWEEN = Text("应在 {first} 至 {last} 之间。", "Choose a day from {first} to {last}.")
STAYS = Text("执行中的方案不能修订此项，原值为 {value}。", "This stays as it is in force: {value}.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The plan as it is to be: its file, whom its measures go to, and the groups whose members stay as they were."""

    file: PlanFile
    issued: Sequence[IssuedUnit]
    units: Mapping[str, KnownUnit]
    kept: Kept

    def pairs(self) -> dict[Pair, IssuedUnit]:
        return {(unit.measure, unit.unit): unit for unit in self.issued if unit.excused is None}


def amend(held: InForce, wanted: Wanted, decision: Decision, calendar: WorkingCalendar) -> Amendment:
    """Raises AmendmentMayNotChange, AmendmentOutsidePlan or MeasureKeyUsed."""
    file = wanted.file
    changes = compare(file.model_dump(mode="json"), held.plan.file).changes
    _must_be_allowed(held, file, decision)
    periods = periods_of(file, Period.parse(held.plan.first_period), calendar, held.announced)
    effects = _Pairs(held, wanted, decision, periods, calendar).effects()
    measures = _measure_changes(held, file, decision)
    facts = {**facts_of(file), "periods": periods, "assignments": len(wanted.pairs())}
    amended = held.plan.amended(
        file.model_dump(mode="json"),
        _expansion(held, wanted),
        file.ends,
        number=held.amendments + 1,
        by=decision.by,
        **_told(changes),
        **decision.as_facts(),
        **facts,
    )
    return Amendment(
        record=_record(held, changes, decision),
        changes=changes,
        plan=held.plan,
        plan_events=[amended, *measures.events],
        measures=measures,
        effects=effects,
        deadlines=_deadlines(held, file, calendar, effects, decision.at),
        kept=wanted.kept,
    )


# -- rules -------------------------------------------------------------------------------------------------------------


def first_day(held_from: date, now: datetime, zone: str) -> date:
    """The earliest day from which an amendment may count."""
    return max(held_from, day_of(now, zone))


def _must_be_allowed(held: InForce, file: PlanFile, decision: Decision) -> None:
    if broken := list(_fields_that_stay(held, file)):
        raise AmendmentMayNotChange(errors=broken)
    first = first_day(held.plan.starts, decision.at, held.plan.zone)
    if not first <= decision.effective_from <= file.ends:
        days: dict[str, Any] = {"first": first, "last": file.ends}
        place = FieldError("/effective_from", Text(BETWEEN.zh.format(**days), BETWEEN.en.format(**days)))
        raise AmendmentOutsidePlan(errors=[place], day=decision.effective_from, **days)
    if used := list(_keys_of_ended_measures(held, file)):
        raise MeasureKeyUsed(errors=used, count=len(used))


def _fields_that_stay(held: InForce, file: PlanFile) -> Iterator[FieldError]:
    cycle = held.plan.file["reporting"]["cycle"]
    asked = (
        ("/starts", held.plan.starts, file.starts),
        ("/zone", held.plan.zone, file.zone),
        ("/reporting/cycle", cycle, file.reporting.cycle.value),
    )
    for pointer, before, after in asked:
        if before != after:
            yield FieldError(pointer, Text(STAYS.zh.format(value=before), STAYS.en.format(value=before)))


def _keys_of_ended_measures(held: InForce, file: PlanFile) -> Iterator[FieldError]:
    for a, area in enumerate(file.areas):
        for m, measure in enumerate(area.measures):
            former = held.measures.get(measure.key)
            if former is not None and former["ended_on"] is not None:
                sentence = Text(
                    f"措施 {measure.key} 已自 {former['ended_on']} 停止。",
                    f"Measure {measure.key} ended on {former['ended_on']}.",
                )
                yield FieldError(f"/areas/{a}/measures/{m}/key", sentence)


# -- the plan ----------------------------------------------------------------------------------------------------------


def _expansion(held: InForce, wanted: Wanted) -> dict[str, list[str]]:
    """With the groups that today's directory expanded, each under its measure."""
    expanded = {place: list(members) for place, members in held.plan.expansion.items()}
    fresh: dict[str, list[str]] = {}
    for unit in wanted.issued:
        if unit.group and (unit.measure, unit.group) not in wanted.kept:
            fresh.setdefault(expansion_key(unit.measure, unit.group), []).append(unit.unit)
    return expanded | fresh


def _record(held: InForce, changes: Sequence[Change], decision: Decision) -> PlanAmendment:
    return PlanAmendment(
        plan_id=held.plan.id,
        number=held.amendments + 1,
        changes=[vars(change) for change in changes],
        by=decision.by,
        at=decision.at,
        **decision.as_facts(),
    )


def _told(changes: Sequence[Change]) -> dict[str, Any]:
    """As many changes as an event can hold, in words."""
    told: list[PlanChange] = []
    size = 0
    for change in changes:
        words = PlanChange(
            kind=change.kind, place=change.place, before=in_words(change.before), after=in_words(change.after)
        )
        size += len(words.model_dump_json().encode())
        if size > MOST_BYTES_OF_CHANGES:
            break
        told.append(words)
    return {"changes": told, "changes_left_out": len(changes) - len(told)}


def in_words(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        return "；".join(value)
    return orjson.dumps(value, default=str).decode()


def _measure_changes(held: InForce, file: PlanFile, decision: Decision) -> MeasureChanges:
    changes = MeasureChanges()
    listed = measures_of(held.plan, file)
    for measure in listed:
        row, former = measure_row(held.plan, measure), held.measures.get(measure.measure)
        if former is None:
            changes.born.append({**row, "ended_on": None})
            changes.events.append(measure)
        elif any(former[name] != value for name, value in row.items()):
            changes.changed.append({**row, "ended_on": None})
            changes.events.append(MeasureAmended(effective_from=decision.effective_from, **measure.model_dump()))
    _end_measures(changes, held, {measure.measure for measure in listed}, decision)
    return changes


def _end_measures(changes: MeasureChanges, held: InForce, listed: set[str], decision: Decision) -> None:
    for key, former in held.measures.items():
        if key not in listed and former["ended_on"] is None:
            changes.changed.append({**former, "ended_on": decision.effective_from})
            same = {name: former[name] for name in MeasurePublished.model_fields if name != "plan"}
            changes.events.append(MeasureEnded(plan=held.plan.plan, effective_from=decision.effective_from, **same))


# -- units -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Measure by measure and unit by unit: what is new, what stays, what is gone."""

    held: InForce
    wanted: Wanted
    decision: Decision
    periods: Sequence[PeriodIssued]
    calendar: WorkingCalendar

    def effects(self) -> Effects:
        effects = Effects()
        before, after = self.held.assigned(), self.wanted.pairs()
        for pair, unit in after.items():
            if pair in before:
                self._keep(effects, before[pair], unit)
            else:
                self._issue(effects, unit)
        for pair, assignment in before.items():
            if pair not in after:
                self._supersede(effects, assignment)
        return effects

    def _issue(self, effects: Effects, unit: IssuedUnit) -> None:
        """From the period that contains the day on; one whose reports are due before it is not asked for."""
        at, file = self.decision.at, self.wanted.file
        fresh = assignment_of(self.held.plan, file, unit, self.wanted.units[unit.unit], self.calendar, at)
        since = self.decision.effective_from
        own = [period for period in self.periods if period.ends >= since and period.due >= since]
        assignment = self.held.assignments.get((unit.measure, unit.unit))
        if assignment is None:
            assignment, issues = fresh, effects.issued
        else:
            assignment.give_back(fresh)
            issues = effects.given_back
        event = issued_event(assignment, self._title(assignment), own, sample=self.held.plan.sample)
        issues.append((assignment, event))
        self._owe(effects, assignment, own)

    def _keep(self, effects: Effects, assignment: Assignment, unit: IssuedUnit) -> None:
        """The part in the measure may change; the periods do where the plan becomes longer or shorter."""
        last = Period.containing(self.wanted.file.reporting.cycle, self.held_until)
        added = [period for period in self.periods if period.starts > last.last_day]
        excused = [report for report in self._unanswered(assignment) if self._is_past_the_end(report)]
        part = (AssignmentRole(assignment.role), assignment.lead_inferred)
        if not added and not excused and part == (unit.role, unit.lead_inferred):
            return
        event = assignment.amend(
            unit.role,
            lead_inferred=unit.lead_inferred,
            added=[ObligationIssued(**period.model_dump(exclude={"starts", "ends"})) for period in added],
            excused=[report.obligation for report in excused],
            **self._why(assignment),
        )
        effects.amended.append((assignment, event))
        self._owe(effects, assignment, added)
        self._excuse(effects, excused)

    def _supersede(self, effects: Effects, assignment: Assignment) -> None:
        """What began before the day is owed as it was."""
        since = self.decision.effective_from
        unanswered = self._unanswered(assignment)
        excused = [report for report in unanswered if Period.parse(report.period).first_day >= since]
        event = assignment.supersede(
            excused=[report.obligation for report in excused],
            owed=[report.obligation for report in unanswered if report not in excused],
            **self._why(assignment),
        )
        effects.superseded.append((assignment, event))
        self._excuse(effects, excused)

    @property
    def held_until(self) -> date:
        return date.fromisoformat(self.held.plan.file["ends"])

    def _is_past_the_end(self, report: Report) -> bool:
        return Period.parse(report.period).first_day > self.wanted.file.ends

    def _unanswered(self, assignment: Assignment) -> list[Report]:
        reports = self.held.reports.get(assignment.id, {}).values()
        return sorted((report for report in reports if report.is_unanswered), key=lambda report: report.due)

    def _owe(self, effects: Effects, assignment: Assignment, periods: Iterable[PeriodIssued]) -> None:
        """What was excused is asked for again; what was answered stays so."""
        known = self.held.reports.get(assignment.id, {})
        for period in periods:
            report = known.get(period.period)
            if report is None:
                effects.reports.append(report_of(self.held.plan, assignment, period))
            elif report.state is ReportState.EXCUSED:
                again = report.reinstate(self.decision.reason, by=self.decision.by, at=self.decision.at)
                effects.reinstated.append((report, again))

    def _excuse(self, effects: Effects, reports: Iterable[Report]) -> None:
        for report in reports:
            excused = report.excuse(self.decision.reason, by=self.decision.by, at=self.decision.at)
            effects.excused.append((report, excused))

    def _why(self, assignment: Assignment) -> dict[str, Any]:
        return {"measure_title": self._title(assignment), **self.decision.as_facts()}

    def _title(self, assignment: Assignment) -> str:
        """As the plan calls the measure from now on, or called it last."""
        titles = {measure.key: measure.title for measure in self.wanted.file.measures}
        return titles.get(assignment.measure) or str(self.held.measures[assignment.measure]["title"])


def _deadlines(
    held: InForce, file: PlanFile, calendar: WorkingCalendar, effects: Effects, at: datetime
) -> list[Deadline]:
    begun = [assignment for assignment, _ in (*effects.issued, *effects.given_back)]
    asked = [*effects.reports, *(report for report, _ in effects.reinstated)]
    relations = {each.id: Relation(each.relation) for each in (*held.assignments.values(), *begun)}
    return deadlines_of(file, calendar, begun, asked, relations, at)
