"""Events for tests: recorded facts, their envelopes, and the records that carry them."""

from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from shared.bus.base import Message, Record
from shared.events.cloudevents import Mode, encode
from shared.events.envelope import Envelope
from shared.events.event import Event, Recorded
from shared.events.topics import topic_of
from shared.ids import new_id
from shared.testing.clocks import APRIL

E = TypeVar("E", bound=Event)


def recorded(
    data: E, subject: str, version: int = 1, *, time: datetime = APRIL, actor: str = "test", id_: UUID | None = None
) -> Recorded[E]:
    """A fact as a handler sees it."""
    return Recorded(id_ or new_id(), subject, version, time, actor, data)


def envelope(fact: Event, subject: str, version: int = 1, *, service: str = "test", **changed: Any) -> Envelope:
    """A fact as it travels; `changed` overrides its attributes, also with such as no service would write."""
    usual: dict[str, Any] = {
        "id": new_id(),
        "type": fact.type,
        "schema_version": fact.version,
        "source": f"/duban/{service}",
        "subject": subject,
        "time": APRIL,
        "aggregate_version": version,
        "partition_key": subject,
        "actor": "test",
        "correlation_id": "",
        "causation_id": "",
        "traceparent": "",
        "data": fact.model_dump_json().encode(),
    }
    return Envelope(**{**usual, **changed})


def message(sent: Envelope, mode: Mode) -> Message:
    """The same as its service would publish it."""
    headers, value = encode(sent, mode)
    return Message(topic_of(sent.service), sent.partition_key, sent.id, headers, value)


def record(sent: Envelope, offset: int, *, partition: int = 0, mode: Mode = "binary") -> Record:
    """The same as a consumer fetches it."""
    headers, value = encode(sent, mode)
    return Record(topic_of(sent.service), partition, offset, sent.partition_key, headers, value)
