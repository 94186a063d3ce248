"""Settings of notification."""

import re
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from shared.errors import Text
from shared.settings import Seconds, ServiceSettings
from shared.validation import broken_rule

NO_MAIL_SERVER = Text(
    "应为 smtp[s]://用户:口令@主机:端口，后面可加 ?starttls=required 或 never",
    "must look like smtp[s]://user:password@host:port, with ?starttls=required or never where wanted",
)
NO_SENDER = Text("应为 办公室 <noreply@duban.example> 这样的名称和地址", "must be like Office <noreply@duban.example>")


def _mail_server(given: SecretStr) -> SecretStr:
    """Refused where the channel could not read it either."""
    url = given.get_secret_value()
    if url and not _is_mail_server(url):
        raise broken_rule("no_mail_server", NO_MAIL_SERVER)
    return given


def _is_mail_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    ways = parse_qs(parts.query).get("starttls", ["offered"])
    named = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and port != 0
    return named and ways[0] in ("required", "never", "offered") and not re.search(r"\s", url)


def _sender(given: str) -> str:
    try:
        _, email = parseaddr(given)
        if email and Address(addr_spec=email).domain:
            return given
    except ValueError:
        pass
    raise broken_rule("no_sender", NO_SENDER)


class NotificationSettings(ServiceSettings):
    """Without a mail server the messages are written to `<data>/mail/` as `.eml` files."""

    smtp_url: Annotated[SecretStr, AfterValidator(_mail_server)] = Field(
        SecretStr(""),
        description="smtp[s]://user:password@host:port; `?starttls=required` or `never`, else where the server offers it",
    )
    mail_from: Annotated[str, AfterValidator(_sender)] = Field(
        "领导小组办公室 <noreply@localhost>", description="sender of all mail: a name and an address"
    )
    daily_quiet_seconds: Seconds = Field(
        0.0, description="a daily e-mail goes once nothing was added for so long; 0: 0.2 in the demo, 60 otherwise"
    )
    urgent_quiet_seconds: Seconds = Field(
        0.0, description="the same for urgent e-mail; 0: 0.2 in the demo, 3 otherwise"
    )

    @model_validator(mode="after")
    def _fill_quiet_times(self) -> "NotificationSettings":
        self.daily_quiet_seconds = self.daily_quiet_seconds or (0.2 if self.demo else 60.0)
        self.urgent_quiet_seconds = self.urgent_quiet_seconds or (0.2 if self.demo else 3.0)
        return self
