"""The event bus: one interface over Kafka and over a log in a SQLite file."""

from shared.bus.base import (
    Bus,
    BusUnavailable,
    KafkaSecurity,
    Message,
    OffsetOutOfRange,
    Record,
    Subscription,
    TopicPartition,
)

__all__ = [
    "Bus",
    "BusUnavailable",
    "KafkaSecurity",
    "Message",
    "OffsetOutOfRange",
    "Record",
    "Subscription",
    "TopicPartition",
]
