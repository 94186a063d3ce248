"""Each command of `duban` against a running demo: what it prints for people and programs, and its exit codes."""

import http.server
import json
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.testing.process import free_port
from tests.system.conftest import LoadedDemo
from tests.system.embedded import ROOT, Completed, Embedded, is_one_plain_sentence
from tests.system.walkthrough import PLAN

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
EXAMPLE = ROOT / "examples" / "shenzhen-cbec-2022" / "plan.yaml"
DONE, REFUSED, WRONG_USAGE, NOT_REACHABLE = range(4)


@pytest.fixture(scope="module")
def standing(loaded_demo: LoadedDemo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """A running demo that all tests of this file share: none of them moves its clock."""
    system = Embedded(tmp_path_factory.mktemp("standing")).copy_of(loaded_demo.system)
    with system.running("--demo"):
        yield system


@pytest.fixture
def duban(standing: Embedded) -> Iterator[Any]:
    """The command line as somebody who is not signed in."""
    yield standing.duban
    standing.duban("logout").check_returncode()


def printed(done: Completed) -> str:
    assert done.returncode == DONE, done.stderr
    return done.stdout


def answered(done: Completed) -> Any:
    return json.loads(printed(done))


def told(done: Completed, code: int = REFUSED) -> str:
    """The sentence of a command that could not do what it was asked for."""
    assert done.returncode == code, done.stdout + done.stderr
    assert is_one_plain_sentence(done.stderr), done.stderr
    return done.stderr


def small_plan(**changes: object) -> dict[str, Any]:
    """One measure of one unit, owed in the last quarter of 2024."""
    measure = {
        "key": "1",
        "title": "试点工作",
        "title_en": "A pilot",
        "strength": "binding",
        "units": [{"unit": "futian", "role": "lead"}],
    }
    return {
        "key": "pilot",
        "title": "试点方案",
        "title_en": "A pilot plan",
        "issuer": "深圳市商务局",
        "starts": "2024-01-01",
        "ends": "2024-12-31",
        "office": "lg-office",
        "reporting": {"cycle": "quarterly", "due": {"working_days_after_period_end": 5}},
        "areas": [{"number": "一", "title": "试点", "title_en": "Pilot", "measures": [measure]}],
        **changes,
    }


def written(folder: Path, document: object, name: str = "plan.yaml") -> str:
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document, ensure_ascii=False))
    return str(path)


# --- what is there -------------------------------------------------------------------------------------------------


def test_help_names_every_command_in_both_languages(duban: Any) -> None:
    said = printed(duban("--help"))
    for command in ("up", "serve", "login", "board", "verify", "doctor", "plan", "report", "clock", "parked", "demo"):
        assert f" {command} " in said
    assert "看板" in said
    assert "The board" in said


@pytest.mark.parametrize("group", ["plan", "report", "clock", "parked", "db", "demo"])
def test_a_group_without_a_command_lists_its_commands(duban: Any, group: str) -> None:
    done = duban(group)
    assert done.returncode == WRONG_USAGE
    assert "Commands" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("bord",), ("board",), ("board", PLAN, "--period"), ("serve", "tasks"), ("serve", "task", "--role", "boss")]
    + [("parked", "list", "portal"), ("parked", "show", "tasks", "a", "b"), ("rebuild", "tasks", "a")]
    + [("clock", "advance", step) for step in ("tomorrow", "0d", "1", "99999d", "9" * 30 + "w", "-1d")]
    + [("plan", "check", "missing.yaml"), ("report", "put", PLAN, "17")],
)
def test_wrong_usage_ends_with_2(duban: Any, arguments: tuple[str, ...]) -> None:
    done = duban(*arguments)
    assert done.returncode == WRONG_USAGE, done.stderr
    assert "Traceback" not in done.stderr


# --- reading -------------------------------------------------------------------------------------------------------


def test_the_board_is_a_table_for_people(duban: Any) -> None:
    said = printed(duban("board", PLAN))
    assert "演示数据" in said
    assert "提升海外仓发展水平" in said
    assert "…" not in said


def test_the_board_is_the_apis_answer_for_programs(duban: Any) -> None:
    now, then = answered(duban("board", PLAN, "--json")), answered(duban("board", PLAN, "--as-of=2024-03-31", "--json"))
    assert (now["as_of"], now["period"], now["totals"]["submitted"]) == ("2024-04-08", "2024-Q1", 139)
    assert (then["as_of"], then["totals"]["submitted"]) == ("2024-03-31", 0)


