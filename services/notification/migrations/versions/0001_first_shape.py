"""The first shape of notification's database."""

import sqlalchemy as sa
from alembic import op

from shared.db.columns import JsonText, UtcDateTime
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
    op.create_table('contact_points',
    sa.Column('account', sa.Uuid(), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('display_name', sa.String(length=80), nullable=False),
    sa.Column('locale', sa.String(length=2), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('account', name=op.f('pk_contact_points'))
    )
    op.create_table('duties',
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('part', sa.String(length=40), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('duty', sa.String(length=160), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('subject', 'part', name=op.f('pk_duties'))
    )
    op.create_index(op.f('ix_duties_duty'), 'duties', ['duty'], unique=False)
    op.create_table('effects',
    sa.Column('consumer', sa.String(length=80), nullable=False),
    sa.Column('since', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('consumer', name=op.f('pk_effects'))
    )
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
    op.create_table('mails',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account', sa.Uuid(), nullable=False),
    sa.Column('recipient', sa.String(length=63), nullable=False),
    sa.Column('plan', sa.String(length=63), nullable=True),
    sa.Column('day', sa.Date(), nullable=True),
    sa.Column('not_before', UtcDateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('due_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('lease', sa.Uuid(), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('error', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mails'))
    )
    op.create_index('mails_by_state', 'mails', ['state', 'due_at'], unique=False)
    op.create_index('mails_of_account', 'mails', ['account', 'state'], unique=False)
    op.create_table('measures',
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('part', sa.String(length=40), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('plan', sa.String(length=63), nullable=False),
    sa.Column('measure', sa.String(length=12), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('title_en', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('subject', 'part', name=op.f('pk_measures'))
    )
    op.create_index(op.f('ix_measures_plan'), 'measures', ['plan'], unique=False)
    op.create_table('notices',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('head', sa.LargeBinary(), nullable=False),
    sa.Column('changed_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('event', sa.Uuid(), nullable=False),
    sa.Column('template', sa.String(length=40), nullable=False),
    sa.Column('urgency', sa.String(length=20), nullable=False),
    sa.Column('role', sa.String(length=20), nullable=False),
    sa.Column('unit', sa.String(length=63), nullable=True),
    sa.Column('about', sa.String(length=120), nullable=False),
    sa.Column('plan', sa.String(length=63), nullable=True),
    sa.Column('duty', sa.String(length=160), nullable=True),
    sa.Column('facts', JsonText(), nullable=False),
    sa.Column('occurred_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('expires', UtcDateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('try_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('tried_at', UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notices'))
    )
    op.create_index('notices_by_plan', 'notices', ['plan', 'occurred_at', 'id'], unique=False)
    op.create_index('notices_by_state', 'notices', ['state', 'try_at'], unique=False)
    op.create_index('notices_by_time', 'notices', ['occurred_at', 'id'], unique=False)
    op.create_index('notices_by_unit', 'notices', ['unit', 'occurred_at', 'id'], unique=False)
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
    op.create_table('plans',
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('part', sa.String(length=40), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('plan', sa.String(length=63), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('title_en', sa.Text(), nullable=False),
    sa.Column('sample', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('subject', 'part', name=op.f('pk_plans'))
    )
    op.create_index(op.f('ix_plans_plan'), 'plans', ['plan'], unique=False)
    op.create_table('preferences',
    sa.Column('account', sa.Uuid(), nullable=False),
    sa.Column('daily_email', sa.Boolean(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('account', name=op.f('pk_preferences'))
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
    op.create_table('units',
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('part', sa.String(length=40), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('unit', sa.String(length=63), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('name_en', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('subject', 'part', name=op.f('pk_units'))
    )
    op.create_index(op.f('ix_units_unit'), 'units', ['unit'], unique=False)
    op.create_table('deliveries',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('notice', sa.Uuid(), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('account', sa.Uuid(), nullable=False),
    sa.Column('recipient', sa.String(length=63), nullable=False),
    sa.Column('mail', sa.Uuid(), nullable=True),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('error', sa.Text(), nullable=False),
    sa.Column('made_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('sent_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('read_at', UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['notice'], ['notices.id'], name=op.f('fk_deliveries_notice_notices')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deliveries'))
    )
    op.create_index('deliveries_by_state', 'deliveries', ['state', 'channel'], unique=False)
    op.create_index('deliveries_inbox', 'deliveries', ['account', 'channel', 'made_at', 'id'], unique=False)
    op.create_index('deliveries_of_mail', 'deliveries', ['mail'], unique=False)
    op.create_index('deliveries_of_notice', 'deliveries', ['notice'], unique=False)
    make_append_only(op.get_bind())
