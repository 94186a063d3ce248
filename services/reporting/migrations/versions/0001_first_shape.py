"""The first shape of reporting's database."""

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
    op.create_table('assignment_history',
    sa.Column('generation', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('part', sa.String(length=63), nullable=False),
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('since', UtcDateTime(timezone=True), nullable=False),
    sa.Column('until', UtcDateTime(timezone=True), nullable=True),
    sa.Column('plan', sa.String(length=63), nullable=False),
    sa.Column('measure', sa.String(length=12), nullable=False),
    sa.Column('unit', sa.String(length=63), nullable=False),
    sa.Column('unit_name', sa.Text(), nullable=False),
    sa.Column('relation', sa.String(length=20), nullable=False),
    sa.Column('role', sa.String(length=20), nullable=False),
    sa.Column('issued_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('acknowledge_due', sa.Date(), nullable=False),
    sa.Column('acknowledged_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('acknowledged_on_time', sa.Boolean(), nullable=True),
    sa.PrimaryKeyConstraint('generation', 'subject', 'part', 'version', name=op.f('pk_assignment_history'))
    )
    op.create_index('assignment_history_by_plan', 'assignment_history', ['plan', 'measure', 'unit', 'generation'], unique=False)
    op.create_table('business_clock',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('now', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_business_clock'))
    )
    op.create_table('consumer_offset',
    sa.Column('consumer', sa.String(length=80), nullable=False),
    sa.Column('topic', sa.String(length=80), nullable=False),
    sa.Column('partition', sa.Integer(), nullable=False),
    sa.Column('next_offset', BigId, nullable=False),
    sa.PrimaryKeyConstraint('consumer', 'topic', 'partition', name=op.f('pk_consumer_offset'))
    )
    op.create_table('event_log',
    sa.Column('seq', BigId, autoincrement=True, nullable=False),
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
    op.create_table('group_history',
    sa.Column('generation', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('part', sa.String(length=63), nullable=False),
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('since', UtcDateTime(timezone=True), nullable=False),
    sa.Column('until', UtcDateTime(timezone=True), nullable=True),
    sa.Column('group', sa.String(length=63), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('name_en', sa.Text(), nullable=False),
    sa.Column('members', JsonText(), nullable=False),
    sa.PrimaryKeyConstraint('generation', 'subject', 'part', 'version', name=op.f('pk_group_history'))
    )
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
    op.create_table('measure_history',
    sa.Column('generation', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('part', sa.String(length=63), nullable=False),
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('since', UtcDateTime(timezone=True), nullable=False),
    sa.Column('until', UtcDateTime(timezone=True), nullable=True),
    sa.Column('plan', sa.String(length=63), nullable=False),
    sa.Column('measure', sa.String(length=12), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('area', sa.String(length=20), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('title_en', sa.Text(), nullable=False),
    sa.Column('strength', sa.String(length=20), nullable=False),
    sa.PrimaryKeyConstraint('generation', 'subject', 'part', 'version', name=op.f('pk_measure_history'))
    )
    op.create_index('measure_history_by_plan', 'measure_history', ['plan', 'measure', 'generation'], unique=False)
    op.create_table('obligation_history',
    sa.Column('generation', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('part', sa.String(length=63), nullable=False),
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('since', UtcDateTime(timezone=True), nullable=False),
    sa.Column('until', UtcDateTime(timezone=True), nullable=True),
    sa.Column('plan', sa.String(length=63), nullable=False),
    sa.Column('period', sa.String(length=8), nullable=False),
    sa.Column('opens', sa.Date(), nullable=False),
    sa.Column('due', sa.Date(), nullable=False),
    sa.Column('locks', sa.Date(), nullable=False),
    sa.PrimaryKeyConstraint('generation', 'subject', 'part', 'version', name=op.f('pk_obligation_history'))
    )
    op.create_index('obligation_history_by_period', 'obligation_history', ['plan', 'period', 'generation'], unique=False)
    op.create_table('outbox',
    sa.Column('seq', BigId, autoincrement=False, nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_outbox'))
    )
    op.create_table('parked',
    sa.Column('consumer', sa.String(length=80), nullable=False),
    sa.Column('subject', sa.String(length=160), nullable=False),
    sa.Column('version', BigId, autoincrement=False, nullable=False),
    sa.Column('event_id', sa.String(length=40), nullable=False),
    sa.Column('type', sa.String(length=80), nullable=False),
    sa.Column('topic', sa.String(length=80), nullable=False),
    sa.Column('partition', sa.Integer(), nullable=False),
    sa.Column('offset', BigId, nullable=False),
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
    sa.Column('version', BigId, autoincrement=False, nullable=False),
    sa.Column('event_id', sa.String(length=40), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.Column('at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('consumer', 'subject', 'version', 'event_id', name=op.f('pk_parked_skipped'))
    )
    op.create_table('plan_history',
    sa.Column('generation', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('part', sa.String(length=63), nullable=False),
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('since', UtcDateTime(timezone=True), nullable=False),
    sa.Column('until', UtcDateTime(timezone=True), nullable=True),
    sa.Column('plan', sa.String(length=63), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('title_en', sa.Text(), nullable=False),
    sa.Column('issuer', sa.Text(), nullable=False),
    sa.Column('zone', sa.String(length=40), nullable=False),
    sa.Column('starts', sa.Date(), nullable=False),
    sa.Column('ends', sa.Date(), nullable=False),
    sa.Column('cycle', sa.String(length=20), nullable=False),
    sa.Column('first_period', sa.String(length=8), nullable=False),
    sa.Column('areas', JsonText(), nullable=False),
    sa.Column('periods', JsonText(), nullable=False),
    sa.Column('indicators', JsonText(), nullable=False),
    sa.Column('sample', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('generation', 'subject', 'part', 'version', name=op.f('pk_plan_history'))
    )
    op.create_index('plan_history_by_plan', 'plan_history', ['plan', 'generation'], unique=False)
    op.create_table('projection_generation',
    sa.Column('consumer', sa.String(length=80), nullable=False),
    sa.Column('generation', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('consumer', name=op.f('pk_projection_generation'))
    )
    op.create_table('published',
    sa.Column('position', BigId, autoincrement=False, nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.PrimaryKeyConstraint('position', name=op.f('pk_published')),
    sa.UniqueConstraint('event_id', name=op.f('uq_published_event_id'))
    )
    op.create_table('reading_history',
    sa.Column('generation', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('part', sa.String(length=63), nullable=False),
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('since', UtcDateTime(timezone=True), nullable=False),
    sa.Column('until', UtcDateTime(timezone=True), nullable=True),
    sa.Column('plan', sa.String(length=63), nullable=False),
    sa.Column('measure', sa.String(length=12), nullable=False),
    sa.Column('unit', sa.String(length=63), nullable=False),
    sa.Column('period', sa.String(length=8), nullable=False),
    sa.Column('indicator', sa.String(length=63), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('value', sa.String(length=40), nullable=True),
    sa.Column('accepted', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('generation', 'subject', 'part', 'version', name=op.f('pk_reading_history'))
    )
    op.create_index('reading_history_by_plan', 'reading_history', ['plan', 'indicator', 'generation'], unique=False)
    op.create_table('relay_lease',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('owner', sa.String(length=80), nullable=False),
    sa.Column('epoch', BigId, nullable=False),
    sa.Column('until', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_relay_lease'))
    )
    op.create_table('report_history',
    sa.Column('generation', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('part', sa.String(length=63), nullable=False),
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('since', UtcDateTime(timezone=True), nullable=False),
    sa.Column('until', UtcDateTime(timezone=True), nullable=True),
    sa.Column('plan', sa.String(length=63), nullable=False),
    sa.Column('measure', sa.String(length=12), nullable=False),
    sa.Column('unit', sa.String(length=63), nullable=False),
    sa.Column('period', sa.String(length=8), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('first_submitted_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('submitted_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('on_time', sa.Boolean(), nullable=True),
    sa.Column('resubmission_late', sa.Boolean(), nullable=True),
    sa.Column('resubmit_due', sa.Date(), nullable=True),
    sa.Column('returns', sa.Integer(), nullable=False),
    sa.Column('accepted_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('self_assessment', sa.String(length=20), nullable=False),
    sa.Column('same_unit_review', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('generation', 'subject', 'part', 'version', name=op.f('pk_report_history'))
    )
    op.create_index('report_history_by_period', 'report_history', ['plan', 'period', 'measure', 'unit', 'generation'], unique=False)
    op.create_table('unit_history',
    sa.Column('generation', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('part', sa.String(length=63), nullable=False),
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('since', UtcDateTime(timezone=True), nullable=False),
    sa.Column('until', UtcDateTime(timezone=True), nullable=True),
    sa.Column('unit', sa.String(length=63), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('name_en', sa.Text(), nullable=False),
    sa.Column('short_name', sa.Text(), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('relation', sa.String(length=20), nullable=False),
    sa.PrimaryKeyConstraint('generation', 'subject', 'part', 'version', name=op.f('pk_unit_history'))
    )
    make_append_only(op.get_bind())
