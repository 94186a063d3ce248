"""`duban plan import` and `plan confirm` against a server, as another process."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from tests.shared.small_service import token
from tests.task.city import City
from tests.task.facts import account_id
from tests.task.plan_drafts.desk import MISSPELT, PLAN, TEXT, decide

CONFIRM = ("--plan", PLAN, "--office", "lg-office", "--issuer", "示例市人民政府", "--all")


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Terminal:
    """The command line of somebody who is signed in to a server."""

    url: str

    async def duban(self, *arguments: str, who: str = "office") -> Done:
        signed_in = {"DUBAN_TOKEN": token(account_id(who), preferred_username=who), "DUBAN_URL": self.url}
        environment = {**os.environ, **signed_in, "LANG": "zh_CN.UTF-8", "COLUMNS": "200"}
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.duban.cli", *arguments, stdout=pipe, stderr=pipe, env=environment
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return Done(process.returncode, out.decode(), err.decode())


@pytest.fixture
async def terminal(office: City) -> AsyncIterator[Terminal]:
    server = uvicorn.Server(uvicorn.Config(office.app, lifespan="off", log_level="critical"))
    with socket.create_server(("127.0.0.1", 0)) as listening:  # from here on clients wait for the server
        serving = asyncio.create_task(server.serve([listening]))
        yield Terminal(f"http://127.0.0.1:{listening.getsockname()[1]}")
        server.should_exit = True
        await serving


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "方案.txt"
    file.write_text(TEXT, encoding="utf-8")
    return file


async def test_nobody_but_the_office_imports_from_the_command_line(terminal: Terminal, file: Path) -> None:
    done = await terminal.duban("plan", "import", str(file), who="futian")
    assert (done.code, done.err.strip()) == (1, "您的角色不能导入方案。")


async def test_an_import_prints_the_table_and_the_id(terminal: Terminal, office: City, file: Path) -> None:
    done = await terminal.duban("plan", "import", str(file))
    [listed] = (await office.get("office", "plan-drafts"))["items"]
    assert (done.code, done.err) == (0, "")
    for shown in (
        "港口发展行动方案",
        "建设海外仓",
        "市商务委→commerce(牵头)",
        ">= 10 个",
        MISSPELT,
        "customs",
        listed["id"],
    ):
        assert shown in done.out


@pytest.mark.slow  # three commands and the process that reads the document, each started anew
async def test_a_draft_is_confirmed_once_everything_is_resolved(terminal: Terminal, office: City, file: Path) -> None:
    draft = json.loads((await terminal.duban("plan", "import", str(file), "--json")).out)
    refused = await terminal.duban("plan", "confirm", draft["id"], *CONFIRM)
    assert (refused.code, "还有1项未解决" in refused.err, MISSPELT in refused.err) == (1, True, True)
    await decide(office, draft, {"op": "edit", "item": MISSPELT, "changes": {"key": "customs"}})
    done = await terminal.duban("plan", "confirm", draft["id"], *CONFIRM)
    assert (done.code, PLAN in done.out) == (0, True)
    assert (await office.get("office", f"plans/{PLAN}/preview"))["total"] == 6


async def test_a_document_that_is_no_plan_is_refused_in_one_sentence(terminal: Terminal, tmp_path: Path) -> None:
    novel = tmp_path / "小说.txt"
    novel.write_text("话说那人回头一看。" * 100, encoding="utf-8")
    done = await terminal.duban("plan", "import", str(novel))
    assert (done.code, done.out) == (1, "")
    assert done.err.strip().count("\n") == 0


async def test_a_document_that_is_too_large_is_not_sent(terminal: Terminal, tmp_path: Path) -> None:
    large = tmp_path / "方案.txt"
    large.write_bytes(b"0" * 20_000_001)
    done = await terminal.duban("plan", "import", str(large))
    assert (done.code, "20 MB" in done.err) == (1, True)


async def test_without_a_server_the_command_says_so(file: Path) -> None:
    done = await Terminal("http://127.0.0.1:9").duban("plan", "import", str(file))
    assert done.code == 3
