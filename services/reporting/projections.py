"""What reporting knows, folded from events. Handlers are pure: a row and the next event of its subject give the next row."""

from collections.abc import Iterable
from typing import Any

from contracts.directory import (
    AccountChanged,
    AccountRegistered,
    GroupState,
    UnitChanged,
    UnitGroupChanged,
    UnitGroupDefined,
    UnitRegistered,
    UnitState,
)
from contracts.names import ReturnKind
from contracts.task import (
    AssignmentAcknowledged,
    AssignmentAmended,
    AssignmentIssued,
    AssignmentSuperseded,
    MeasureAmended,
    MeasureEnded,
    MeasureEvent,
    MeasurePublished,
    ObligationIssued,
    PlanAmended,
    PlanInForce,
    PlanPublished,
    ReportAccepted,
    ReportEvent,
    ReportReturned,
    ReportSubmitted,
)
from services.reporting import models
from shared.auth.accounts import know_account
from shared.consumer import Projection, Row
from shared.consumer.projection import Parts
from shared.db import table_of
from shared.events import Recorded
from shared.events.topics import topic_of

directory = Projection(models.DIRECTORY, topics=[topic_of("directory")], generations=models.CONSUMING)
units = directory.table(models.unit_history)
groups = directory.table(models.group_history)

accounts = Projection("reporting.accounts", topics=[topic_of("directory")])
"""Apart from `directory`, so that a rebuild of names never sets anybody's roles back on its way."""
known_accounts = accounts.table(table_of(models.Account))

board = Projection(models.BOARD, topics=[topic_of("task")], generations=models.CONSUMING)
plans = board.table(models.plan_history)
measures = board.table(models.measure_history)
assignments = board.table(models.assignment_history)
obligations = board.table(models.obligation_history)
reports = board.table(models.report_history)
readings = board.table(models.reading_history)


@units.on(UnitRegistered, UnitChanged)
def know_unit(row: Row, event: Recorded[UnitState]) -> Row:
    unit = event.data
    names = {"unit": unit.unit, "name": unit.name, "name_en": unit.name_en, "short_name": unit.short_name}
    return row.with_(**names, kind=unit.kind.value, relation=unit.relation.value)


@groups.on(UnitGroupDefined, UnitGroupChanged)
def know_group(row: Row, event: Recorded[GroupState]) -> Row:
    group = event.data
    return row.with_(group=group.group, name=group.name, name_en=group.name_en, members=group.members)


@known_accounts.on(AccountRegistered, AccountChanged)
def know_reader(row: Row, event: Recorded[Any]) -> Row:
    return row.with_(**know_account(event.data))


@plans.on(PlanPublished, PlanAmended)
def show_plan(row: Row, event: Recorded[PlanInForce]) -> Row:
    plan = event.data.model_dump(mode="json", include={"areas", "periods", "indicators"})
    same = ("plan", "title", "title_en", "issuer", "zone", "starts", "ends", "cycle", "first_period", "sample")
    return row.with_(**plan, **{name: getattr(event.data, name) for name in same})


@measures.parts_on(MeasurePublished, MeasureAmended)
def list_measure(event: Recorded[MeasureEvent]) -> Parts:
    return {event.data.measure: Row(_of_measure(event.data))}


@measures.parts_on(MeasureEnded)
def end_measure(event: Recorded[MeasureEnded]) -> Parts:
    return {event.data.measure: Row(**_of_measure(event.data), ended_on=event.data.effective_from)}


@assignments.on(AssignmentIssued)
def show_assignment(row: Row, event: Recorded[AssignmentIssued]) -> Row:
    issued = event.data
    return row.with_(
        plan=issued.plan,
        measure=issued.measure,
        unit=issued.unit,
        unit_name=issued.unit_name,
        relation=issued.relation.value,
        role=issued.role.value,
        issued_at=issued.issued_at,
        acknowledge_due=issued.acknowledge_due,
        acknowledged_at=None,
        acknowledged_on_time=None,
        ended_on=None,
    )


