"""The event log's index by partition key served no query and cost every write."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.drop_index("event_log_by_key", table_name="event_log")
