"""From a re-imported document to the board: the office publishes a text, imports a changed one, and amends the plan."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.duban.client import Client
from services.duban.demo.clockwork import settle
from tests.system.embedded import Completed, Embedded

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
TEXT = """码头发展行动方案（2024—2025年）
一、建设
（一）建设公共码头。到2025年新建码头3个以上。（市商务局牵头，福田区、南山区配合）
（二）优化口岸服务。（市交通运输局牵头）
"""
CHANGED = (
    TEXT.replace("3个", "5个").replace("福田区、南山区", "南山区、盐田区") + "（三）发展智慧口岸。（福田区牵头）\n"
)
PLAN = "wharf"


def answered(done: Completed) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def put_from_text(demo: Embedded, folder: Path, text: str) -> dict[str, Any]:
    """Imported and confirmed by the office."""
    file = folder / "方案.txt"
    file.write_text(text, encoding="utf-8")
    draft = answered(demo.duban("plan", "import", str(file), "--json"))
    confirmed: dict[str, Any] = answered(
        demo.duban(
            "plan", "confirm", draft["id"], f"--plan={PLAN}", "--office=lg-office", "--issuer=示例", "--all", "--json"
        )
    )
    return confirmed


def board(demo: Embedded, *options: str) -> dict[str, Any]:
    """When everything has arrived."""
    accounts = json.loads(demo.duban("demo", "accounts", "--json").stdout)
    with httpx.Client(timeout=30, trust_env=False) as http:
        admin = Client(demo.url, http=http)
        admin.sign_in("admin", next(a["password"] for a in accounts if a["username"] == "admin"))
        settle(admin)
    found: dict[str, Any] = answered(demo.duban("board", PLAN, "--json", *options))
    return found


def test_a_changed_document_becomes_an_amendment_and_the_board_shows_it(demo: Embedded, tmp_path: Path) -> None:
    put_from_text(demo, tmp_path, TEXT)
    assert demo.duban("plan", "publish", PLAN, "--first-period", "2024-Q1").returncode == 0
    before = board(demo, "--period=2024-Q3")
    assert (before["totals"]["assignments"], len(before["measures"])) == (4, 2)

    difference = put_from_text(demo, tmp_path, CHANGED)["difference"]
    assert [(change["kind"], change["place"]) for change in difference["changes"]] == [
        ("unit", "1/futian"),
        ("unit", "1/yantian"),
        ("measure", "3"),
        ("target", "1/个"),
    ]
    order = ("plan", "amend", PLAN, "--from", "2024-05-01", "--reason", "任务调整")
    rehearsed = demo.duban(*order, "--dry-run", COLUMNS="200")
    assert "发展智慧口岸" in rehearsed.stdout
    assert "预演" in rehearsed.stdout
    assert board(demo, "--period=2024-Q3")["totals"] == before["totals"]

    assert answered(demo.duban(*order, "--json"))["number"] == 1
    after = board(demo, "--period=2024-Q3")
    assert (after["totals"]["assignments"], [m["measure"] for m in after["measures"]]) == (5, ["1", "2", "3"])
    assert "futian" in {row["unit"] for row in after["units"]}
    assert after["indicators"][0]["target"]["value"] == "5"
    straddling = board(demo, "--period=2024-Q2")
    assert straddling["totals"]["assignments"] == 6
    assert demo.duban(*order).returncode == 1
