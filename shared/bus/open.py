"""From a URL to a bus."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from shared.bus.base import Bus, KafkaSecurity
from shared.bus.embedded import EmbeddedBus


def open_bus(url: str, *, security: KafkaSecurity | None = None) -> Bus:
    """The bus at `embedded:///path/bus.db` or `kafka://host:port[,host:port]`, not started yet.

    Raises ValueError for any other scheme. `security` concerns Kafka only.
    """
    parts = urlsplit(url)
    match parts.scheme:
        case "embedded" if parts.path:
            return EmbeddedBus(Path(unquote(parts.path)))
        case "kafka" if parts.netloc:
            from shared.bus.kafka import KafkaBus  # noqa: PLC0415  # the embedded backend starts without Kafka's client

            return KafkaBus(parts.netloc.split(","), security)
        case _:
            raise ValueError(f"bus address {url!r}: expected embedded:///path/bus.db or kafka://host:port")
