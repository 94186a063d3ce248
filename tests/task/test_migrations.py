"""From databases that earlier versions filled."""

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from shared.db.migrations import _config
from tests.task.city import City
from tests.task.facts import Q1


def upgrade_by(connection: Connection, name: str) -> None:
    """Run one revision again, whatever came after it."""
    revisions = ScriptDirectory.from_config(_config("services.task")).walk_revisions()
    [revision] = [revision for revision in revisions if revision.path.endswith(f"_{name}.py")]
    with Operations.context(MigrationContext.configure(connection)):
        revision.module.upgrade()


async def test_the_armed_deadline_of_a_report_learns_when_it_locks(either: City) -> None:
    async with either.service.database.write() as connection:
        await connection.execute(text("ALTER TABLE deadlines DROP COLUMN locks"))
        await connection.run_sync(upgrade_by, "locks_of_deadlines")
    [report] = await either.deadlines(kind="report", unit="futian", measure="3", period=Q1)
    [receipt] = await either.deadlines(kind="acknowledge", unit="futian", measure="3")
    assert (str(report["locks"]), receipt["locks"]) == ("2024-04-28", None)
