"""Drafting, publishing and amending plans."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.task.amendment import Amendment, Decision
from services.task.calendar import WorkingCalendar
from services.task.commands.amending import Wanted, amend, first_day
from services.task.commands.amendments import store_amendment
from services.task.commands.deadlines import arm_deadlines
from services.task.commands.issuing import Issue, Starts, issue_plan
from services.task.errors import (
    DraftOfOtherVersion,
    FirstPeriodOutsidePlan,
    JoinOfNobody,
    NothingToAmend,
    PlanAlreadyPublished,
    PlanClosed,
    PlanNotFound,
    PlanNotInForce,
)
from services.task.expansion import IssuedUnit, Kept, expand, kept_expansions
from services.task.models import Measure, Plan, PlanDraft, PlanState
from services.task.periods import InvalidPeriod, Period
from services.task.permissions import AMEND_PLAN, PUBLISH_PLAN, PUT_PLAN
from services.task.plan_import.comparison import compare
from services.task.queries.amendments import read_in_force
from services.task.queries.directory import KnownUnit, known_groups, known_units
from services.task.queries.plans import Draft, find_draft, find_plan, get_draft
from services.task.schemas.amendments import AmendIn
from services.task.schemas.plan_file import PlanFile
from shared.auth import Actor
from shared.db import table_of
from shared.db.bulk import insert_rows
from shared.db.revisions import store_revision
from shared.event_log import UnitOfWork
from shared.faultpoints import faultpoint
from shared.revisions import must_match

MEASURE = table_of(Measure)
DRAFT = table_of(PlanDraft)


async def put_draft(work: UnitOfWork, caller: Actor, file: PlanFile, expected: int | None) -> tuple[Draft, bool]:
    """Store a plan file as the plan's draft, or replace it; and whether it is a new one. The same file changes nothing.

    The draft of a plan in force is what an amendment will put in force. Raises MayNot, PlanNotFound (the caller's
    account is for other plans), PlanClosed, UnknownUnit, UnknownGroup, DuplicateUnit, PreconditionRequired,
    PreconditionFailed, VersionConflict.
    """
    caller.must(PUT_PLAN)
    if not caller.sees_plan(file.key):
        raise PlanNotFound(plan=file.key)
    draft = await find_draft(work.connection, file.key, lock=True)  # first, so that a publication meanwhile is seen
    in_force = await find_plan(work.connection, file.key)
    if in_force and in_force.state is PlanState.CLOSED:
        raise PlanClosed(plan=file.key)
    await resolve(work.connection, file, in_force)
    fresh = Draft(
        file.key,
        draft.revision + 1 if draft else 1,
        file.title,
        file.model_dump(mode="json"),
        in_force.version if in_force else 0,
    )
    if draft and (draft.file, draft.plan_version) == (fresh.file, fresh.plan_version):
        return draft, False
    _must_match(draft, in_force, expected)
    await store_revision(
        work.connection, DRAFT, {**asdict(fresh), "updated_by": caller.account, "updated_at": work.now}
    )
    return fresh, draft is None


async def publish_plan(
    work: UnitOfWork,
    calendar: WorkingCalendar,
    caller: Actor,
    plan: str,
    first_period: str,
    joins: Mapping[tuple[str, str], str],
    *,
    sample: bool = False,
) -> Plan:
    """Put a draft into force: assignments and obligations from `first_period` on are issued, all or none.

    `joins` names, by measure and unit, those that start at a later period.
    Raises PlanNotFound, MayNot, PlanAlreadyPublished, UnknownUnit, UnknownGroup, DuplicateUnit, FirstPeriodOutsidePlan,
    JoinOfNobody.
    """
    caller.must(PUBLISH_PLAN)
    draft = await get_draft(work.connection, plan, caller, lock=True)
    if await find_plan(work.connection, plan):
        raise PlanAlreadyPublished(plan=plan)
    file = PlanFile.model_validate(draft.file)
    issued, units = await resolve(work.connection, file)
    starts = Starts(_period_of(file, first_period), {key: _period_of(file, period) for key, period in joins.items()})
    _must_name_assignments(starts, issued)
    issue = await asyncio.to_thread(issue_plan, file, issued, units, starts, calendar, at=work.now, sample=sample)
    await _store(work, issue)
    await _is_in_force(work, issue.plan)
    return issue.plan


async def amend_plan(
    work: UnitOfWork, calendar: WorkingCalendar, caller: Actor, plan: str, body: AmendIn, expected: int | None
) -> Amendment:
    """Put the draft of a plan in force in the place of what is in force, from a date on, all or none.

    Raises MayNot, PlanNotFound, PlanNotInForce, PlanClosed, PreconditionFailed, NothingToAmend, DraftOfOtherVersion,
    AmendmentMayNotChange, AmendmentOutsidePlan, MeasureKeyUsed, UnknownUnit, UnknownGroup, DuplicateUnit.
    """
    caller.must(AMEND_PLAN)
    draft = await get_draft(work.connection, plan, caller, lock=True)
    found = await find_plan(work.connection, plan, lock=True)
    in_force = _must_be_amendable(draft, found, expected)
    held = await read_in_force(work.connection, in_force, work.now, lock=True)
    wanted = await wanted_of(work.connection, in_force, draft)
    decision = Decision(body.effective_from, body.reason, body.document_number, caller.account, work.now)
    amendment = amend(held, wanted, decision, calendar)
    await store_amendment(work, amendment)
    await _is_in_force(work, amendment.plan)
    return amendment


async def rehearse_amendment(
    connection: AsyncConnection,
    calendar: WorkingCalendar,
    caller: Actor,
    plan: Plan,
    draft: Draft,
    at: datetime,
    effective_from: date | None,
) -> Amendment:
    """What an amendment by the draft would do; without a day, from the first on which it can count. Nothing is written.

    Raises AmendmentMayNotChange, AmendmentOutsidePlan, MeasureKeyUsed, UnknownUnit, UnknownGroup, DuplicateUnit.
    """
    since = effective_from or first_day(plan.starts, at, plan.zone)
    held = await read_in_force(connection, plan, at)
    wanted = await wanted_of(connection, plan, draft)
    return amend(held, wanted, Decision(since, "", None, caller.account, at), calendar)


async def wanted_of(connection: AsyncConnection, in_force: Plan, draft: Draft) -> Wanted:
    file = PlanFile.model_validate(draft.file)
    issued, units = await resolve(connection, file, in_force)
    return Wanted(file, issued, units, _kept(file, in_force))


async def resolve(
    connection: AsyncConnection, file: PlanFile, in_force: Plan | None = None
) -> tuple[list[IssuedUnit], dict[str, KnownUnit]]:
    """What publishing would issue, by the units and groups that task knows from the directory.

    Of a plan in force, groups whose part in a measure stays keep the members that they had.
    """
    units = await known_units(connection)
    kept = _kept(file, in_force) if in_force else {}
    return expand(file, await known_groups(connection), units, kept), units


def _kept(file: PlanFile, in_force: Plan) -> Kept:
    return kept_expansions(PlanFile.model_validate(in_force.file), file, in_force.expansion)


async def _store(work: UnitOfWork, issue: Issue) -> None:
    await work.add(issue.plan, issue.plan_events)
    await insert_rows(work.connection, MEASURE, issue.measures)
    faultpoint("publish.midway")
    await work.add_all([(assignment, event) for assignment, event in issue.assignments])
    await work.add_all([(report, []) for report in issue.reports])
    await arm_deadlines(work.connection, issue.deadlines)


async def _is_in_force(work: UnitOfWork, plan: Plan) -> None:
    """The draft is no news any more; another one may take its place."""
    in_force = {"plan_version": plan.version}
    await work.connection.execute(update(DRAFT).where(DRAFT.c.plan == plan.plan).values(in_force))


def _must_match(draft: Draft | None, in_force: Plan | None, expected: int | None) -> None:
    """Nothing is lost where the draft is what is in force: then nobody needs to have seen it."""
    is_news = draft is not None and (in_force is None or draft.file != in_force.file)
    if is_news or expected is not None:
        must_match(draft.revision if draft else 0, expected)


def _must_be_amendable(draft: Draft, in_force: Plan | None, expected: int | None) -> Plan:
    """The plan that the draft amends."""
    if in_force is None:
        raise PlanNotInForce(plan=draft.plan)
    if in_force.state is PlanState.CLOSED:
        raise PlanClosed(plan=draft.plan)
    if expected is not None:
        must_match(draft.revision, expected)
    if not compare(draft.file, in_force.file):
        raise NothingToAmend(plan=draft.plan)
    if draft.plan_version != in_force.version:
        raise DraftOfOtherVersion(plan=draft.plan, compared=draft.plan_version, current=in_force.version)
    return in_force


def _must_name_assignments(starts: Starts, issued: Sequence[IssuedUnit]) -> None:
    known = {(unit.measure, unit.unit) for unit in issued if unit.excused is None}
    for measure, unit in starts.joins:
        if (measure, unit) not in known:
            raise JoinOfNobody(measure=measure, unit=unit)


def _period_of(file: PlanFile, key: str) -> Period:
    """A period of the plan's cycle that shares at least a day with it."""
    try:
        period = Period.parse(key)
    except InvalidPeriod:
        period = None
    if (
        period is None
        or period.cycle != file.reporting.cycle
        or period.last_day < file.starts
        or period.first_day > file.ends
    ):
        raise FirstPeriodOutsidePlan(period=key, starts=file.starts, ends=file.ends, cycle=file.reporting.cycle.value)
    return period
