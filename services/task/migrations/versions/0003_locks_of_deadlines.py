"""When a report's deadline locks, so that its ladder ends there.

Those that locked before fire nothing more: the office has heard of each of them every week since.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("deadlines", sa.Column("locks", sa.Date(), nullable=True))
    deadlines = sa.table("deadlines", *map(sa.column, ("about_id", "kind", "locks", "next_at")))
    reports = sa.table("reports", sa.column("id"), sa.column("locks"))
    locks = sa.select(reports.c.locks).where(reports.c.id == deadlines.c.about_id).scalar_subquery()
    armed = deadlines.c.next_at.is_not(None)
    op.execute(sa.update(deadlines).where(deadlines.c.kind == "report", armed).values(locks=locks))
