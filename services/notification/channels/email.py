"""E-mail: how a message is built, and where it goes: to a mail server, or without one into a folder."""

import asyncio
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, EmailPolicy
from email.utils import parseaddr
from pathlib import Path
from typing import Literal, Protocol, Self
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import aiosmtplib

from shared.files import write_whole

SMTP_SECONDS = 20.0
"""For each exchange with the server."""
MAX_ERROR_LENGTH = 300
ADDRESS = re.compile(r"[^\s<>:,;]+@[^\s<>:,;]+")
DEFAULT_PORTS = {"smtp": 25, "smtps": 465}
START_TLS: Mapping[str, bool | None] = {"required": True, "never": False, "offered": None}


class NotSent(Exception):
    """The message was not taken, or nobody knows. Sending it again may help."""


class RefusedForGood(NotSent):
    """The server will never take this message."""


# --- building -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """One e-mail. The same id gives the same Message-ID, by which a mail program recognises a repeated message."""

    id: UUID
    account: str
    sender: Address
    to: Address
    subject: str
    text: str
    html: str
    at: datetime
    language: str

    @property
    def message_id(self) -> str:
        return f"<{self.id}@{self.sender.domain}>"

    def as_bytes(self, policy: "EmailPolicy[EmailMessage]", cte: Literal["8bit", "base64"]) -> bytes:
        message = EmailMessage(policy=policy)
        message["From"] = self.sender
        message["To"] = self.to
        message["Subject"] = one_line(self.subject)
        message["Date"] = self.at
        message["Message-ID"] = self.message_id
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
        message.set_content(self.text, cte=cte)
        message.add_alternative(self.html, subtype="html", cte=cte)
        message["Content-Language"] = self.language  # after the content, which drops every header of its kind
        return message.as_bytes()


def address(name: str, email: str) -> Address:
    return Address(one_line(name), addr_spec=email)


def parse_sender(mail_from: str) -> Address:
    """The sender of all messages, e.g. `Office <noreply@example.org>`. Raises ValueError."""
    name, email = parseaddr(mail_from)
    if "@" not in email:
        raise ValueError(f"DUBAN_MAIL_FROM must hold an address: {mail_from}")
    return address(name, email)


def one_line(text: str) -> str:
    """Text for a header: one line without control characters, so that nobody's name or title can start another header."""
    visible = "".join(" " if unicodedata.category(letter).startswith("C") else letter for letter in text)
    return " ".join(visible.split())


class EmailChannel(Protocol):
    async def send(self, message: Message) -> None:
        """Returns once the message is taken. Raises NotSent or RefusedForGood."""
        ...


# --- a mail server --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server that relays for us. One connection per message: some are sent a day, not a second."""

    host: str
    port: int
    username: str | None
    password: str | None
    tls: bool
    start_tls: bool | None

    @classmethod
    def parse(cls, url: str) -> Self:
        """`smtp[s]://user:password@host:port?starttls=required|never`. Raises ValueError."""
        parts = urlsplit(url)
        start_tls = parse_qs(parts.query).get("starttls", ["offered"])[0]
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname or start_tls not in START_TLS:
            raise ValueError("DUBAN_SMTP_URL must look like smtp[s]://user:password@host:port?starttls=required|never")
        return cls(
            parts.hostname,
            parts.port or DEFAULT_PORTS[parts.scheme],
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            tls=parts.scheme == "smtps",
            start_tls=False if parts.scheme == "smtps" else START_TLS[start_tls],
        )

    async def send(self, message: Message) -> None:
        try:
            await aiosmtplib.send(
                message.as_bytes(SMTP, "base64"),  # seven bits, which every server takes
                sender=message.sender.addr_spec,
                recipients=[message.to.addr_spec],
                hostname=self.host,
                port=self.port,
                username=self.username,
                password=self.password,
                use_tls=self.tls,
                start_tls=self.start_tls,
                timeout=SMTP_SECONDS,
            )
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as failure:
            raise (RefusedForGood if _is_for_good(failure) else NotSent)(describe(failure)) from failure


def _is_for_good(failure: Exception) -> bool:
    """5xx about this recipient or content, which RFC 5321 section 4.2.1 asks not to repeat.

    What a server says against the sender or the login is about the set-up, and may be mended tomorrow.
    """
    if isinstance(failure, aiosmtplib.SMTPRecipientsRefused):
        return all(refused.code >= 500 for refused in failure.recipients)
    return isinstance(failure, aiosmtplib.SMTPDataError) and failure.code >= 500


def describe(failure: Exception) -> str:
    """For logs, events and the delivery's state: one line, not too long, and without addresses, which stay here."""
    said = ADDRESS.sub("<…>", one_line(_words_of(failure)))
    return said[:MAX_ERROR_LENGTH]


def _words_of(failure: Exception) -> str:
    if isinstance(failure, aiosmtplib.SMTPRecipientsRefused):
        return _words_of(failure.recipients[0])
    if isinstance(failure, aiosmtplib.SMTPResponseException):
        return f"{failure.code} {failure.message}"
    return f"{type(failure).__name__}: {failure}"


# --- a folder -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MailFolder:
    """Messages as files that a person, or a mail program, can read. The same message again replaces its file."""

    path: Path

    async def send(self, message: Message) -> None:
        name = f"{message.account}-{message.id}.eml"
        try:
            await asyncio.to_thread(write_whole, self.path / name, message.as_bytes(SMTPUTF8, "8bit"))
        except OSError as failure:
            raise NotSent(describe(failure)) from failure


def open_channel(smtp_url: str, data: Path) -> EmailChannel:
    return SmtpServer.parse(smtp_url) if smtp_url else MailFolder(data / "mail")
