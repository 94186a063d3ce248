"""Amendments of plans in force: what a draft was compared with, and what an amendment ended."""

import sqlalchemy as sa
from alembic import op

from shared.db.columns import JsonText, UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "plan_amendments",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("document_number", sa.String(), nullable=True),
        sa.Column("changes", JsonText(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_plan_amendments_plan_id_plans")),
        sa.PrimaryKeyConstraint("plan_id", "number", name=op.f("pk_plan_amendments")),
    )
    op.add_column("assignments", sa.Column("ended_on", sa.Date(), nullable=True))
    op.add_column("measures", sa.Column("ended_on", sa.Date(), nullable=True))
    op.add_column("plan_drafts", sa.Column("plan_version", sa.Integer(), nullable=False, server_default="0"))
    _drafts_of_plans_in_force_are_what_was_published()


def _drafts_of_plans_in_force_are_what_was_published() -> None:
    drafts = sa.table("plan_drafts", sa.column("plan"), sa.column("plan_version"))
    plans = sa.table("plans", sa.column("plan"), sa.column("version"))
    in_force = sa.select(plans.c.version).where(plans.c.plan == drafts.c.plan).scalar_subquery()
    op.execute(sa.update(drafts).values(plan_version=sa.func.coalesce(in_force, 0)))
