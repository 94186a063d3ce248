"""From a database that has no import drafts yet and heard of its units before they had aliases."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from services.task.models import TaskTable
from shared.auth.keys import known_keys_table
from shared.db import Database
from shared.db.migrations import upgrade

KEPT = "SELECT subject FROM key_state ORDER BY subject"
HEARD = """
INSERT INTO consumer_offset (consumer, topic, partition, next_offset) VALUES
  ('task.directory', 'duban.directory.v1', 0, 40), ('task.other', 'duban.directory.v1', 0, 40);
INSERT INTO key_state (consumer, subject, last_version, held) VALUES
  ('task.directory', 'unit/commerce', 2, ''), ('task.directory', 'unit/broken', 1, 'failed'),
  ('task.directory', 'unit/skipped', 2, ''), ('task.directory', 'account/1', 5, ''), ('task.other', 'unit/commerce', 2, '');
INSERT INTO parked_skipped (consumer, subject, version, event_id, reason, "by", at) VALUES
  ('task.directory', 'unit/skipped', 2, 'x', 'poison', 'admin', '2024-01-01 00:00:00+00:00');
INSERT INTO units (subject, part, version, unit, name, name_en, kind, relation) VALUES
  ('unit/commerce', '', 2, 'commerce', '市商务局', '', 'municipal', 'subordinate')
"""


async def test_units_are_read_again_and_accounts_are_not(database: Database) -> None:
    await upgrade(database, "services.task", to="0001")
    async with database.write() as connection:
        for statement in HEARD.split(";"):
            await connection.execute(text(statement))
    await upgrade(database, "services.task")
    async with database.read() as connection:
        offsets = (await connection.execute(text("SELECT consumer FROM consumer_offset"))).scalars().all()
        kept = (await connection.execute(text(KEPT))).scalars().all()
        unit = (await connection.execute(text("SELECT short_name, aliases FROM units"))).one()
    assert offsets == ["task.other"]
    assert kept == ["account/1", "unit/broken", "unit/commerce", "unit/skipped"]  # the other consumer's unit/commerce
    assert tuple(unit) == ("", "[]")


async def test_the_migrated_database_is_the_one_that_the_code_expects(database: Database) -> None:
    await upgrade(database, "services.task")
    known_keys_table(TaskTable.metadata)  # the web application brings it along
    async with database.write() as connection:
        found = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), TaskTable.metadata)
        )
    assert found == []
