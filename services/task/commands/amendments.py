"""Writing an amendment: the plan, its measures, assignments, reports and deadlines, in one transaction."""

from contracts.names import DeadlineKind
from services.task.amendment import Amendment, Effects, MeasureChanges
from services.task.commands.deadlines import arm_deadlines, retire_deadlines
from services.task.models import Measure, PlanAmendment
from shared.db import table_of
from shared.db.bulk import insert_rows, update_rows
from shared.event_log import UnitOfWork
from shared.faultpoints import faultpoint

MEASURE = table_of(Measure)
AMENDMENT = table_of(PlanAmendment)


async def store_amendment(work: UnitOfWork, amendment: Amendment) -> None:
    """The plan, its reports and its assignments are locked by this transaction."""
    await work.record(amendment.plan, amendment.plan_events)
    record = amendment.record
    await insert_rows(work.connection, AMENDMENT, [{c.name: getattr(record, c.name) for c in AMENDMENT.columns}])
    await _store_measures(work, amendment.measures)
    faultpoint("amend.midway")
    await _store_effects(work, amendment.effects)
    await _disarm(work, amendment.effects)
    await arm_deadlines(work.connection, amendment.deadlines)


async def _store_measures(work: UnitOfWork, measures: MeasureChanges) -> None:
    """The plan's events say what changed."""
    await insert_rows(work.connection, MEASURE, measures.born)
    await update_rows(work.connection, MEASURE, measures.changed)


async def _store_effects(work: UnitOfWork, effects: Effects) -> None:
    """Children in the order of their ids."""
    changed = [*effects.superseded, *effects.amended, *effects.given_back]
    await work.record_all(sorted(changed, key=lambda pair: pair[0].id))
    await work.add_all(list(effects.issued))
    await work.record_all(sorted([*effects.excused, *effects.reinstated], key=lambda pair: pair[0].id))
    await work.add_all([(report, []) for report in effects.reports])


async def _disarm(work: UnitOfWork, effects: Effects) -> None:
    """Nobody is reminded of what is asked for no longer."""
    ended = [assignment.id for assignment, _ in effects.superseded]
    excused = [report.id for report, _ in effects.excused]
    await retire_deadlines(work, ended, DeadlineKind.ACKNOWLEDGE)
    await retire_deadlines(work, excused, DeadlineKind.REPORT)
