"""Messages, and what becomes of them at real mail servers and in a folder."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP, SMTPUTF8
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd import smtp

from services.notification.channels.email import (
    MailFolder,
    Message,
    NotSent,
    RefusedForGood,
    SmtpServer,
    address,
    open_channel,
    parse_sender,
)
from services.notification.days import ZONE

ID = UUID("01920000-0000-7000-8000-000000000001")
AT = datetime(2024, 4, 8, 9, 0, tzinfo=ZONE)


def message(**changed: Any) -> Message:
    usual: dict[str, Any] = {
        "id": ID,
        "account": "futian",
        "sender": parse_sender("领导小组办公室 <noreply@duban.example>"),
        "to": address("张三", "zhang@example.org"),
        "subject": "退回重报：措施17",
        "text": "请重报。\n",
        "html": "<p>请重报。</p>",
        "at": AT,
        "language": "zh-CN",
    }
    return Message(**{**usual, **changed})


def parsed(raw: bytes) -> EmailMessage:
    return BytesParser(EmailMessage, policy=policy.default).parsebytes(raw)


def names_in(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


@dataclass
class Postbox:
    """What a mail server of the test was given, and what it answers."""

    accepts: str = "250 OK"
    recipient: str = "250 OK"
    sender: str = "250 OK"
    drops: bool = False
    taken: list[EmailMessage] = field(default_factory=list)

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, given: str, options: Any) -> str:  # noqa: N802
        envelope.mail_from = given
        return self.sender

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, given: str, options: Any) -> str:  # noqa: N802
        envelope.rcpt_tos.append(given)
        return self.recipient

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.taken.append(parsed(envelope.content))
        if self.drops:
            server.transport.abort()
        return self.accepts


@asynccontextmanager
async def mail_server(postbox: Postbox) -> AsyncIterator[str]:
    """A server on a free port of this machine; yields its URL."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: smtp.SMTP(postbox, hostname="test", loop=loop), "127.0.0.1", 0)
    async with server:
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def send(postbox: Postbox) -> None:
    async with mail_server(postbox) as url:
        await SmtpServer.parse(url).send(message())


async def test_a_server_gets_the_message_whole() -> None:
    postbox = Postbox()
    await send(postbox)
    [taken] = postbox.taken
    assert (taken["Subject"], taken["From"]) == ("退回重报：措施17", "领导小组办公室 <noreply@duban.example>")
    assert taken["Message-ID"] == f"<{ID}@duban.example>"
    assert taken["Date"].datetime == AT
    assert [part.get_content().strip() for part in taken.iter_parts()] == ["请重报。", "<p>请重报。</p>"]


async def test_a_server_is_asked_for_nothing_but_seven_bits() -> None:
    assert message().as_bytes(SMTP, "base64").isascii()


@pytest.mark.parametrize(
    "postbox", [Postbox(accepts="451 try later"), Postbox(recipient="450 busy"), Postbox(sender="550 who are you")]
)
async def test_a_passing_refusal_may_be_tried_again(postbox: Postbox) -> None:
    with pytest.raises(NotSent) as failure:
        await send(postbox)
    assert not isinstance(failure.value, RefusedForGood)


@pytest.mark.parametrize("postbox", [Postbox(accepts="554 spam"), Postbox(recipient="550 no such user")])
async def test_a_final_refusal_of_message_or_recipient_is_known_as_such(postbox: Postbox) -> None:
    with pytest.raises(RefusedForGood, match=r"554 spam|550 no such user"):
        await send(postbox)


async def test_what_a_server_says_is_passed_on_without_the_address_it_repeats() -> None:
    with pytest.raises(NotSent) as failure:
        await send(Postbox(recipient="550 5.1.1 <zhang@example.org>: zhang@example.org unknown"))
    assert str(failure.value) == "550 5.1.1 <<…>>: <…> unknown"


async def test_a_server_that_hangs_up_after_the_data_leaves_it_open_whether_it_took_the_message() -> None:
    postbox = Postbox(drops=True)
    with pytest.raises(NotSent) as failure:
        await send(postbox)
    assert not isinstance(failure.value, RefusedForGood)
    assert len(postbox.taken) == 1


