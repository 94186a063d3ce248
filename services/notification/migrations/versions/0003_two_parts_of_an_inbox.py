"""An inbox is read in two parts, unread and read, each from an index of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
COLUMNS = ["account", "channel", "made_at", "id"]


def upgrade() -> None:
    for name, part in (("deliveries_unread", "read_at IS NULL"), ("deliveries_read", "read_at IS NOT NULL")):
        where = sa.text(part)
        op.create_index(name, "deliveries", COLUMNS, sqlite_where=where, postgresql_where=where)
