"""Every setting that cannot be meant is refused with one sentence in both languages; what may be meant is taken."""

import os
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.directory.schemas.accounts import MAX_PASSWORD, MIN_PASSWORD
from services.directory.settings import LONGEST_PASSWORD, SHORTEST_PASSWORD
from services.duban.catalogue import settings_of_all
from services.duban.refusals import CannotStart
from services.notification.channels.email import SmtpServer, parse_sender
from services.notification.settings import NotificationSettings
from services.portal import sessions
from services.portal.settings import KEY_FILE, PortalSettings

WRONG = {
    "DUBAN_DATA": [""],
    "DUBAN_DATABASE_URL": [
        "nonsense",
        "mysql://duban:secret@host/duban",
        "sqlite://",
        "sqlite:///",
        "postgresql://duban:secret@host:99999/duban",
        "postgresql://duban:secret@host:port/duban",
    ],
    "DUBAN_BUS_URL": ["amqp://broker", "kafka://", "kafka://host", "kafka://host:port", "kafka://a:1,b", "embedded://"],
    "DUBAN_KAFKA_USERNAME": ["duban"],
    "DUBAN_KAFKA_PASSWORD": ["secret"],
    "DUBAN_KAFKA_TLS_CA": ["/nowhere/ca.pem", __file__],
    "DUBAN_HOST": [""],
    "DUBAN_PORT": ["", "eighty", "70000", "-1"],
    "DUBAN_URL": [
        "nonsense",
        "duban.example",
        "ftp://duban.example",
        "http://",
        "http://[",
        "http://a b",
        "http://a:b",
    ],
    "DUBAN_TASK_URL": ["task:8080"],
    "DUBAN_TRUSTED_PROXIES": ["proxy.example", "10.0.0.5,", "10.0.0.5/16", "*,10.0.0.5"],
    "DUBAN_ISSUER": [""],
    "DUBAN_AUDIENCE": [""],
    "DUBAN_DEMO": ["perhaps"],
    "DUBAN_DEMO_STARTS": ["", "yesterday", "2023-12-01", "2023-12-01T09:00:00"],
    "DUBAN_LOG_LEVEL": ["", "loud"],
    "DUBAN_LOG_JSON": ["perhaps"],
    "DUBAN_DATABASE_POOL": ["0", "-1", "1.5", "1001"],
    "DUBAN_RELAY_POLL_SECONDS": ["-1", "nan", "inf", "soon"],
    "DUBAN_ADMIN_PASSWORD": ["secret", "secret" * 30],
    "DUBAN_TOKEN_SECONDS": ["0", "-5", "9" * 20],
    "DUBAN_REFRESH_HOURS": ["0", "9" * 20],
    "DUBAN_SMTP_URL": [
        "mail.example",
        "http://mail",
        "smtp://",
        "smtp://u:secret@mail:port",
        "smtp://mail:99999",
        "smtp://mail?starttls=maybe",
    ],
    "DUBAN_MAIL_FROM": ["", "nobody", "Office <nobody>", "Office <a@b@c>", "a@"],
    "DUBAN_DAILY_QUIET_SECONDS": ["-1", "nan"],
    "DUBAN_URGENT_QUIET_SECONDS": ["-1", "1e9"],
    "DUBAN_SESSION_KEY": ["secret", "钥匙", "A" * 44],
}
RIGHT = {
    "DUBAN_DATABASE_URL": [
        "",
        "postgresql://host/duban",
        "postgres://duban:p/@ss#w?rd@host:5432/duban",
        "postgresql+asyncpg://duban@[::1]:5432/duban?ssl=require",
        "postgresql:///duban?host=/run/postgresql",
        "sqlite:////var/lib/duban/task.db",
    ],
    "DUBAN_BUS_URL": ["", "kafka://a:9092,b:9092", "kafka://[::1]:9092", "embedded:////var/lib/duban/bus.db"],
    "DUBAN_URL": ["", "https://duban.example", "http://127.0.0.1:8080/", "http://[::1]:8080"],
    "DUBAN_PORT": ["0", "65535"],
    "DUBAN_TRUSTED_PROXIES": ["", "*", "10.0.0.5, 10.1.0.0/16", "::1"],
    "DUBAN_LOG_LEVEL": ["DEBUG"],
    "DUBAN_SMTP_URL": ["", "smtp://mail", "smtps://u%40x:p@mail:465", "smtp://mail:25?starttls=required"],
    "DUBAN_MAIL_FROM": ["noreply@duban.example", "办公室 <noreply@duban.example>"],
    "DUBAN_ADMIN_PASSWORD": ["", "a" * 8, "a" * 128],
}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("DUBAN_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def each(values: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, listed in values.items() for value in listed]


@pytest.mark.parametrize(("name", "value"), each(WRONG))
def test_a_setting_that_cannot_be_meant_is_named_in_one_sentence(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(CannotStart) as refused:
        settings_of_all()
    said = str(refused.value)
    assert re.fullmatch(
        r"DUBAN_\w+(=.*)? [^。]*[\u4e00-\u9fff][^。]*，请修改。 DUBAN_\w+ [^\u4e00-\u9fff]*; correct it\.", said
    )
    assert name in said
    assert "secret" not in said


@pytest.mark.parametrize(("name", "value"), each(RIGHT))
def test_a_setting_that_may_be_meant_is_taken(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    settings_of_all()


def test_the_variable_of_one_service_is_named_where_it_is_the_wrong_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_LOG_LEVEL", "info")
    monkeypatch.setenv("DUBAN_REPORTING_LOG_LEVEL", "loud")
    with pytest.raises(CannotStart, match=r"^DUBAN_REPORTING_LOG_LEVEL=loud "):
        settings_of_all()


def test_each_wrong_setting_has_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_LOG_LEVEL", "loud")
    monkeypatch.setenv("DUBAN_DATABASE_POOL", "0")
    with pytest.raises(CannotStart) as refused:
        settings_of_all()
    assert [line.partition("=")[0] for line in str(refused.value).splitlines()] == [
        "DUBAN_LOG_LEVEL",
        "DUBAN_DATABASE_POOL",
    ]


@pytest.mark.parametrize("url", WRONG["DUBAN_SMTP_URL"])
def test_the_mail_channel_takes_no_address_that_the_settings_refuse(url: str) -> None:
    with pytest.raises(ValidationError):
        NotificationSettings(smtp_url=url)  # type: ignore[arg-type]  # pydantic makes it secret
    with pytest.raises(ValueError, match=r"smtp|[Pp]ort"):
        SmtpServer.parse(url)


def test_the_mail_channel_takes_what_the_settings_take() -> None:
    for url in filter(None, RIGHT["DUBAN_SMTP_URL"]):
        SmtpServer.parse(url)
    for sender in RIGHT["DUBAN_MAIL_FROM"]:
        parse_sender(sender)


def test_the_first_admins_password_is_as_long_as_everybodys() -> None:
    assert (SHORTEST_PASSWORD, LONGEST_PASSWORD) == (MIN_PASSWORD, MAX_PASSWORD)


def test_a_key_file_is_read_only_where_no_key_is_set(tmp_path: Path) -> None:
    assert KEY_FILE == sessions.KEY_FILE
    (tmp_path / KEY_FILE).write_text("no key")
    with pytest.raises(ValueError, match=KEY_FILE):
        PortalSettings(data=tmp_path)
    PortalSettings(data=tmp_path, session_key="A" * 43 + "=")  # type: ignore[arg-type]  # pydantic makes it secret
