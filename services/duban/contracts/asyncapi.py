"""The AsyncAPI 3.0 document: which service sends what on which Kafka topic, and which consumer reads it."""

from collections.abc import Iterator, Mapping, Sequence
from inspect import cleandoc
from typing import Any

from services.duban.contracts.catalogue import Consumer, EventClasses, publisher_of
from services.duban.contracts.schemas import event_file
from shared.events.envelope import MAX_VERSION, schema_name
from shared.events.event import Event
from shared.events.topics import TOPICS, topic_of

Document = dict[str, Any]
BINDING_VERSION = "0.5.0"
TEXT = {"type": "string"}
HEADERS: Document = {
    "type": "object",
    "description": "CloudEvents 1.0, binary mode of the Kafka binding. Header values are UTF-8 text.",
    "additionalProperties": False,
    "required": [
        "content-type",
        "ce_specversion",
        "ce_id",
        "ce_type",
        "ce_source",
        "ce_subject",
        "ce_time",
        "ce_dataschema",
        "ce_aggregateversion",
        "ce_partitionkey",
    ],
    "properties": {
        "content-type": {"const": "application/json"},
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid", "description": "Minted once (UUIDv7); the same when sent again."},
        "ce_type": TEXT,
        "ce_source": {"type": "string", "format": "uri-reference", "description": "The publishing service."},
        "ce_subject": {"type": "string", "description": "The aggregate, as in `report/<id>`."},
        "ce_time": {
            "type": "string",
            "format": "date-time",
            "description": "In UTC; never decreases within a subject.",
        },
        "ce_dataschema": {"type": "string", "format": "uri", "description": "The `$id` of the payload's schema."},
        "ce_aggregateversion": {
            "type": "string",
            "pattern": "^[1-9][0-9]*$",
            "description": f"1, 2, 3 … per subject without a gap, at most {MAX_VERSION}.",
        },
        "ce_partitionkey": {"type": "string", "description": "Also the key of the record."},
        "ce_actor": {"type": "string", "description": "Who caused it. Informative; never proof of identity."},
        "ce_correlationid": {"type": "string", "description": "The request that it began with."},
        "ce_causationid": {"type": "string", "description": "The event that it follows from."},
        "ce_traceparent": {"type": "string", "description": "W3C trace context at the time of writing."},
    },
}
INTRODUCTION = """\
Facts that the services of Duban publish. Order holds per partition key, delivery is at least once, and records are kept
for ever. Readers ignore unknown fields and unknown types. The embedded backend carries the same events in structured mode.
"""


def asyncapi_document(events: Mapping[str, EventClasses], consumers: Mapping[str, Sequence[Consumer]]) -> Document:
    return {
        "asyncapi": "3.0.0",
        "id": "urn:duban:events",
        "info": {
            "title": "Duban events",
            "version": "1.0.0",
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"kafka": _kafka()},
        "channels": {service: _channel(service, classes) for service, classes in events.items()},
        "operations": dict(_operations(events, consumers)),
        "components": {
            "messages": {_key(cls): _message(service, cls) for service, classes in events.items() for cls in classes},
            "messageTraits": {"cloudEvent": _cloud_event()},
            "securitySchemes": {
                "scram": {"type": "scramSha512", "description": "One login and access list per service."}
            },
        },
    }


def _kafka() -> Document:
    return {
        "host": "{bootstrap}",
        "protocol": "kafka-secure",
        "description": "Kafka 4. Plain text, without a login, where no certificate authority and user are configured.",
        "variables": {"bootstrap": {"default": "kafka:9092", "description": "As in DUBAN_BUS_URL."}},
        "security": [_ref("components/securitySchemes/scram")],
    }


def _channel(service: str, classes: EventClasses) -> Document:
    topic = topic_of(service)
    configuration = {"cleanup.policy": ["delete"], "retention.ms": -1}
    return {
        "address": topic,
        "description": f"Everything that {service} publishes.",
        "servers": [_ref("servers/kafka")],
        "messages": {_key(cls): _ref(f"components/messages/{_key(cls)}") for cls in classes},
        "bindings": {
            "kafka": {
                "topic": topic,
                "partitions": TOPICS[topic],
                "topicConfiguration": configuration,
                "bindingVersion": BINDING_VERSION,
            }
        },
    }


def _operations(
    events: Mapping[str, EventClasses], consumers: Mapping[str, Sequence[Consumer]]
) -> Iterator[tuple[str, Document]]:
    for service, classes in events.items():
        if classes:
            yield f"{service}.send", _operation("send", service, classes, f"{service} publishes these facts.")
    for service, reading in consumers.items():
        for consumer in reading:
            for sender, classes in _read_by(consumer, events).items():
                yield f"{consumer.name}.from.{sender}", _receive(service, consumer, sender, classes)


def _read_by(consumer: Consumer, events: Mapping[str, EventClasses]) -> dict[str, EventClasses]:
    """The event classes that a consumer handles, by the service that publishes them."""
    wanted = set(consumer.event_types())
    senders = sorted(publisher_of(topic) for topic in consumer.topics)
    handled = {sender: [cls for cls in events[sender] if cls.type in wanted] for sender in senders}
    return {sender: classes for sender, classes in handled.items() if classes}


def _receive(service: str, consumer: Consumer, sender: str, classes: EventClasses) -> Document:
    summary = f"{service} reads what {sender} publishes for its consumer {consumer.name}."
    group = {"kafka": {"groupId": {"type": "string", "const": consumer.name}, "bindingVersion": BINDING_VERSION}}
    return {**_operation("receive", sender, classes, summary), "bindings": group}


def _operation(action: str, channel: str, classes: EventClasses, summary: str) -> Document:
    messages = [_ref(f"channels/{channel}/messages/{_key(cls)}") for cls in classes]
    return {"action": action, "channel": _ref(f"channels/{channel}"), "summary": summary, "messages": messages}


def _message(service: str, cls: type[Event]) -> Document:
    own_headers = {
        "ce_type": {"const": cls.type},
        "ce_source": {"const": f"/duban/{service}"},
        "ce_dataschema": {"const": schema_name(cls.type, cls.version)},
    }
    return {
        "name": cls.type,
        "title": f"{cls.type} {cls.version}",
        **({"summary": cleandoc(cls.__doc__)} if cls.__doc__ else {}),
        "headers": {"properties": own_headers},
        "payload": {"$ref": f"./events/{event_file(cls)}"},
        "traits": [_ref("components/messageTraits/cloudEvent")],
    }


def _cloud_event() -> Document:
    key = {"type": "string", "description": "The value of `ce_partitionkey`."}
    return {
        "contentType": "application/json",
        "headers": HEADERS,
        "correlationId": {"location": "$message.header#/ce_correlationid"},
        "bindings": {"kafka": {"key": key, "bindingVersion": BINDING_VERSION}},
    }


def _key(cls: type[Event]) -> str:
    return f"{cls.type}.{cls.version}"


def _ref(path: str) -> Document:
    return {"$ref": f"#/{path}"}
