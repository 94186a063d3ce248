"""The CloudEvents 1.0 binding: binary mode for Kafka, structured JSON for the embedded log, webhooks and exports."""

import base64
from collections.abc import Iterable
from typing import Any, Literal

import orjson

from shared.events.envelope import Envelope

Mode = Literal["binary", "structured"]
Headers = tuple[tuple[str, bytes], ...]
STRUCTURED = "application/cloudevents+json"
DATA_KEY = b',"data":'
REQUIRED = frozenset({"specversion", "id", "source", "type"})
"""The attributes without which nothing is a CloudEvent."""


class NotACloudEvent(ValueError):
    """The record cannot be read as a CloudEvent; its bytes are kept where it was found."""


def encode(envelope: Envelope, mode: Mode) -> tuple[Headers, bytes]:
    """Headers and value of the record that carries this event."""
    return to_binary(envelope) if mode == "binary" else to_structured(envelope)


def decode(headers: Iterable[tuple[str, bytes | None]], value: bytes | None) -> Envelope:
    """The event in a record of either mode. Raises NotACloudEvent, also where one of our extensions is missing."""
    attributes, data = read_attributes(headers, value)
    try:
        return Envelope.from_attributes(attributes, data)
    except (KeyError, ValueError, OverflowError) as broken:
        raise NotACloudEvent(f"{type(broken).__name__}: {broken}") from broken


def read_attributes(headers: Iterable[tuple[str, bytes | None]], value: bytes | None) -> tuple[dict[str, str], bytes]:
    """Attributes, as text, and data bytes of any CloudEvent; the content type decides the mode. Raises NotACloudEvent."""
    named = {name.lower(): raw for name, raw in headers if raw is not None}
    structured = named.get("content-type", b"").lower().startswith(b"application/cloudevents")
    try:
        attributes, data = _from_structured(value or b"") if structured else _from_binary(named, value or b"")
    except (ValueError, TypeError) as broken:
        raise NotACloudEvent(f"{type(broken).__name__}: {broken}") from broken
    if missing := REQUIRED - attributes.keys():
        raise NotACloudEvent(f"no {', '.join(sorted(missing))}")
    return attributes, data


def to_binary(envelope: Envelope) -> tuple[Headers, bytes]:
    attributes = envelope.attributes()
    content_type = attributes.pop("datacontenttype")
    headers = [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
    return (("content-type", content_type.encode()), *headers), envelope.data


def to_structured(envelope: Envelope) -> tuple[Headers, bytes]:
    """`data` comes last and is spliced in as it was hashed, so that the receiver can check the chain."""
    members = {**envelope.attributes(), "aggregateversion": envelope.aggregate_version}
    value = orjson.dumps(members)[:-1] + DATA_KEY + envelope.data + b"}"
    return (("content-type", f"{STRUCTURED}; charset=UTF-8".encode()),), value


def _from_binary(named: dict[str, bytes], value: bytes) -> tuple[dict[str, str], bytes]:
    attributes = {name[3:]: raw.decode() for name, raw in named.items() if name.startswith("ce_")}
    if "content-type" in named:
        attributes["datacontenttype"] = named["content-type"].decode()
    return attributes, value


def _from_structured(value: bytes) -> tuple[dict[str, str], bytes]:
    members, data = _spliced(value) or _parsed(value)
    encoded = members.pop("data_base64", None)
    attributes = {name: _as_text(name, member) for name, member in members.items() if member is not None}
    content_type = attributes.setdefault("datacontenttype", "application/json")
    if encoded is not None:
        return attributes, _decoded(encoded, data)
    return attributes, data if _is_json(content_type) else _unquoted(data)


def _spliced(value: bytes) -> tuple[dict[str, Any], bytes] | None:
    """Our own form. In JSON a string cannot hold an unescaped quote, so the first DATA_KEY is the key itself."""
    head, key, rest = value.partition(DATA_KEY)
    if not key or not rest.endswith(b"}"):
        return None
    try:
        orjson.loads(data := rest[:-1])
        return orjson.loads(head + b"}"), data
    except orjson.JSONDecodeError:
        return None


def _parsed(value: bytes) -> tuple[dict[str, Any], bytes]:
    """Anybody's form. The data is written anew, so its spaces are lost."""
    members = orjson.loads(value)
    if not isinstance(members, dict):
        raise TypeError("a structured event is not a JSON object")
    return members, orjson.dumps(members.pop("data")) if "data" in members else b""


def _as_text(name: str, member: Any) -> str:
    """The canonical text of an attribute. CloudEvents knows strings, integers and booleans."""
    if isinstance(member, str):
        return member
    if isinstance(member, int):
        return str(member).lower()
    raise TypeError(f"{name} is not a string, an integer or a boolean")


def _is_json(content_type: str) -> bool:
    """Whether a media type declares JSON: `*/json` or `*/*+json`, with any parameters."""
    return content_type.partition(";")[0].strip().lower().endswith(("/json", "+json"))


def _decoded(encoded: str, data: bytes) -> bytes:
    if data:
        raise ValueError("data and data_base64 exclude each other")
    return base64.b64decode(encoded, validate=True)


def _unquoted(data: bytes) -> bytes:
    """Text that is not JSON, such as XML, travels as one JSON string."""
    text = orjson.loads(data) if data else ""
    if not isinstance(text, str):
        raise TypeError("data is not a string although its type is not JSON")
    return text.encode()
