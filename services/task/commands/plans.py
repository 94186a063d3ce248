"""Drafting and publishing plans."""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.task.calendar import WorkingCalendar
from services.task.commands.deadlines import arm_deadlines
from services.task.commands.issuing import Issue, Starts, issue_plan
from services.task.errors import FirstPeriodOutsidePlan, JoinOfNobody, PlanAlreadyPublished, PlanNotFound
from services.task.expansion import IssuedUnit, expand
from services.task.models import Measure, Plan, PlanDraft
from services.task.periods import InvalidPeriod, Period
from services.task.permissions import PUBLISH_PLAN, PUT_PLAN
from services.task.queries.directory import KnownUnit, known_groups, known_units
from services.task.queries.plans import Draft, find_draft, find_plan, get_draft
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

    Raises MayNot, PlanNotFound (the caller's account is for other plans), PlanAlreadyPublished, UnknownUnit,
    UnknownGroup, DuplicateUnit, PreconditionRequired, PreconditionFailed, VersionConflict.
    """
    caller.must(PUT_PLAN)
    if not caller.sees_plan(file.key):
        raise PlanNotFound(plan=file.key)
    draft = await find_draft(work.connection, file.key, lock=True)  # first, so that a publication meanwhile is seen
    if await find_plan(work.connection, file.key):
        raise PlanAlreadyPublished(plan=file.key)
    await resolve(work.connection, file)
    stored = file.model_dump(mode="json")
    if draft and draft.file == stored:
        return draft, False
    revision = draft.revision if draft else 0
    must_match(revision, expected)
    fresh = Draft(file.key, revision + 1, file.title, stored)
    row = {"plan": fresh.plan, "revision": fresh.revision, "title": fresh.title, "file": fresh.file}
    await store_revision(work.connection, DRAFT, {**row, "updated_by": caller.account, "updated_at": work.now})
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
    issue = issue_plan(file, issued, units, starts, calendar, at=work.now, sample=sample)
    await _store(work, issue)
    return issue.plan


async def resolve(connection: AsyncConnection, file: PlanFile) -> tuple[list[IssuedUnit], dict[str, KnownUnit]]:
    """What publishing would issue, by the units and groups that task knows from the directory."""
    units = await known_units(connection)
    return expand(file, await known_groups(connection), units), units


async def _store(work: UnitOfWork, issue: Issue) -> None:
    await work.add(issue.plan, issue.plan_events)
    await insert_rows(work.connection, MEASURE, issue.measures)
    faultpoint("publish.midway")
    await work.add_all([(assignment, event) for assignment, event in issue.assignments])
    await work.add_all([(report, []) for report in issue.reports])
    await arm_deadlines(work.connection, issue.deadlines)


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
