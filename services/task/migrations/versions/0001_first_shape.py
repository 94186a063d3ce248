"""The first shape of task's database."""

import sqlalchemy as sa
from alembic import op

from shared.db.columns import BigId, JsonText, UtcDateTime
from shared.event_log.tables import make_append_only

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table('accounts',
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('part', sa.String(length=40), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('account', sa.Uuid(), nullable=False),
    sa.Column('username', sa.String(length=63), nullable=False),
    sa.Column('roles', JsonText(), nullable=False),
    sa.Column('unit', sa.String(length=63), nullable=True),
    sa.Column('districts', JsonText(), nullable=False),
    sa.Column('plans', JsonText(), nullable=False),
    sa.Column('auth_epoch', sa.Integer(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('subject', 'part', name=op.f('pk_accounts')),
    sa.UniqueConstraint('account', name=op.f('uq_accounts_account'))
    )
    op.create_index(op.f('ix_accounts_unit'), 'accounts', ['unit'], unique=False)
    op.create_index(op.f('ix_accounts_username'), 'accounts', ['username'], unique=False)
    op.create_table('business_clock',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('now', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_business_clock'))
    )
    op.create_table('consumer_offset',
    sa.Column('consumer', sa.String(length=80), nullable=False),
    sa.Column('topic', sa.String(length=80), nullable=False),
    sa.Column('partition', sa.Integer(), nullable=False),
    sa.Column('next_offset', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('consumer', 'topic', 'partition', name=op.f('pk_consumer_offset'))
    )
    op.create_table('deadlines',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('head', sa.LargeBinary(), nullable=False),
    sa.Column('changed_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('about_id', sa.Uuid(), nullable=False),
    sa.Column('plan_id', sa.Uuid(), nullable=False),
    sa.Column('plan', sa.String(length=63), nullable=False),
    sa.Column('measure', sa.String(length=12), nullable=False),
    sa.Column('unit', sa.String(length=63), nullable=False),
    sa.Column('period', sa.String(length=10), nullable=True),
    sa.Column('relation', sa.String(length=20), nullable=False),
    sa.Column('zone', sa.String(), nullable=False),
    sa.Column('opens', sa.Date(), nullable=True),
    sa.Column('due', sa.Date(), nullable=False),
    sa.Column('next_rung', sa.Integer(), nullable=True),
    sa.Column('next_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('retired_at', UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deadlines'))
    )
    op.create_index('deadlines_due', 'deadlines', ['next_at'], unique=False)
    op.create_index('deadlines_of_subject', 'deadlines', ['about_id', 'kind'], unique=False)
    op.create_table('event_log',
    sa.Column('seq', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('aggregate_version', sa.Integer(), nullable=False),
    sa.Column('type', sa.String(length=80), nullable=False),
    sa.Column('partition_key', sa.String(length=120), nullable=False),
    sa.Column('time', UtcDateTime(timezone=True), nullable=False),
    sa.Column('attributes', sa.LargeBinary(), nullable=False),
    sa.Column('payload', sa.LargeBinary(), nullable=False),
    sa.Column('prev', sa.LargeBinary(), nullable=False),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_event_log')),
    sa.UniqueConstraint('event_id', name=op.f('uq_event_log_event_id')),
    sa.UniqueConstraint('subject', 'aggregate_version', name='one_event_per_version'),
    sqlite_autoincrement=True
    )
    op.create_index('event_log_by_key', 'event_log', ['partition_key', 'seq'], unique=False)
    op.create_table('idempotency_keys',
    sa.Column('account', sa.String(length=80), nullable=False),
    sa.Column('key', sa.String(length=255), nullable=False),
    sa.Column('request_digest', sa.LargeBinary(), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('etag', sa.String(length=40), nullable=True),
    sa.Column('body', sa.LargeBinary(), nullable=True),
    sa.Column('created_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('account', 'key', name=op.f('pk_idempotency_keys'))
    )
    op.create_table('key_state',
    sa.Column('consumer', sa.String(length=80), nullable=False),
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('last_version', sa.Integer(), nullable=False),
    sa.Column('last_event_id', sa.Uuid(), nullable=True),
    sa.Column('held', sa.String(length=10), nullable=False),
    sa.PrimaryKeyConstraint('consumer', 'subject', name=op.f('pk_key_state'))
    )
    op.create_table('known_keys',
    sa.Column('kid', sa.String(length=64), nullable=False),
    sa.Column('jwk', JsonText(), nullable=False),
    sa.Column('seen_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('kid', name=op.f('pk_known_keys'))
    )
    op.create_table('outbox',
    sa.Column('seq', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_outbox'))
    )
    op.create_table('parked',
    sa.Column('consumer', sa.String(length=80), nullable=False),
    sa.Column('subject', sa.String(length=160), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('event_id', sa.String(length=40), nullable=False),
    sa.Column('type', sa.String(length=80), nullable=False),
    sa.Column('topic', sa.String(length=80), nullable=False),
    sa.Column('partition', sa.Integer(), nullable=False),
    sa.Column('offset', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('headers', JsonText(), nullable=False),
    sa.Column('value', sa.LargeBinary(), nullable=False),
    sa.Column('reason', sa.String(length=20), nullable=False),
    sa.Column('error', sa.Text(), nullable=False),
    sa.Column('fingerprint', sa.String(length=200), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('first_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('last_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('consumer', 'subject', 'version', 'event_id', name=op.f('pk_parked'))
    )
    op.create_index('parked_by_reason', 'parked', ['consumer', 'reason'], unique=False)
    op.create_table('parked_skipped',
    sa.Column('consumer', sa.String(length=80), nullable=False),
    sa.Column('subject', sa.String(length=160), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('event_id', sa.String(length=40), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.Column('at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('consumer', 'subject', 'version', 'event_id', name=op.f('pk_parked_skipped'))
    )
    op.create_table('plan_drafts',
    sa.Column('plan', sa.String(length=63), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(), nullable=False),
    sa.Column('file', JsonText(), nullable=False),
    sa.Column('updated_by', sa.String(), nullable=False),
    sa.Column('updated_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('plan', name=op.f('pk_plan_drafts'))
    )
    op.create_table('plans',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('head', sa.LargeBinary(), nullable=False),
    sa.Column('changed_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('plan', sa.String(length=63), nullable=False),
    sa.Column('title', sa.String(), nullable=False),
    sa.Column('title_en', sa.String(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('zone', sa.String(), nullable=False),
    sa.Column('starts', sa.Date(), nullable=False),
    sa.Column('ends', sa.Date(), nullable=False),
    sa.Column('first_period', sa.String(), nullable=False),
    sa.Column('office', sa.String(), nullable=False),
    sa.Column('published_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('sample', sa.Boolean(), nullable=False),
    sa.Column('file', JsonText(), nullable=False),
    sa.Column('expansion', JsonText(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_plans')),
    sa.UniqueConstraint('plan', name=op.f('uq_plans_plan'))
    )
    op.create_table('projection_generation',
    sa.Column('consumer', sa.String(length=80), nullable=False),
    sa.Column('generation', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('consumer', name=op.f('pk_projection_generation'))
    )
    op.create_table('published',
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.PrimaryKeyConstraint('position', name=op.f('pk_published')),
    sa.UniqueConstraint('event_id', name=op.f('uq_published_event_id'))
    )
    op.create_table('relay_lease',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('owner', sa.String(length=80), nullable=False),
    sa.Column('epoch', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('until', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_relay_lease'))
    )
    op.create_table('unit_groups',
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('part', sa.String(length=40), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('group', sa.String(length=63), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('members', JsonText(), nullable=False),
    sa.PrimaryKeyConstraint('subject', 'part', name=op.f('pk_unit_groups')),
    sa.UniqueConstraint('group', name=op.f('uq_unit_groups_group'))
    )
    op.create_table('units',
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('part', sa.String(length=40), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('unit', sa.String(length=63), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('name_en', sa.String(length=200), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('relation', sa.String(length=20), nullable=False),
    sa.PrimaryKeyConstraint('subject', 'part', name=op.f('pk_units')),
    sa.UniqueConstraint('unit', name=op.f('uq_units_unit'))
    )
    op.create_table('assignments',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('head', sa.LargeBinary(), nullable=False),
    sa.Column('changed_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('plan_id', sa.Uuid(), nullable=False),
    sa.Column('plan', sa.String(length=63), nullable=False),
    sa.Column('measure', sa.String(length=12), nullable=False),
    sa.Column('unit', sa.String(length=63), nullable=False),
    sa.Column('unit_name', sa.String(), nullable=False),
    sa.Column('relation', sa.String(), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('lead_inferred', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('zone', sa.String(), nullable=False),
    sa.Column('issued_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('acknowledge_due', sa.Date(), nullable=False),
    sa.Column('acknowledged_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('acknowledged_by', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['plan_id'], ['plans.id'], name=op.f('fk_assignments_plan_id_plans')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_assignments')),
    sa.UniqueConstraint('plan', 'measure', 'unit', name=op.f('uq_assignments_plan'))
    )
    op.create_index(op.f('ix_assignments_plan_id'), 'assignments', ['plan_id'], unique=False)
    op.create_index(op.f('ix_assignments_unit'), 'assignments', ['unit'], unique=False)
    op.create_table('measures',
    sa.Column('plan_id', sa.Uuid(), nullable=False),
    sa.Column('measure', sa.String(length=12), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('area', sa.String(), nullable=False),
    sa.Column('title', sa.String(), nullable=False),
    sa.Column('title_en', sa.String(), nullable=False),
    sa.Column('strength', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['plan_id'], ['plans.id'], name=op.f('fk_measures_plan_id_plans')),
    sa.PrimaryKeyConstraint('plan_id', 'measure', name=op.f('pk_measures'))
    )
    op.create_table('reports',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('head', sa.LargeBinary(), nullable=False),
    sa.Column('changed_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('plan_id', sa.Uuid(), nullable=False),
    sa.Column('assignment_id', sa.Uuid(), nullable=False),
    sa.Column('plan', sa.String(length=63), nullable=False),
    sa.Column('measure', sa.String(length=12), nullable=False),
    sa.Column('unit', sa.String(length=63), nullable=False),
    sa.Column('unit_name', sa.String(), nullable=False),
    sa.Column('period', sa.String(length=10), nullable=False),
    sa.Column('zone', sa.String(), nullable=False),
    sa.Column('opens', sa.Date(), nullable=False),
    sa.Column('due', sa.Date(), nullable=False),
    sa.Column('locks', sa.Date(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('content', JsonText(), nullable=True),
    sa.Column('first_submitted_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('submitted_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('submitted_by', sa.String(), nullable=True),
    sa.Column('on_time', sa.Boolean(), nullable=True),
    sa.Column('returns', sa.Integer(), nullable=False),
    sa.Column('return_reason', sa.String(), nullable=True),
    sa.Column('resubmit_due', sa.Date(), nullable=True),
    sa.Column('reviewed_by', sa.String(), nullable=True),
    sa.Column('accepted_at', UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['assignment_id'], ['assignments.id'], name=op.f('fk_reports_assignment_id_assignments')),
    sa.ForeignKeyConstraint(['plan_id'], ['plans.id'], name=op.f('fk_reports_plan_id_plans')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reports')),
    sa.UniqueConstraint('plan', 'measure', 'unit', 'period', name=op.f('uq_reports_plan'))
    )
    op.create_index(op.f('ix_reports_assignment_id'), 'reports', ['assignment_id'], unique=False)
    op.create_index(op.f('ix_reports_plan_id'), 'reports', ['plan_id'], unique=False)
    op.create_index('reports_by_state', 'reports', ['state', 'due'], unique=False)
    op.create_index('reports_of_unit', 'reports', ['unit', 'state', 'due'], unique=False)
    make_append_only(op.get_bind())
