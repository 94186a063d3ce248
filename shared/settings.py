"""Settings that every service shares. Each field has a default that runs the embedded backend."""

import os
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.addresses import HIGHEST_PORT, bus_address, certificates, database_address, web_address
from shared.errors import Text
from shared.validation import Refusal, broken_rule, refuse

EVERY_ADDRESS = ("0.0.0.0", "::", "")  # noqa: S104 - what an operator may ask to listen on
LogLevel = Literal["debug", "info", "warning", "error"]
HOUR, DAY = 3600, 86_400
"""In seconds: what is longer was meant otherwise."""
KAFKA_LOGIN = Text(
    "须与 DUBAN_KAFKA_USERNAME 同时填写或同时留空", "goes with DUBAN_KAFKA_USERNAME: give both or neither"
)
NO_NETWORKS = Text(
    "应为 IP 地址或网段，如 10.0.0.5,10.1.0.0/16，或 *",
    "must be IP addresses or networks such as 10.0.0.5,10.1.0.0/16, or *",
)


def _not_empty(given: Any) -> Any:
    if given == "":
        raise broken_rule("empty", Text("不能为空", "may not be empty"))
    return given


def _level(given: Any) -> Any:
    if str(given).lower() not in get_args(LogLevel):
        sentence = Text("应为 debug、info、warning 或 error", "must be debug, info, warning or error")
        raise broken_rule("no_log_level", sentence)
    return given.lower()


def _instant(text: str) -> str:
    try:
        if datetime.fromisoformat(text).tzinfo:
            return text
    except ValueError:
        pass
    form = "2023-12-01T09:00:00+08:00"
    raise broken_rule("no_instant", Text(f"应为带时区的时间，如 {form}", f"must be an instant such as {form}"))


def _networks(given: str) -> str:
    """Refused is what uvicorn would take for the name of a client that never comes."""
    try:
        for part in given.split(",") if given.strip() not in ("", "*") else ():
            ip_network(part.strip())
    except ValueError as wrong:
        raise broken_rule("no_networks", NO_NETWORKS) from wrong
    return given


WebAddress = Annotated[str, AfterValidator(web_address)]
Seconds = Annotated[float, Field(ge=0, le=DAY, allow_inf_nan=False)]


class ServiceSettings(BaseSettings):
    """Read from `DUBAN_*`. A service's own `DUBAN_<SERVICE>_*` wins over the common name (see `for_service`)."""

    model_config = SettingsConfigDict(env_prefix="DUBAN_", extra="ignore")

    data: Annotated[Path, BeforeValidator(_not_empty)] = Field(
        Path("data"), description="folder of the embedded databases, mail and files"
    )
    database_url: Annotated[SecretStr, AfterValidator(database_address)] = Field(
        SecretStr(""), description="empty: an SQLite file in the data folder"
    )
    bus_url: Annotated[str, AfterValidator(bus_address)] = Field(
        "", description="empty: bus.db in the data folder; else kafka://host:port[,host:port]"
    )
    kafka_username: str = Field("", description="empty: the broker asks for no password")
    kafka_password: SecretStr = Field(SecretStr(""), description="of that user, by SCRAM-SHA-512")
    kafka_tls_ca: Annotated[str, AfterValidator(certificates)] = Field(
        "", description="file with the broker's CA; empty: no TLS"
    )
    host: Annotated[str, BeforeValidator(_not_empty)] = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8080, ge=0, le=HIGHEST_PORT, description="port to listen on")
    url: WebAddress = Field("", description="the address that users see; empty: http://127.0.0.1 with `port`")
    trusted_proxies: Annotated[str, AfterValidator(_networks)] = Field(
        "",
        description="addresses or networks of reverse proxies whose X-Forwarded-For is believed, beside this machine's: comma-separated; *: all",
    )
    directory_url: WebAddress = Field(
        "", description="where this process reaches directory; empty: in this process when embedded, else `url`"
    )
    task_url: WebAddress = Field("", description="the same for task")
    notification_url: WebAddress = Field("", description="the same for notification")
    reporting_url: WebAddress = Field("", description="the same for reporting")
    issuer: Annotated[str, BeforeValidator(_not_empty)] = Field("duban", description="`iss` of accepted tokens")
    audience: Annotated[str, BeforeValidator(_not_empty)] = Field("duban", description="`aud` of accepted tokens")
    demo: bool = Field(False, description="demo clock, demo accounts, sample marks; never in real use")
    demo_starts: Annotated[str, AfterValidator(_instant)] = Field(
        "2023-12-01T09:00:00+08:00", description="business time of a fresh demo (DOMAIN.md section 10)"
    )
    log_level: Annotated[LogLevel, BeforeValidator(_level)] = Field("info", description="debug, info, warning or error")
    log_json: bool = Field(False, description="one JSON object for each line of the log")
    database_pool: int = Field(10, ge=1, le=1000, description="connections per process (PostgreSQL)")
    relay_poll_seconds: float = Field(
        0.0,
        ge=0,
        le=HOUR,
        allow_inf_nan=False,
        description="0: 10 s embedded, where commits wake the relay; 0.1 s otherwise",
    )

    @classmethod
    def for_service(cls, service: str) -> Self:
        """Settings of one service's process; `DUBAN_TASK_DATABASE_URL` wins over `DUBAN_DATABASE_URL` there."""
        prefix = f"DUBAN_{service.upper()}_"
        # DUBAN_TASK_URL is where the others reach task, not task's own word for DUBAN_URL.
        overridable = [name for name in cls.model_fields if f"{service}_{name}" not in cls.model_fields]
        own = {name: os.environ[prefix + name.upper()] for name in overridable if prefix + name.upper() in os.environ}
        return cls(**own)  # type: ignore[arg-type]  # pydantic parses the strings of the environment

    @model_validator(mode="after")
    def _has_a_whole_login(self) -> Self:
        if bool(self.kafka_username) != bool(self.kafka_password.get_secret_value()):
            refuse(type(self), [Refusal(("kafka_password",), "half_a_login", KAFKA_LOGIN)])
        return self

    @model_validator(mode="after")
    def _fill_addresses(self) -> Self:
        self.url = self.url or f"http://127.0.0.1:{self.port}"
        if not self.bus_url:
            self.bus_url = f"embedded:///{(self.data / 'bus.db').absolute()}"
        neighbours = self._own_address if self.embedded else self.url
        for name in ("directory_url", "task_url", "notification_url", "reporting_url"):
            if not getattr(self, name):
                setattr(self, name, neighbours)
        return self

    @property
    def _own_address(self) -> str:
        """Not by way of the proxy that users come through: it may be away, or speak TLS for a name unknown here."""
        host = "127.0.0.1" if self.host in EVERY_ADDRESS else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def embedded(self) -> bool:
        return self.bus_url.startswith("embedded:")

    def database_for(self, service: str) -> str:
        """The service's database address: as given, else an SQLite file in the data folder."""
        return self.database_url.get_secret_value() or f"sqlite:///{(self.data / f'{service}.db').absolute()}"
