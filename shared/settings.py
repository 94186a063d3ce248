"""Settings that every service shares. Each field has a default that runs the embedded backend."""

import os
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

EVERY_ADDRESS = ("0.0.0.0", "::", "")  # noqa: S104 - what an operator may ask to listen on


class ServiceSettings(BaseSettings):
    """Read from `DUBAN_*`. A service's own `DUBAN_<SERVICE>_*` wins over the common name (see `for_service`)."""

    model_config = SettingsConfigDict(env_prefix="DUBAN_", extra="ignore")

    data: Path = Field(Path("data"), description="folder of the embedded databases, mail and files")
    database_url: SecretStr = Field(SecretStr(""), description="empty: an SQLite file in the data folder")
    bus_url: str = Field("", description="empty: bus.db in the data folder; else kafka://host:port[,host:port]")
    kafka_username: str = Field("", description="empty: the broker asks for no password")
    kafka_password: SecretStr = Field(SecretStr(""), description="of that user, by SCRAM-SHA-512")
    kafka_tls_ca: str = Field("", description="file with the broker's CA; empty: no TLS")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8080, description="port to listen on")
    url: str = Field("", description="the address that users see; empty: http://127.0.0.1 with `port`")
    trusted_proxies: str = Field(
        "",
        description="addresses or networks of reverse proxies whose X-Forwarded-For is believed, beside this machine's: comma-separated; *: all",
    )
    directory_url: str = Field(
        "", description="where this process reaches directory; empty: in this process when embedded, else `url`"
    )
    task_url: str = Field("", description="the same for task")
    notification_url: str = Field("", description="the same for notification")
    reporting_url: str = Field("", description="the same for reporting")
    issuer: str = Field("duban", description="`iss` of accepted tokens")
    audience: str = Field("duban", description="`aud` of accepted tokens")
    demo: bool = Field(False, description="demo clock, demo accounts, sample marks; never in real use")
    demo_starts: str = Field(
        "2023-12-01T09:00:00+08:00", description="business time of a fresh demo (DOMAIN.md section 10)"
    )
    log_level: str = Field("info", description="debug, info, warning or error")
    log_json: bool = Field(False, description="one JSON object for each line of the log")
    database_pool: int = Field(10, description="connections per process (PostgreSQL)")
    relay_poll_seconds: float = Field(
        0.0, description="0: 10 s embedded, where commits wake the relay; 0.1 s otherwise"
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
