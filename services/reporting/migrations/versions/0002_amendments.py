"""What amendments of plans end and excuse."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("assignment_history", sa.Column("ended_on", sa.Date(), nullable=True))
    op.add_column("measure_history", sa.Column("ended_on", sa.Date(), nullable=True))
    op.add_column("obligation_history", sa.Column("excused", sa.Boolean(), nullable=True))
