"""The tables behind the event log, the same in every service."""

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    text,
)

from shared.db.columns import BigId, UtcDateTime


class EventLogTables:
    """`log` is the trail, `outbox` what is not yet sent, `published` the gapless position of what is."""

    def __init__(self, metadata: MetaData) -> None:
        self.log = Table(
            "event_log",
            metadata,
            Column("seq", BigId, primary_key=True, autoincrement=True),
            Column("event_id", Uuid, nullable=False, unique=True),
            Column("subject", String(120), nullable=False),
            Column("aggregate_version", Integer, nullable=False),
            Column("type", String(80), nullable=False),
            Column("partition_key", String(120), nullable=False),
            Column("time", UtcDateTime, nullable=False),
            Column("attributes", LargeBinary, nullable=False),
            Column("payload", LargeBinary, nullable=False),
            Column("prev", LargeBinary, nullable=False),
            Column("hash", LargeBinary, nullable=False),
            UniqueConstraint("subject", "aggregate_version", name="one_event_per_version"),
            sqlite_autoincrement=True,  # a number is never used again, also after the tail was lost
        )
        self.outbox = Table(
            "outbox",
            metadata,
            Column("seq", BigId, primary_key=True, autoincrement=False),
            Column("event_id", Uuid, nullable=False),
        )
        self.published = Table(
            "published",
            metadata,
            Column("position", BigId, primary_key=True, autoincrement=False),
            Column("event_id", Uuid, nullable=False, unique=True),
        )
        self.lease = Table(
            "relay_lease",
            metadata,
            Column("name", String(40), primary_key=True),
            Column("owner", String(80), nullable=False),
            Column("epoch", BigId, nullable=False),
            Column("until", UtcDateTime, nullable=False),
        )
        self.answers = Table(
            "idempotency_keys",
            metadata,
            Column("account", String(80), primary_key=True),
            Column("key", String(255), primary_key=True),
            Column("request_digest", LargeBinary, nullable=False),
            Column("status", Integer),
            Column("etag", String(40)),
            Column("body", LargeBinary),
            Column("created_at", UtcDateTime, nullable=False),
        )


APPEND_ONLY_SQLITE = (
    """CREATE TRIGGER event_log_no_update BEFORE UPDATE ON event_log
       BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END""",
    """CREATE TRIGGER event_log_no_delete BEFORE DELETE ON event_log
       BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END""",
)
APPEND_ONLY_POSTGRES = (
    """CREATE FUNCTION refuse_event_log_change() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'the event log is append-only'; END $$""",
    """CREATE TRIGGER event_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event_log
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_event_log_change()""",
    "REVOKE UPDATE, DELETE, TRUNCATE ON event_log FROM PUBLIC",
)


def make_append_only(connection: Connection) -> None:
    """Refuse UPDATE and DELETE on the event log. A trigger, since an owner can grant itself what was revoked."""
    rules = APPEND_ONLY_SQLITE if connection.dialect.name == "sqlite" else APPEND_ONLY_POSTGRES
    for rule in rules:
        connection.execute(text(rule))