def test_a_board_that_is_not_there_is_refused(duban: Any) -> None:
    told(duban("board", "sz-cbec-2023"))
    told(duban("board", PLAN, "--period", "2031-Q1"))


def test_every_chain_verifies(duban: Any) -> None:
    found = answered(duban("verify", "--json"))
    assert found["task"]["events"] > 1000
    assert {name: state["broken"] for name, state in found.items()} == {name: [] for name in found}
    assert "审计链" in printed(duban("verify"))


def test_the_doctor_says_what_every_service_checked(duban: Any) -> None:
    found = answered(duban("doctor", "--json"))
    assert {state["status"] for state in found.values()} == {"ready"}
    assert all("database: answers" in state["detail"] for state in found.values())
    assert "migrations" in printed(duban("doctor"))


def test_the_doctor_tells_a_system_that_is_down(duban: Any) -> None:
    done = duban("doctor", "--json", DUBAN_URL=f"http://127.0.0.1:{free_port()}")
    assert done.returncode == REFUSED
    assert {state["status"] for state in json.loads(done.stdout).values()} == {"not-reachable"}


@pytest.mark.parametrize("service", ["directory", "task", "notification", "reporting"])
def test_nothing_is_parked_in_a_fresh_demo(duban: Any, service: str) -> None:
    assert answered(duban("parked", "list", service, "--json")) == []
    assert f"{service}: 0" in printed(duban("parked", "list", service))


def test_parked_events_that_are_not_there_are_refused(duban: Any) -> None:
    told(duban("parked", "show", "reporting", "reporting.board", "report/none"))
    told(duban("parked", "retry", "reporting", "no.such.consumer", "report/none"))
    told(duban("parked", "skip", "reporting", "reporting.board", "report/none", "1", "--reason", "测试"))


def test_a_projection_is_rebuilt(duban: Any) -> None:
    before = answered(duban("board", PLAN, "--json"))
    answered(duban("rebuild", "reporting", "reporting.board", "--json"))
    assert answered(duban("board", PLAN, "--json")) == before
    told(duban("rebuild", "reporting", "reporting.nothing"))


def test_the_clock_is_shown_in_the_plans_zone(duban: Any) -> None:
    assert printed(duban("clock", "show")).strip() == "2024-04-08T09:00:00+08:00"
    assert answered(duban("clock", "show", "--json")) == {"now": "2024-04-08T09:00:00+08:00"}


def test_the_demos_passwords_are_shown_whole(duban: Any) -> None:
    accounts = answered(duban("demo", "accounts", "--json"))
    assert len(accounts) == 34 * 2 + 5
    said = printed(duban("demo", "accounts", COLUMNS="200"))
    assert all(account["password"] in said for account in accounts)


# --- who is asking -------------------------------------------------------------------------------------------------


def password_of(standing: Embedded, username: str) -> str:
    accounts = json.loads((standing.data / "demo-accounts.json").read_text())
    return str(next(account["password"] for account in accounts if account["username"] == username))


def test_a_session_is_kept_for_its_owner_alone_and_used_by_later_commands(standing: Embedded, duban: Any) -> None:
    printed(duban("login", "futian", "--password", password_of(standing, "futian")))
    (session,) = (standing.folder / "config").rglob("session.json")
    assert stat.S_IMODE(session.stat().st_mode) == 0o600
    assert answered(duban("board", PLAN, "--json"))["totals"]["assignments"] == 166
    assert "核验审计链" in told(duban("verify"))  # a liaison may not
    copied = session.read_text()
    printed(duban("logout"))
    printed(duban("verify"))
    session.write_text(copied)
    assert "duban login" in told(duban("verify"))  # it was ended, not only forgotten
    printed(duban("logout"))


def test_signing_out_of_a_system_that_is_away_says_so_and_forgets_all_the_same(standing: Embedded, duban: Any) -> None:
    printed(duban("login", "futian", "--password", password_of(standing, "futian")))
    (session,) = (standing.folder / "config").rglob("session.json")
    away = f"http://127.0.0.1:{free_port()}"
    session.write_text(json.dumps({**json.loads(session.read_text()), "url": away}))
    assert away in told(duban("logout"), 3)
    assert not session.exists()


def test_a_session_is_for_its_address_only(standing: Embedded, duban: Any) -> None:
    printed(duban("login", "futian", "--password", password_of(standing, "futian")))
    elsewhere = f"http://127.0.0.1:{free_port()}"
    said = told(duban("board", PLAN, DUBAN_URL=elsewhere, DUBAN_DATA=str(standing.folder / "nothing")))
    assert "duban login" in said