@assignments.on(AssignmentAmended)
def show_another_part(row: Row, event: Recorded[AssignmentAmended]) -> Row:
    return row.with_(role=event.data.role.value)


@assignments.on(AssignmentSuperseded)
def end_assignment(row: Row, event: Recorded[AssignmentSuperseded]) -> Row:
    return row.with_(ended_on=event.data.effective_from)


@obligations.parts_on(AssignmentIssued)
def expect_reports(event: Recorded[AssignmentIssued]) -> Parts:
    return _owed(event.data.plan, event.data.obligations)


@obligations.parts_on(AssignmentAmended)
def expect_other_reports(event: Recorded[AssignmentAmended]) -> Parts:
    plan = event.data.plan
    return {**_owed(plan, event.data.added), **_owed(plan, event.data.excused, excused=True)}


@obligations.parts_on(AssignmentSuperseded)
def excuse_reports(event: Recorded[AssignmentSuperseded]) -> Parts:
    return _owed(event.data.plan, event.data.excused, excused=True)


@assignments.on(AssignmentAcknowledged)
def show_acknowledgement(row: Row, event: Recorded[AssignmentAcknowledged]) -> Row:
    return row.with_(acknowledged_at=event.data.acknowledged_at, acknowledged_on_time=event.data.on_time)


@reports.on(ReportSubmitted)
def show_submission(row: Row, event: Recorded[ReportSubmitted]) -> Row:
    report = event.data
    return row.with_(
        **_of_report(report),
        state="submitted",
        first_submitted_at=report.first_submitted_at,
        submitted_at=report.submitted_at,
        on_time=report.on_time,
        resubmission_late=row.get("resubmission_late") or report.resubmission_late,
        resubmit_due=None,
        returns=row.get("returns", 0),
        self_assessment=report.self_assessment.value,
        same_unit_review=False,
    )


@reports.on(ReportReturned)
def show_return(row: Row, event: Recorded[ReportReturned]) -> Row:
    """Returned as empty it does not count as submitted in time, whenever it came."""
    returned = event.data
    shown = row.with_(
        state="returned",
        resubmit_due=returned.resubmit_due,
        returns=row["returns"] + 1,
        same_unit_review=returned.same_unit_review,
    )
    voided = returned.kind is ReturnKind.EMPTY
    return shown.with_(first_submitted_at=None, on_time=None) if voided else shown


@reports.on(ReportAccepted)
def show_acceptance(row: Row, event: Recorded[ReportAccepted]) -> Row:
    accepted = event.data
    return row.with_(state="accepted", accepted_at=accepted.accepted_at, same_unit_review=accepted.same_unit_review)


@readings.parts_on(ReportSubmitted)
def note_readings(event: Recorded[ReportSubmitted]) -> Parts:
    of_report = _of_report(event.data)
    return {
        reading.indicator: Row(**of_report, indicator=reading.indicator, value=reading.value, accepted=False)
        for reading in event.data.readings
    }


@readings.each_part_on(ReportAccepted)
def count_readings(row: Row, event: Recorded[ReportAccepted]) -> Row | None:
    """A reading that the accepted version no longer gives stays uncounted."""
    return row.with_(accepted=True) if row["revision"] == event.data.revision else None


def _of_measure(measure: MeasureEvent) -> dict[str, Any]:
    return {name: getattr(measure, name) for name in MeasureEvent.model_fields}


def _owed(plan: str, obligations: Iterable[ObligationIssued], *, excused: bool | None = None) -> dict[str, Row]:
    """By period; `excused` null where a report is asked for."""
    return {owed.period: Row(plan=plan, **owed.model_dump(), excused=excused) for owed in obligations}


def _of_report(report: ReportEvent) -> dict[str, Any]:
    return {name: getattr(report, name) for name in ("plan", "measure", "unit", "period", "revision")}
