"""A large plan in force in task's database, made by the commands that make every plan."""

from uuid import UUID

from joserfc.jwk import RSAKey
from sqlalchemy import insert, select, update

from contracts.directory import AccountRegistered, UnitRegistered
from contracts.names import Relation, Role, UnitKind
from services.task.app import create_service
from services.task.calendar import state_council_calendar
from services.task.commands.plans import publish_plan, put_draft
from services.task.consumers import directory
from services.task.models import Assignment, AssignmentState, Report, TaskTable
from services.task.schemas.plan_file import PlanFile
from services.task.settings import TaskSettings
from shared.auth import Actor
from shared.auth.keys import known_keys_table
from shared.clock import system_now
from shared.db import table_of
from shared.db.migrations import upgrade
from shared.events import Event, Recorded
from shared.ids import new_id
from shared.runtime import Service

PLAN = "bench-plan"
YEAR = system_now().year - 1
"""Last year's report of a yearly cycle is open all through this year, whenever the bench runs."""


async def seed_task(settings: TaskSettings, key: RSAKey, *, units: int, measures: int) -> dict[str, UUID]:
    """Publish a plan of `measures` × `units` assignments, all acknowledged. Returns each unit's liaison."""
    service = create_service(settings)
    try:
        await upgrade(service.database, "services.task")
        liaisons = await _know(service, key, units)
        await _publish(service, units, measures)
    finally:
        await service.database.close()
    return liaisons


async def report_paths(settings: TaskSettings) -> list[str]:
    """The address of every report, without its prefix."""
    service = create_service(settings)
    table = table_of(Report)
    async with service.read() as view:
        rows = await view.connection.execute(select(table.c.measure, table.c.unit, table.c.period).order_by(table.c.id))
        paths = [f"/plans/{PLAN}/measures/{measure}/units/{unit}/reports/{period}" for measure, unit, period in rows]
    await service.database.close()
    return paths


async def _know(service: Service, key: RSAKey, count: int) -> dict[str, UUID]:
    liaisons = {unit: new_id() for unit in _units(count)}
    accounts = [
        AccountRegistered(account=id_, username=unit, roles=[Role.LIAISON], unit=unit, auth_epoch=1)
        for unit, id_ in liaisons.items()
    ]
    registered = [_unit(unit) for unit in [*liaisons, "lg-office"]]
    async with service.write() as work:
        await directory.apply(work.connection, [_recorded(event) for event in [*registered, *accounts]])
        jwk = {"kid": key.kid, "jwk": key.as_dict(private=False), "seen_at": system_now()}
        await work.connection.execute(insert(known_keys_table(TaskTable.metadata)).values(**jwk))
    return liaisons


async def _publish(service: Service, units: int, measures: int) -> None:
    head = Actor(account_id=new_id(), account="head", roles=frozenset({"office_head", "office"}), unit="lg-office")
    async with service.write() as work:
        await put_draft(work, head, _plan_file(units, measures), None)
        await publish_plan(work, state_council_calendar(), head, PLAN, str(YEAR), {})
        await work.connection.execute(update(table_of(Assignment)).values(state=AssignmentState.ACKNOWLEDGED))


def _plan_file(units: int, measures: int) -> PlanFile:
    named = [{"unit": unit, "role": "responsible"} for unit in _units(units)]
    listed = [
        {"key": str(n), "title": f"措施{n}", "strength": "binding", "units": named} for n in range(1, measures + 1)
    ]
    return PlanFile.model_validate(
        {
            "key": PLAN,
            "title": "压力测试方案",
            "issuer": "示例市",
            "starts": f"{YEAR}-01-01",
            "ends": f"{YEAR}-12-31",
            "office": "lg-office",
            "reporting": {"cycle": "yearly", "locks_working_days_after_period_end": 250},
            "areas": [{"number": "一", "title": "领域", "measures": listed}],
        }
    )


def _units(count: int) -> list[str]:
    return [f"u{n}" for n in range(count)]


def _unit(key: str) -> UnitRegistered:
    return UnitRegistered(unit=key, name=f"示例单位{key}", kind=UnitKind.MUNICIPAL, relation=Relation.SUBORDINATE)


def _recorded(event: Event) -> Recorded[Event]:
    id_ = new_id()
    return Recorded(
        id=id_, subject=f"{event.type.split('.')[0]}/{id_}", version=1, time=system_now(), actor="bench", data=event
    )