def test_a_wrong_password_is_refused_and_forgets_nothing(standing: Embedded, duban: Any) -> None:
    printed(duban("login", "futian", "--password", password_of(standing, "futian")))
    told(duban("login", "futian", "--password", "guessed"))
    told(duban("verify"))  # still the liaison


def test_a_session_that_was_damaged_or_has_ended_is_told(standing: Embedded, duban: Any) -> None:
    printed(duban("login", "futian", "--password", password_of(standing, "futian")))
    (session,) = (standing.folder / "config").rglob("session.json")
    session.write_text(json.dumps({"url": standing.url, "refresh_token": "long ago"}))
    assert "duban login" in told(duban("board", PLAN))
    session.write_text("{")
    assert "duban login" in told(duban("board", PLAN))


def test_a_token_of_the_environment_wins_over_the_demo(duban: Any) -> None:
    told(duban("board", PLAN, DUBAN_TOKEN="not.a.token"))


# --- plans ---------------------------------------------------------------------------------------------------------


def test_the_example_is_a_good_plan_file(duban: Any) -> None:
    assert "23" in printed(duban("plan", "check", str(EXAMPLE)))


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        ("key: [", "line 1"),
        ("a: &x 1\nb: *x\n", "aliases"),
        ("key: a\nkey: b\n", "key"),
        ("", "must be an object"),
        ("- 1\n", "must be an object"),
        (small_plan(areas=[]), "/areas"),
        (small_plan(ends="2023-01-01"), "/ends"),
        (small_plan(colour="red"), "/colour"),
        (small_plan(starts="next year"), "/starts"),
        ({name: value for name, value in small_plan().items() if name != "title"}, "/title"),
        (small_plan(areas=small_plan()["areas"] * 2), "/areas/1/measures/0/key"),
    ],
)
def test_a_broken_plan_file_is_refused_with_the_place(duban: Any, tmp_path: Path, broken: object, place: str) -> None:
    assert place in told(duban("plan", "check", written(tmp_path, broken)))


