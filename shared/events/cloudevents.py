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


class NotACloudEvent(ValueError):
    """The record cannot be read as a CloudEvent; its bytes are kept where it was found."""


def encode(envelope: Envelope, mode: Mode) -> tuple[Headers, bytes]:
    """Headers and value of the record that carries this event."""
    return to_binary(envelope) if mode == "binary" else to_structured(envelope)


def decode(headers: Iterable[tuple[str, bytes]], value: bytes | None) -> Envelope:
    """The event in a record of either mode. Raises NotACloudEvent, also where one of our extensions is missing."""
    attributes, data = read_attributes(headers, value)
    try:
        return Envelope.from_attributes(attributes, data)
    except (KeyError, ValueError) as broken:
        raise NotACloudEvent(f"{type(broken).__name__}: {broken}") from broken


def read_attributes(headers: Iterable[tuple[str, bytes]], value: bytes | None) -> tuple[dict[str, Any], bytes]:
    """Attributes and data bytes of any CloudEvent; the content type decides the mode. Raises NotACloudEvent."""
    named = {name.lower(): raw for name, raw in headers}
    try:
        if named.get("content-type", b"").lower().startswith(b"application/cloudevents"):
            return _from_structured(value or b"")
        attributes = {name[3:]: raw.decode() for name, raw in named.items() if name.startswith("ce_")}
        if "specversion" not in attributes:
            raise NotACloudEvent("no ce_specversion header")
        if "content-type" in named:
            attributes["datacontenttype"] = named["content-type"].decode()
        return attributes, value or b""
    except (KeyError, ValueError, TypeError) as broken:
        raise NotACloudEvent(f"{type(broken).__name__}: {broken}") from broken


def to_binary(envelope: Envelope) -> tuple[Headers, bytes]:
    attributes = envelope.attributes()
    content_type = attributes.pop("datacontenttype")
    headers = [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
    return (("content-type", content_type.encode()), *headers), envelope.data


def to_structured(envelope: Envelope) -> tuple[Headers, bytes]:
    """`data` comes last and is spliced in as it was hashed, so that the receiver can check the chain."""
    value = orjson.dumps(envelope.attributes())[:-1] + DATA_KEY + envelope.data + b"}"
    return (("content-type", f"{STRUCTURED}; charset=UTF-8".encode()),), value


def _from_structured(value: bytes) -> tuple[dict[str, Any], bytes]:
    return _spliced(value) or _foreign(value)


def _spliced(value: bytes) -> tuple[dict[str, Any], bytes] | None:
    """Our own form. In JSON a string cannot hold an unescaped quote, so the first DATA_KEY is the key itself."""
    head, key, rest = value.partition(DATA_KEY)
    try:
        orjson.loads(data := rest[:-1])
        return (orjson.loads(head + b"}"), data) if key else None
    except orjson.JSONDecodeError:
        return None


def _foreign(value: bytes) -> tuple[dict[str, Any], bytes]:
    attributes = orjson.loads(value)
    if not isinstance(attributes, dict):
        raise NotACloudEvent("a structured event is a JSON object")
    if "data_base64" in attributes:
        return attributes, base64.b64decode(attributes.pop("data_base64"))
    data = attributes.pop("data", None)
    return attributes, b"" if data is None else orjson.dumps(data)
