"""Drafts of imported documents, and the names by which a document may call a unit.

Names of units that task heard of before are not in its tables, so the directory's events are read once more. What was
applied for accounts and groups stays marked as applied: no account ever gets an earlier state back.
"""

import sqlalchemy as sa
from alembic import op

from shared.db.columns import JsonText, UtcDateTime

revision = "0002"
down_revision = "0001"
CONSUMER = "task.directory"


def upgrade() -> None:
    op.create_table(
        "import_drafts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("imported", JsonText(), nullable=False),
        sa.Column("decided", JsonText(), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("counts", JsonText(), nullable=False),
        sa.Column("plan", sa.String(length=63), nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.Column("updated_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_drafts")),
    )
    op.add_column("units", sa.Column("short_name", sa.String(length=200), nullable=False, server_default=""))
    op.add_column("units", sa.Column("aliases", JsonText(), nullable=False, server_default="[]"))
    _read_units_again()


def _read_units_again() -> None:
    offsets = sa.table("consumer_offset", sa.column("consumer"))
    states = sa.table("key_state", sa.column("consumer"), sa.column("subject"), sa.column("held"))
    skipped = sa.table("parked_skipped", sa.column("consumer"), sa.column("subject"))
    op.execute(sa.delete(offsets).where(offsets.c.consumer == CONSUMER))
    op.execute(
        sa.delete(states)
        .where(states.c.consumer == CONSUMER, states.c.subject.like("unit/%"))
        .where(states.c.held == "", states.c.subject.not_in(sa.select(skipped.c.subject)))
    )
