"""Where a consumer stands: the database decides, Kafka's own offsets are for display."""

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, String, Table, Text, Uuid

from shared.db.columns import BigId, JsonText, UtcDateTime


class ConsumerTables:
    """Offsets per partition, versions per aggregate, parked events, and the generation that readers use."""

    def __init__(self, metadata: MetaData) -> None:
        self.offset = Table(
            "consumer_offset",
            metadata,
            Column("consumer", String(80), primary_key=True),
            Column("topic", String(80), primary_key=True),
            Column("partition", Integer, primary_key=True),
            Column("next_offset", BigId, nullable=False),
        )
        self.key_state = Table(
            "key_state",
            metadata,
            Column("consumer", String(80), primary_key=True),
            Column("subject", String(120), primary_key=True),
            Column("last_version", Integer, nullable=False),
            Column("last_event_id", Uuid),
            Column("held", String(10), nullable=False, default=""),
        )
        self.parked = Table(
            "parked",
            metadata,
            Column("consumer", String(80), primary_key=True),
            Column("subject", String(160), primary_key=True),
            Column("version", BigId, primary_key=True, autoincrement=False),
            Column("event_id", String(40), primary_key=True),
            Column("type", String(80), nullable=False),
            Column("topic", String(80), nullable=False),
            Column("partition", Integer, nullable=False),
            Column("offset", BigId, nullable=False),
            Column("headers", JsonText, nullable=False),
            Column("value", LargeBinary, nullable=False),
            Column("reason", String(20), nullable=False),
            Column("error", Text, nullable=False, default=""),
            Column("fingerprint", String(200), nullable=False, default=""),
            Column("attempts", Integer, nullable=False, default=0),
            Column("first_at", UtcDateTime, nullable=False),
            Column("last_at", UtcDateTime, nullable=False),
            Index("parked_by_reason", "consumer", "reason"),
        )
        self.skipped = Table(
            "parked_skipped",
            metadata,
            Column("consumer", String(80), primary_key=True),
            Column("subject", String(160), primary_key=True),
            Column("version", BigId, primary_key=True, autoincrement=False),
            Column("event_id", String(40), primary_key=True),
            Column("reason", Text, nullable=False),
            Column("by", String(80), nullable=False),
            Column("at", UtcDateTime, nullable=False),
        )
        self.generation = Table(
            "projection_generation",
            metadata,
            Column("consumer", String(80), primary_key=True),
            Column("generation", Integer, nullable=False),
        )