async def test_no_server_at_the_address_may_be_tried_again(unused_tcp_port: int) -> None:
    with pytest.raises(NotSent):
        await SmtpServer.parse(f"smtp://127.0.0.1:{unused_tcp_port}").send(message())


async def test_required_encryption_is_not_given_up_where_the_server_offers_none() -> None:
    postbox = Postbox()
    async with mail_server(postbox) as url:
        with pytest.raises(NotSent):
            await SmtpServer.parse(f"{url}?starttls=required").send(message())
    assert postbox.taken == []


def test_an_address_of_a_server_is_read_with_its_login() -> None:
    server = SmtpServer.parse("smtps://du%40ban:p%3Aw@mail.example:1465")
    assert (server.host, server.port, server.username, server.password) == ("mail.example", 1465, "du@ban", "p:w")
    assert server.tls
    assert SmtpServer.parse("smtp://mail.example").port == 25


@pytest.mark.parametrize("url", ["mail.example:25", "http://mail.example", "smtp://", "smtp://h?starttls=maybe"])
def test_what_is_no_address_of_a_server_is_refused_at_start(url: str) -> None:
    with pytest.raises(ValueError, match="DUBAN_SMTP_URL"):
        SmtpServer.parse(url)


def test_a_password_is_not_in_what_refuses_it() -> None:
    with pytest.raises(ValueError, match="DUBAN_SMTP_URL") as refusal:
        SmtpServer.parse("ftp://me:secret@mail.example")
    assert "secret" not in str(refusal.value)


def test_a_sender_without_an_address_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="DUBAN_MAIL_FROM"):
        parse_sender("领导小组办公室")


async def test_without_a_server_a_message_is_a_file_that_a_person_can_read(tmp_path: Path) -> None:
    await open_channel("", tmp_path).send(message())
    text = (tmp_path / "mail" / f"futian-{ID}.eml").read_text()
    assert "Subject: 退回重报：措施17" in text
    assert "Date: Mon, 08 Apr 2024 09:00:00 +0800" in text
    assert "Content-Transfer-Encoding: 8bit" in text
    assert "\n请重报。" in text


async def test_the_same_message_again_replaces_its_file(tmp_path: Path) -> None:
    for _ in range(2):
        await MailFolder(tmp_path).send(message())
    assert names_in(tmp_path) == [f"futian-{ID}.eml"]


async def test_a_folder_that_cannot_be_written_may_be_tried_again(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("not a folder")
    with pytest.raises(NotSent):
        await MailFolder(tmp_path / "mail").send(message())


@pytest.mark.parametrize(
    "evil", ["张三\r\nBcc: all@example.org", "张三\nBcc: all", "a\x0bb\x1cc\u2028Bcc: d", "\x00\x7f张\u202e三\udcff"]
)
def test_no_name_or_subject_starts_another_header(evil: str) -> None:
    raw = message(to=address(evil, "zhang@example.org"), subject=evil).as_bytes(SMTPUTF8, "8bit")
    taken = parsed(raw)
    assert taken["Bcc"] is None
    assert [to.addr_spec for to in taken["To"].addresses] == ["zhang@example.org"]
    assert len(taken["Subject"].splitlines()) == 1


@pytest.mark.parametrize("policy_", [SMTP, SMTPUTF8])
def test_a_name_with_quotes_and_brackets_names_no_second_recipient(policy_: Any) -> None:
    to = address('"x" <all@example.org>, y', "zhang@example.org")
    taken = parsed(message(to=to).as_bytes(policy_, "8bit" if policy_ is SMTPUTF8 else "base64"))
    assert [one.addr_spec for one in taken["To"].addresses] == ["zhang@example.org"]


def test_a_date_in_another_zone_is_the_same_instant() -> None:
    raw = message(at=AT.astimezone(UTC)).as_bytes(SMTP, "base64")
    assert parsed(raw)["Date"].datetime == AT
