"""What people hear of: pure rules from an event to notices."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, TypeVar
from uuid import uuid5

from contracts.names import Relation, Role, RungKind
from contracts.task import (
    AssignmentAmended,
    AssignmentIssued,
    AssignmentSuperseded,
    DeadlineRungFired,
    ObligationIssued,
    ReportAccepted,
    ReportEvent,
    ReportReturned,
    ReportSubmitted,
)
from services.notification.days import day_of, end_of
from services.notification.models import NoticeState, Urgency, duty_key, notices
from shared.consumer import Reaction
from shared.events import Event, Recorded
from shared.events.topics import topic_of

E = TypeVar("E", bound=Event)

STILL_NEWS = timedelta(days=14)
"""A notice without a date of its own is worth sending for so long; past that the inbox and the to-do list have it."""
NEXT_RUNG = timedelta(days=7)
"""Late rungs repeat every 5 working days (DOMAIN.md section 5): then the next one says it anew."""
UNIT_ROLES = frozenset({Role.LIAISON, Role.UNIT_HEAD, Role.DISTRICT_COORDINATOR})
STANDS_IN = {Role.LEADER: Role.OFFICE_HEAD}
"""Nothing goes to a city leader by itself (DOMAIN.md section 5): the office head decides whether to put it before one."""

tell = Reaction("notification.rules", topics=[topic_of("task")], table=notices)


@dataclass(frozen=True, slots=True)
class Audience:
    """Holders of a role, in a unit or anywhere."""

    role: Role
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class NewNotice:
    to: Audience
    template: str
    urgency: Urgency
    expires: datetime
    duty: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


Rule = Callable[[Recorded[E]], Iterable[NewNotice]]


def rule(cls: type[E]) -> Callable[[Rule[E]], Rule[E]]:
    """Declare what an event brings up. The same event gives the same notice ids, however often it is read."""

    def declare(bring_up: Rule[E]) -> Rule[E]:
        tell.on(cls)(lambda event: notice_rows(event, bring_up(event)))
        return bring_up

    return declare


def notice_rows(event: Recorded[Any], brought_up: Iterable[NewNotice]) -> Iterator[dict[str, Any]]:
    for position, new in enumerate(brought_up):
        yield {
            "id": uuid5(event.id, str(position)),
            "version": 0,
            "head": b"",
            "event": event.id,
            "template": new.template,
            "urgency": new.urgency,
            "role": new.to.role,
            "unit": new.to.unit,
            "about": event.subject,
            "plan": event.data.plan,
            "duty": new.duty,
            "facts": new.facts,
            "occurred_at": event.time,
            "expires": new.expires,
            "state": NoticeState.WAITING,
        }


@rule(AssignmentIssued)
def hand_over_to_the_unit(event: Recorded[AssignmentIssued]) -> Iterable[NewNotice]:
    issued = event.data
    first = min(
        (owed for owed in issued.obligations if owed.due >= day_of(issued.issued_at)),
        key=attrgetter("due"),
        default=None,
    )
    yield NewNotice(
        Audience(Role.LIAISON, issued.unit),
        "assignment_issued",
        Urgency.DAILY,
        expires=end_of(issued.acknowledge_due) + STILL_NEWS,
        duty=duty_key(issued.plan, issued.measure, issued.unit),
        facts={
            **_which(issued),
            "relation": issued.relation,
            "role": issued.role,
            "lead_inferred": issued.lead_inferred,
            "due": issued.acknowledge_due.isoformat(),
            "first_period": first.period if first else None,
            "first_due": first.due.isoformat() if first else None,
        },
    )


@rule(AssignmentAmended)
def tell_the_unit_of_its_other_part(event: Recorded[AssignmentAmended]) -> Iterable[NewNotice]:
    """Only a mark of the text changed: that is no news."""
    amended = event.data
    other_role = amended.role != amended.role_before
    if other_role or amended.added or amended.excused:
        yield _of_amendment(
            event,
            "assignment_amended",
            {
                "role": amended.role,
                "role_before": amended.role_before if other_role else None,
                "added": _periods(amended.added),
                "excused": _periods(amended.excused),
            },
        )


@rule(AssignmentSuperseded)
def tell_the_unit_what_it_owes_no_longer(event: Recorded[AssignmentSuperseded]) -> Iterable[NewNotice]:
    owed = _periods(event.data.owed)
    yield _of_amendment(event, "assignment_superseded", {"excused": _periods(event.data.excused), "owed": owed})


def _of_amendment(
    event: Recorded[AssignmentAmended] | Recorded[AssignmentSuperseded], template: str, facts: Mapping[str, Any]
) -> NewNotice:
    of = event.data
    why = {"reason": of.reason, "document_number": of.document_number, "since": of.effective_from.isoformat()}
    return NewNotice(
        Audience(Role.LIAISON, of.unit),
        template,
        Urgency.DAILY,
        expires=event.time + STILL_NEWS,
        facts={**_which(of), "relation": of.relation, **why, **facts},
    )


def _periods(obligations: Iterable[ObligationIssued]) -> list[str]:
    return [owed.period for owed in obligations]


@rule(ReportSubmitted)
def ask_the_office_to_review(event: Recorded[ReportSubmitted]) -> Iterable[NewNotice]:
    report = event.data
    yield NewNotice(
        Audience(Role.OFFICE),
        "report_submitted",
        Urgency.DAILY,
        expires=report.submitted_at + STILL_NEWS,
        duty=_duty(report),
        facts={
            **_which_report(report),
            "self_assessment": report.self_assessment,
            "on_time": report.on_time,
            "report_due": report.due.isoformat(),
        },
    )


@rule(ReportReturned)
def ask_the_unit_to_resubmit(event: Recorded[ReportReturned]) -> Iterable[NewNotice]:
    report = event.data
    yield NewNotice(
        Audience(Role.LIAISON, report.unit),
        "report_returned",
        Urgency.AT_ONCE,
        expires=end_of(report.resubmit_due),
        duty=_duty(report),
        facts={
            **_which_report(report),
            "kind": report.kind,
            "reason": report.reason,
            "due": report.resubmit_due.isoformat(),
        },
    )


@rule(ReportAccepted)
def tell_the_unit_of_acceptance(event: Recorded[ReportAccepted]) -> Iterable[NewNotice]:
    report = event.data
    yield NewNotice(
        Audience(Role.LIAISON, report.unit),
        "report_accepted",
        Urgency.INBOX_ONLY,
        expires=report.accepted_at + STILL_NEWS,
        duty=_duty(report),
        facts={**_which_report(report), "comment": report.comment},
    )


@rule(DeadlineRungFired)
def call_the_rung(event: Recorded[DeadlineRungFired]) -> Iterable[NewNotice]:
    """Only what is late goes at once; a superseded rung is on record and says nothing."""
    rung = event.data
    if rung.superseded:
        return
    for audience in _audiences(rung):
        yield NewNotice(
            audience,
            _rung_template(rung),
            Urgency.AT_ONCE if rung.kind is RungKind.OVERDUE else Urgency.DAILY,
            expires=_rung_expires(rung),
            duty=duty_key(rung.plan, rung.measure, rung.unit, rung.period),
            facts={
                **_which(rung),
                "period": rung.period,
                "relation": rung.relation,
                "due": rung.due.isoformat(),
                "rung": rung.rung,
                "for_leader": Role.LEADER in rung.audience and audience.role is Role.OFFICE_HEAD,
            },
        )


def _audiences(rung: DeadlineRungFired) -> list[Audience]:
    """Each once, in the order of the event; of the unit that owes, or of the office."""
    roles = dict.fromkeys(STANDS_IN.get(role, role) for role in rung.audience)
    return [Audience(role, rung.unit if role in UNIT_ROLES else None) for role in roles]


def _rung_expires(rung: DeadlineRungFired) -> datetime:
    if rung.kind is RungKind.REMINDER:
        return end_of(rung.due)
    return rung.fired_at + (STILL_NEWS if rung.kind is RungKind.LOCKED else NEXT_RUNG)


def _rung_template(rung: DeadlineRungFired) -> str:
    """Whom one may only ask is never told to be late: those templates say 待反馈."""
    if rung.relation is Relation.REQUESTED and rung.kind is RungKind.OVERDUE:
        return f"{rung.deadline}_awaited"
    return f"{rung.deadline}_{rung.kind}"


def _which(
    event: AssignmentIssued | AssignmentAmended | AssignmentSuperseded | ReportEvent | DeadlineRungFired,
) -> dict[str, Any]:
    return {"measure": event.measure, "unit": event.unit}


def _which_report(report: ReportEvent) -> dict[str, Any]:
    return {**_which(report), "period": report.period, "revision": report.revision}


def _duty(report: ReportEvent) -> str:
    return duty_key(report.plan, report.measure, report.unit, report.period)
