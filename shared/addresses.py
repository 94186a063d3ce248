"""The addresses that settings name: whether each has the form that its reader needs, found out without reaching it."""

import re
import ssl
from urllib.parse import urlsplit

from pydantic import SecretStr

from shared.errors import Text
from shared.validation import broken_rule

HIGHEST_PORT = 65535
NO_WEB_ADDRESS = Text(
    "应为 http://duban.example:8080 这样的网址", "must be an address such as http://duban.example:8080"
)
NO_DATABASE = Text(
    "应为 postgresql://用户:口令@主机/库名，或 sqlite:////数据/文件.db",
    "must look like postgresql://user:password@host/name or sqlite:////folder/file.db",
)
NO_BUS = Text(
    "应为 kafka://主机:端口[,主机:端口]，留空则用数据目录里的 bus.db",
    "must look like kafka://host:port[,host:port], or be empty for bus.db in the data folder",
)
NO_CERTIFICATES = Text("应为含 CA 证书（PEM）的文件", "must be a file with CA certificates (PEM)")
# SQLAlchemy takes any password up to the last @, so urlsplit would cut some addresses elsewhere.
POSTGRES = re.compile(r"postgres(?:ql)?(?:\+asyncpg)?://(?:.*@)?(?:\[[^]]+\]|[^/?:@]*)(?::(\d+))?(?:/[^?]*)?(?:\?.*)?")
SQLITE = re.compile(r"sqlite(?:\+aiosqlite)?:///[^?]+(?:\?.*)?")


def web_address(url: str) -> str:
    """The address, where it is one of HTTP; empty stays empty. Raises a broken rule."""
    if url and not is_web_address(url):
        raise broken_rule("no_web_address", NO_WEB_ADDRESS)
    return url


def is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    sound = parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0
    return sound and not parts.query and not re.search(r"\s", url)


def database_address(given: SecretStr) -> SecretStr:
    """The address, where a service can keep its data there; empty stays empty. Raises a broken rule."""
    url = given.get_secret_value()
    postgres = POSTGRES.fullmatch(url)
    if url and not SQLITE.fullmatch(url) and not (postgres and _is_port(postgres[1] or "5432")):
        raise broken_rule("no_database_address", NO_DATABASE)
    return given


def bus_address(url: str) -> str:
    """The address of Kafka or of an embedded bus; empty stays empty. Raises a broken rule."""
    scheme, _, place = url.partition("://")
    sound = place.startswith("/") if scheme == "embedded" else scheme == "kafka" and _are_brokers(place)
    if url and not sound:
        raise broken_rule("no_bus_address", NO_BUS)
    return url


def certificates(path: str) -> str:
    """The file, where certificates can be read from it; empty stays empty. Raises a broken rule."""
    try:
        if path:
            ssl.create_default_context(cafile=path)
    except OSError as unreadable:
        raise broken_rule("no_certificates", NO_CERTIFICATES) from unreadable
    return path


def _are_brokers(place: str) -> bool:
    return all(host and _is_port(port) for host, _, port in (part.rpartition(":") for part in place.split(",")))


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) <= HIGHEST_PORT
