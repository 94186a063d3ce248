"""What notification subscribes to: who people are, what units owe, and what is to be told."""

from collections.abc import Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.directory import AccountChanged, AccountRegistered, AccountState, UnitChanged, UnitRegistered, UnitState
from contracts.task import (
    AssignmentAcknowledged,
    AssignmentIssued,
    AssignmentSuperseded,
    MeasureAmended,
    MeasureEvent,
    MeasurePublished,
    PlanAmended,
    PlanInForce,
    PlanPublished,
    ReportAccepted,
    ReportEvent,
    ReportExcused,
    ReportReinstated,
    ReportReturned,
    ReportSubmitted,
)
from services.notification import moot
from services.notification.models import accounts, duties, duty_key, measures, plans, units
from services.notification.rules import tell
from shared.auth.accounts import know_account
from shared.consumer import Projection, Row
from shared.consumer.applying import Consumer
from shared.events import Event, Recorded
from shared.events.topics import topic_of

directory = Projection("notification.directory", topics=[topic_of("directory")])
known_accounts = directory.table(accounts)
known_units = directory.table(units)

work = Projection("notification.duties", topics=[topic_of("task")])
known_plans = work.table(plans)
known_measures = work.table(measures)
known_duties = work.table(duties)


@known_accounts.on(AccountRegistered, AccountChanged)
def know_who_holds_which_role(row: Row, event: Recorded[AccountState]) -> Row:
    return row.with_(**know_account(event.data))


@known_units.on(UnitRegistered, UnitChanged)
def know_unit_names(row: Row, event: Recorded[UnitState]) -> Row:
    return row.with_(unit=event.data.unit, name=event.data.name, name_en=event.data.name_en)


@known_plans.on(PlanPublished, PlanAmended)
def know_plan_title(row: Row, event: Recorded[PlanInForce]) -> Row:
    plan = event.data
    return row.with_(plan=plan.plan, title=plan.title, title_en=plan.title_en, sample=plan.sample)


@known_measures.parts_on(MeasurePublished, MeasureAmended)
def know_measure_title(event: Recorded[MeasureEvent]) -> dict[str, Row]:
    of = event.data
    return {of.measure: Row(plan=of.plan, measure=of.measure, title=of.title, title_en=of.title_en)}


@known_duties.on(AssignmentIssued)
def know_what_is_to_be_acknowledged(row: Row, event: Recorded[AssignmentIssued]) -> Row:
    return row.with_(duty=duty_key(event.data.plan, event.data.measure, event.data.unit), state=moot.ISSUED, revision=0)


@known_duties.on(AssignmentAcknowledged)
def know_acknowledgement(row: Row, event: Recorded[AssignmentAcknowledged]) -> Row:
    duty = duty_key(event.data.plan, event.data.measure, event.data.unit)
    return row.with_(duty=duty, state=moot.ACKNOWLEDGED, revision=0)


@known_duties.on(AssignmentSuperseded)
def know_what_was_taken_away(row: Row, event: Recorded[AssignmentSuperseded]) -> Row:
    duty = duty_key(event.data.plan, event.data.measure, event.data.unit)
    return row.with_(duty=duty, state=moot.SUPERSEDED, revision=0)


@known_duties.on(ReportSubmitted)
def know_what_waits_for_review(row: Row, event: Recorded[ReportSubmitted]) -> Row:
    return _report(row, event.data, moot.SUBMITTED)


@known_duties.on(ReportReturned)
def know_what_is_to_be_resubmitted(row: Row, event: Recorded[ReportReturned]) -> Row:
    return _report(row, event.data, moot.RETURNED)


@known_duties.on(ReportAccepted)
def know_what_is_done(row: Row, event: Recorded[ReportAccepted]) -> Row:
    return _report(row, event.data, moot.ACCEPTED)


@known_duties.on(ReportExcused)
def know_what_is_excused(row: Row, event: Recorded[ReportExcused]) -> Row:
    return _report(row, event.data, moot.EXCUSED)


@known_duties.on(ReportReinstated)
def know_what_is_asked_for_again(row: Row, event: Recorded[ReportReinstated]) -> Row:
    return _report(row, event.data, moot.EXPECTED)


def _report(row: Row, report: ReportEvent, state: str) -> Row:
    duty = duty_key(report.plan, report.measure, report.unit, report.period)
    return row.with_(duty=duty, state=state, revision=report.revision)


class ThenWake:
    """A consumer after whose batches the deliveries' worker of this process looks for work."""

    def __init__(self, consumer: Consumer, wake: Callable[[], None]) -> None:
        self.name, self.topics = consumer.name, consumer.topics
        self._consumer = consumer
        self._wake = wake

    def event_types(self) -> frozenset[str]:
        return self._consumer.event_types()

    async def apply(self, connection: AsyncConnection, events: Sequence[Recorded[Event]]) -> None:
        """The worker writes first of all, so on SQLite it waits until this batch is committed."""
        await self._consumer.apply(connection, events)
        self._wake()


CONSUMERS = (directory, work, tell)
