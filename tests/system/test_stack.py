"""`duban stack` as a person starts it: real Kafka, real PostgreSQL, real processes."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx
import psutil
import pytest

from shared.testing.process import free_port
from tests.system.walkthrough import walk_through

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(600)]
DUBAN = (sys.executable, "-m", "services.duban.cli")


class Stack:
    def __init__(self, data: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._environment = {**os.environ, "DUBAN_DATA": str(data), "DUBAN_PORT": str(port), "DUBAN_URL": self.url}

    @contextmanager
    def running(self, log: Path) -> Iterator[subprocess.Popen[str]]:
        with log.open("w+", encoding="utf-8") as output:
            process = subprocess.Popen(
                [*DUBAN, "stack", "--demo"], env=self._environment, stdout=output, stderr=subprocess.STDOUT, text=True
            )
            try:
                await_address(process, output)
                yield process
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(60)

    def duban(self, *arguments: str) -> str:
        return subprocess.run(
            [*DUBAN, *arguments], env=self._environment, check=True, capture_output=True, text=True
        ).stdout


def await_address(process: subprocess.Popen[str], output: IO[str]) -> None:
    """Returns once the stack has said where it is."""
    while True:
        output.seek(0)
        printed = output.read()
        if "Duban is at" in printed:
            return
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
        pytest.fail(f"it ended with {process.returncode}:\n{printed[-4000:]}")


@pytest.fixture
def stack() -> Iterator[Stack]:
    # Not pytest's own folder: only root may pass it, and PostgreSQL runs as somebody else.
    with tempfile.TemporaryDirectory(prefix="duban-stack-") as folder:
        Path(folder).chmod(0o755)
        yield Stack(Path(folder), free_port())


def test_a_report_goes_in_the_board_shows_it_and_ctrl_c_leaves_nothing_running(stack: Stack, tmp_path: Path) -> None:
    with stack.running(tmp_path / "stack.log") as process, httpx.Client(timeout=30, trust_env=False) as http:
        children = psutil.Process(process.pid).children(recursive=True)
        accounts = json.loads(stack.duban("demo", "accounts", "--json"))
        walk_through(stack.url, http, accounts, lambda: stack.duban("clock", "advance", "1d"))
    assert process.returncode == 0
    assert len(children) >= len(("kafka", "postgres", "proxy", "portal")) + 2 * 4
    assert [child for child in children if child.is_running()] == []
