"""The CloudEvents 1.0 attributes around an event, and the exact bytes of its data."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import orjson

MAX_DATA_BYTES = 256 * 1024
"""Checked when the event is written; well below the broker's 1 MiB record limit."""
MAX_VERSION = 2**31 - 1
"""A CloudEvents integer is a signed 32-bit number."""
SCHEMA_PREFIX = "urn:duban:event:"
SCHEMA_VERSION = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event as it travels. `data` is UTF-8 JSON, never re-serialised after it was hashed."""

    id: UUID
    type: str
    schema_version: str
    source: str
    subject: str
    time: datetime
    aggregate_version: int
    partition_key: str
    actor: str
    correlation_id: str
    causation_id: str
    traceparent: str
    data: bytes

    @property
    def service(self) -> str:
        return self.source.rsplit("/", 1)[-1]

    def attributes(self) -> dict[str, str]:
        """CloudEvents attributes and extensions by their wire names, empty ones left out."""
        named = {
            "specversion": "1.0",
            "id": str(self.id),
            "type": self.type,
            "source": self.source,
            "subject": self.subject,
            "time": wire_time(self.time),
            "datacontenttype": "application/json",
            "dataschema": schema_name(self.type, self.schema_version),
            "aggregateversion": str(self.aggregate_version),
            "partitionkey": self.partition_key,
            "actor": self.actor,
            "correlationid": self.correlation_id,
            "causationid": self.causation_id,
            "traceparent": self.traceparent,
        }
        return {name: value for name, value in named.items() if value}

    def canonical_attributes(self) -> bytes:
        """The attributes as the hash chain covers them: sorted JSON without spaces."""
        return orjson.dumps(self.attributes(), option=orjson.OPT_SORT_KEYS)

    @classmethod
    def from_attributes(cls, attributes: dict[str, str], data: bytes) -> "Envelope":
        """Raises KeyError, ValueError or OverflowError where a required attribute is missing or malformed."""
        if attributes["specversion"] != "1.0":
            raise ValueError(f"specversion {attributes['specversion']} is not 1.0")
        return cls(
            id=UUID(attributes["id"]),
            type=attributes["type"],
            schema_version=_schema_version(attributes["type"], attributes["dataschema"]),
            source=attributes["source"],
            subject=attributes["subject"],
            time=_instant(attributes["time"]),
            aggregate_version=_version(attributes["aggregateversion"]),
            partition_key=attributes["partitionkey"],
            actor=attributes.get("actor", ""),
            correlation_id=attributes.get("correlationid", ""),
            causation_id=attributes.get("causationid", ""),
            traceparent=attributes.get("traceparent", ""),
            data=data,
        )


def wire_time(instant: datetime) -> str:
    """RFC 3339 in UTC with `Z`, microseconds only where there are any."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def schema_name(event_type: str, version: str) -> str:
    """The `dataschema` of an event: the `$id` of its JSON Schema in `contracts/events/`."""
    return f"{SCHEMA_PREFIX}{event_type}:{version}"


def _schema_version(event_type: str, schema: str) -> str:
    version = schema.removeprefix(schema_name(event_type, ""))
    if not SCHEMA_VERSION.fullmatch(version):
        raise ValueError(f"dataschema {schema} is not {schema_name(event_type, 'N.M')}")
    return version


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"time {text} has no offset from UTC")
    return instant.astimezone(UTC)


def _version(text: str) -> int:
    version = int(text)
    if not 1 <= version <= MAX_VERSION:
        raise ValueError(f"aggregateversion {text} is not in 1..{MAX_VERSION}")
    return version