def test_a_file_that_is_not_text_is_refused(duban: Any, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_bytes(b"\xff\xfe\x00")
    told(duban("plan", "check", str(tmp_path / "plan.yaml")))


def test_a_plan_goes_round_from_draft_to_publication_and_out_again(duban: Any, tmp_path: Path) -> None:
    file = written(tmp_path, small_plan())
    assert answered(duban("plan", "put", file, "--json"))["version"] == 1
    changed = written(tmp_path, small_plan(title="试点方案（二稿）"))
    assert answered(duban("plan", "put", changed, "--json"))["version"] == 2
    exported = written(tmp_path, printed(duban("plan", "export", "pilot")), "exported.json")
    assert answered(duban("plan", "put", exported, "--json"))["version"] == 2  # the same file changes nothing
    told(duban("plan", "publish", "pilot", "--first-period", "2031-Q1"))
    assert "已发布" in printed(duban("plan", "publish", "pilot", "--first-period", "2024-Q2"))
    told(duban("plan", "publish", "pilot", "--first-period", "2024-Q2"))
    assert answered(duban("plan", "put", changed, "--json"))["version"] == 2  # it is what is in force
    told(duban("plan", "amend", "pilot", "--from", "2024-07-01", "--reason", "无"))
    assert answered(duban("plan", "export", "pilot"))["title"] == "试点方案（二稿）"


@pytest.mark.parametrize(
    "document",
    [
        "title: no key\n",
        small_plan(key="unknown-unit", areas=json.loads(json.dumps(small_plan()["areas"]).replace("futian", "paris"))),
    ],
)
def test_a_plan_that_the_server_cannot_take_is_refused(duban: Any, tmp_path: Path, document: object) -> None:
    told(duban("plan", "put", written(tmp_path, document)))


def test_a_plan_that_nobody_knows_cannot_be_exported(duban: Any) -> None:
    told(duban("plan", "export", "nowhere"))


def test_an_official_text_becomes_a_draft(duban: Any, tmp_path: Path) -> None:
    text = "试点行动方案\n\n一、主要任务\n（一）建设海外仓。到2025年建成10个。（责任单位：市商务局）\n"
    draft = answered(duban("plan", "draft", written(tmp_path, text, "plan.txt"), "--json"))
    assert "市商务局" in json.dumps(draft, ensure_ascii=False)


# --- reports -------------------------------------------------------------------------------------------------------

SHENSHAN = (PLAN, "17", "shenshan", "2024-Q1")


def test_a_report_is_submitted_from_a_file_and_again_by_its_version(duban: Any, tmp_path: Path) -> None:
    first = written(tmp_path, {"self_assessment": "on_track", "done": "建成一个。"}, "report.yaml")
    assert "第 1 版" in printed(duban("report", "put", *SHENSHAN, first))
    assert answered(duban("report", "put", *SHENSHAN, first, "--json"))["version"] == 1
    second = written(tmp_path, '{"self_assessment": "on_track", "done": "建成两个。"}', "report.json")
    told(duban("report", "put", *SHENSHAN, second))
    assert answered(duban("report", "put", *SHENSHAN, second, "--if-match", "1", "--json"))["version"] == 2


@pytest.mark.parametrize(
    "body",
    ["done: 2024-04-01\n", "{", "done: .nan\n", "", "self_assessment: splendid\ndone: 好\n"],
)
def test_a_report_that_says_nothing_usable_is_refused(duban: Any, tmp_path: Path, body: str) -> None:
    told(duban("report", "put", PLAN, "3", "guangming", "2024-Q1", written(tmp_path, body, "report.yaml")))


@pytest.mark.parametrize(
    ("measure", "unit", "period"), [("99", "futian", "2024-Q1"), ("17", "paris", "2024-Q1"), ("17", "futian", "2031")]
)
def test_a_report_that_nobody_owes_is_refused(duban: Any, tmp_path: Path, measure: str, unit: str, period: str) -> None:
    body = written(tmp_path, {"self_assessment": "on_track", "done": "好。"}, "report.yaml")
    told(duban("report", "put", PLAN, measure, unit, period, body))


# --- the demo ------------------------------------------------------------------------------------------------------


def test_loading_a_loaded_demo_changes_nothing(standing: Embedded, duban: Any) -> None:
    before = standing.mails
    duban("demo", "load").check_returncode()
    assert standing.mails == before


def test_the_clock_steps_through_what_is_due(demo: Embedded) -> None:
    done = demo.duban("clock", "advance", "1d", "--json")
    assert answered(done) == {"now": "2024-04-09T09:00:00+08:00"}
    assert "→ 2024-04-09T09:00:00+08:00" in done.stderr
    assert answered(demo.duban("board", PLAN, "--json"))["totals"]["late"] > 0
    assert printed(demo.duban("clock", "advance", "90m")).strip() == "2024-04-09T10:30:00+08:00"


def test_outside_the_demo_no_clock_moves_and_no_demo_loads(tmp_path: Path) -> None:
    system = Embedded(tmp_path)
    with system.running():
        password = (system.data / "admin-password").read_text().strip()
        assert "duban login" in told(system.duban("clock", "show"))
        printed(system.duban("login", "admin", "--password", password))
        told(system.duban("clock", "show"))
        told(system.duban("clock", "advance", "1d"))
        told(system.duban("demo", "accounts"))
        told(system.duban("demo", "load"))
        assert answered(system.duban("doctor", "--json"))["task"]["status"] == "ready"
    assert system.mails == []


# --- nobody there --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("board", PLAN),
        ("verify",),
        ("rebuild", "reporting", "reporting.board"),
        ("plan", "put", str(EXAMPLE)),
        ("plan", "publish", PLAN, "--first-period", "2023-Q4"),
        ("plan", "export", PLAN),
        ("report", "put", *SHENSHAN, str(EXAMPLE)),
        ("clock", "show"),
        ("clock", "advance", "1d"),
        ("parked", "list", "task"),
        ("login", "office", "--password", "x"),
    ],
)
def test_a_system_that_is_down_ends_with_3(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    said = told(Embedded(tmp_path).duban(*arguments, DUBAN_TOKEN="any"), NOT_REACHABLE)
    assert "cannot be reached" in said


@pytest.fixture
def stranger() -> Iterator[str]:
    """The address of a server that is not Duban."""

    class Welcome(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<h1>welcome</h1>")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it overrides
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Welcome) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_server_that_is_not_duban_is_told(tmp_path: Path, stranger: str) -> None:
    assert "not as Duban" in told(
        Embedded(tmp_path).duban("board", PLAN, DUBAN_URL=stranger, DUBAN_TOKEN="any"), NOT_REACHABLE
    )


@pytest.mark.parametrize("url", ["", "nonsense", "http://[", "ftp://127.0.0.1"])
def test_an_address_that_is_none_ends_with_3(tmp_path: Path, url: str) -> None:
    told(Embedded(tmp_path).duban("board", PLAN, DUBAN_URL=url, DUBAN_TOKEN="any"), NOT_REACHABLE)
