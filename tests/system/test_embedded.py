"""`duban up --demo` as a process: loading, starting again, stopping, dying."""

import json
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.system.conftest import LoadedDemo
from tests.system.embedded import Embedded, busy
from tests.system.walkthrough import PLAN, walk_through

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]
LOADED_WITHIN, STANDS_WITHIN, ENDS_WITHIN = 60.0, 10.0, 10.0


def what_stands(system: Embedded) -> dict[str, Any]:
    """All that people see of a demo: the board, the accounts, the events of every service, the mail."""
    return {
        "board": json.loads(system.duban("board", PLAN, "--json").stdout),
        "accounts": json.loads(system.duban("demo", "accounts", "--json").stdout),
        "events": json.loads(system.duban("verify", "--json").stdout),
        "mails": system.mails,
    }


def test_the_demo_loads_within_a_minute(loaded_demo: LoadedDemo) -> None:
    assert loaded_demo.seconds < LOADED_WITHIN * loaded_demo.busy


def test_a_second_start_takes_seconds_and_changes_nothing(loaded_demo: LoadedDemo, tmp_path: Path) -> None:
    system = Embedded(tmp_path).copy_of(loaded_demo.system)
    with system.running("--demo") as up:
        seconds = up.await_standing()
        first = what_stands(system)
    print(f"\na second start took {seconds:.1f} s on a machine that was {busy():.1f} times busy")
    assert seconds < STANDS_WITHIN * busy()
    with system.running("--demo"):
        assert what_stands(system) == first
    assert first["mails"] == loaded_demo.system.mails
    assert (
        first["board"]["totals"] | {"acknowledged": 165, "submitted": 139, "returned": 6, "late": 0}
        == (first["board"]["totals"])
    )


def test_a_report_goes_in_is_returned_and_accepted_and_the_board_shows_it(demo: Embedded) -> None:
    accounts = json.loads(demo.duban("demo", "accounts", "--json").stdout)
    with httpx.Client(timeout=30, trust_env=False) as http:
        walk_through(demo.url, http, accounts, lambda: demo.duban("clock", "advance", "1d").check_returncode())


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_when_asked(loaded_demo: LoadedDemo, tmp_path: Path, how: signal.Signals) -> None:
    system = Embedded(tmp_path).copy_of(loaded_demo.system)
    with system.running("--demo") as up:
        assert up.stop(how) < ENDS_WITHIN * busy()
    assert up.process.returncode == 0
    assert "Traceback" not in system.printed
    assert system.printed.splitlines()[-1].startswith("已停止")


def test_it_ends_cleanly_in_the_middle_of_loading(tmp_path: Path) -> None:
    system = Embedded(tmp_path)
    up = system.start("--demo")
    up.wait_for(lambda: len(system.mails) > 10, "history")
    assert up.stop() < ENDS_WITHIN * busy()
    assert up.process.returncode == 0
    assert "Traceback" not in system.printed


def test_a_load_that_was_killed_twice_is_completed_by_the_next_start(loaded_demo: LoadedDemo, tmp_path: Path) -> None:
    system = Embedded(tmp_path / "killed")
    up = system.start("--demo")
    up.wait_for((system.data / "demo-accounts.json").exists, "accounts")
    up.kill()
    up = system.start("--demo")
    up.wait_for(lambda: len(system.mails) > 60, "history")
    up.kill()
    with system.running("--demo"):
        board = json.loads(system.duban("board", PLAN, "--json").stdout)
        broken = [state["broken"] for state in json.loads(system.duban("verify", "--json").stdout).values()]
    undisturbed = Embedded(tmp_path / "undisturbed").copy_of(loaded_demo.system)
    with undisturbed.running("--demo"):
        assert board == json.loads(undisturbed.duban("board", PLAN, "--json").stdout)
    assert broken == [[], [], [], []]
