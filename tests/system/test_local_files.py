"""Files of this machine that commands read and write: what is missing or damaged is one sentence, never a trace."""

import json
from pathlib import Path

import pytest

from tests.system.embedded import Completed, Embedded, is_one_plain_sentence

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
REFUSED, WRONG_USAGE, NOT_REACHABLE = 1, 2, 3
TEXT = "试点行动方案\n\n一、主要任务\n（一）建设海外仓。到2025年建成10个。（责任单位：市商务局）\n"


@pytest.fixture
def system(tmp_path: Path) -> Embedded:
    """Nothing runs there, so what says more than "cannot be reached" was found out before."""
    return Embedded(tmp_path / "system")


def told(done: Completed, code: int = REFUSED) -> str:
    assert done.returncode == code, done.stdout + done.stderr
    assert is_one_plain_sentence(done.stderr), done.stderr
    return done.stderr


@pytest.mark.parametrize("content", ["{", "[]", '{"url": "http://127.0.0.1"}', '{"url": 1, "refresh_token": null}'])
def test_a_session_file_of_another_shape_asks_for_a_new_sign_in(system: Embedded, content: str) -> None:
    session = system.folder / "config" / "duban" / "session.json"
    session.parent.mkdir(parents=True)
    session.write_text(content)
    said = told(system.duban("board", "any"))
    assert f"{session} is damaged" in said
    assert "duban login" in said


def test_a_folder_where_the_session_should_be_is_named(system: Embedded) -> None:
    session = system.folder / "config" / "duban" / "session.json"
    session.mkdir(parents=True)
    assert str(session) in told(system.duban("board", "any"))
    assert str(session) in told(system.duban("logout"))


@pytest.mark.parametrize(
    ("content", "command"),
    [
        ("{", ("board", "any")),
        ("{}", ("clock", "show")),
        ('[{"username": "office"}]', ("demo", "accounts")),
    ],
)
def test_damaged_demo_accounts_say_how_to_get_good_ones(
    system: Embedded, content: str, command: tuple[str, ...]
) -> None:
    system.data.mkdir()
    (system.data / "demo-accounts.json").write_text(content)
    assert "duban demo load" in told(system.duban(*command))


def test_demo_accounts_that_were_deleted_are_made_again_with_passwords_that_work(demo: Embedded) -> None:
    file = demo.data / "demo-accounts.json"
    before = {account["username"]: account for account in json.loads(file.read_text())}
    file.unlink()
    demo.duban("demo", "load").check_returncode()
    after = {account["username"]: account for account in json.loads(file.read_text())}
    assert after.keys() == before.keys()
    demo.duban("login", "futian", "--password", after["futian"]["password"]).check_returncode()


@pytest.mark.parametrize("token", ["令牌", "two words", "line\nbreak"])
def test_a_token_that_cannot_be_one_is_told(system: Embedded, token: str) -> None:
    assert "DUBAN_TOKEN" in told(system.duban("board", "any", DUBAN_TOKEN=token))


@pytest.mark.parametrize(
    ("name", "value"), [("DUBAN_URL", "localhost:8080"), ("DUBAN_URL", "http://["), ("DUBAN_PORT", "eighty")]
)
def test_an_address_that_is_none_is_named(system: Embedded, name: str, value: str) -> None:
    given = {**system.environment, name: value}
    if name == "DUBAN_PORT":
        given["DUBAN_URL"] = f"http://127.0.0.1:{value}"
    said = told(system.duban("board", "any", **given), NOT_REACHABLE)
    assert value in said


@pytest.mark.parametrize(
    "command",
    [
        ("plan", "check", "FILE"),
        ("plan", "put", "FILE"),
        ("plan", "draft", "FILE"),
        ("plan", "import", "FILE"),
        ("report", "put", "plan", "17", "futian", "2024-Q1", "FILE"),
        ("plan", "draft", "TEXT", "--units", "FILE"),
        ("plan", "draft", "TEXT", "--html", "FOLDER/FILE"),
        ("plan", "draft", "TEXT", "--html", "."),
    ],
    ids=" ".join,
)
def test_a_file_that_is_not_there_is_wrong_usage(system: Embedded, command: tuple[str, ...]) -> None:
    text = system.folder / "plan.txt"
    text.write_text(TEXT, encoding="utf-8")
    places = {"FILE": "missing.txt", "TEXT": str(text), "FOLDER/FILE": str(system.folder / "missing" / "draft.html")}
    told(system.duban(*(places.get(word, word) for word in command)), WRONG_USAGE)


@pytest.mark.parametrize("content", [b"units: [", b"- 1\n", b"units: [{key: a}]\n", b"", b"\xff\xfe\x00"])
def test_a_units_file_of_another_shape_is_refused(system: Embedded, content: bytes) -> None:
    text, units = system.folder / "plan.txt", system.folder / "units.yaml"
    text.write_text(TEXT, encoding="utf-8")
    units.write_bytes(content)
    told(system.duban("plan", "draft", str(text), "--units", str(units)))
