"""Rebuilds that were asked for, and how far they are."""

import sqlalchemy as sa
from alembic import op

from shared.db.columns import BigId, JsonText, UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "rebuilds",
        sa.Column("projection", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("asked_by", sa.String(length=80), nullable=False),
        sa.Column("asked_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=True),
        sa.Column("lease_until", UtcDateTime(timezone=True), nullable=True),
        sa.Column("events", BigId, nullable=False),
        sa.Column("total", BigId, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=True),
        sa.Column("rows", BigId, nullable=True),
        sa.Column("hash", sa.String(length=64), nullable=True),
        sa.Column("replaced_hash", sa.String(length=64), nullable=True),
        sa.Column("problem", JsonText(), nullable=True),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("projection", name=op.f("pk_rebuilds")),
    )
