"""From a database whose plans could not be amended."""

from sqlalchemy import text

from shared.db import Database
from shared.db.migrations import upgrade

BEFORE = """
INSERT INTO plans (id, version, head, plan, title, title_en, state, zone, starts, ends, first_period, office, published_at,
  sample, file, expansion)
VALUES ('00000000000000000000000000000001', 4, '', 'harbour', 'x', '', 'published', 'Asia/Shanghai', '2023-01-01',
  '2024-12-31', '2023-Q4', 'lg-office', '2023-12-01 01:00:00+00:00', false, '{}', '{}');
INSERT INTO plan_drafts (plan, revision, title, file, updated_by, updated_at) VALUES
  ('harbour', 1, 'x', '{}', 'office', '2023-12-01 01:00:00+00:00'),
  ('inland', 3, 'y', '{}', 'office', '2023-12-01 01:00:00+00:00')
"""


async def test_a_draft_that_was_published_is_what_is_in_force(database: Database) -> None:
    await upgrade(database, "services.task", to="0003")
    async with database.write() as connection:
        for statement in BEFORE.split(";"):
            await connection.execute(text(statement))
    await upgrade(database, "services.task")
    async with database.read() as connection:
        drafts = await connection.execute(text("SELECT plan, plan_version FROM plan_drafts ORDER BY plan"))
        assert [tuple(draft) for draft in drafts] == [("harbour", 4), ("inland", 0)]
