import asyncio
import os
import sys
from pathlib import Path

import pytest

from services.duban.supervisor import Child, Supervisor


def child(folder: Path, code: str) -> Child:
    return Child("worker", [sys.executable, "-c", code], dict(os.environ), folder / "worker.log")


async def until_log_has(log: Path, lines: int) -> list[str]:
    while len(printed := printed_by(log)) < lines:
        await asyncio.sleep(0.01)
    return printed


def printed_by(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


async def test_a_child_that_dies_is_started_again_and_later_each_time(tmp_path: Path) -> None:
    deaths: list[str] = []
    dying = child(tmp_path, "import os; print('alive', flush=True); os.kill(os.getpid(), 9)")
    keeping = asyncio.create_task(Supervisor(deaths.append, first_delay=0.1).keep([dying]))
    await until_log_has(dying.log, 3)
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert deaths[:2] == [
        f"worker ended with -9; starting it again in {delay} s (see {dying.log})" for delay in ("0.1", "0.2")
    ]


async def test_cancelling_stops_the_children_in_order(tmp_path: Path) -> None:
    lasting = child(
        tmp_path,
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('finished', flush=True), sys.exit(0)))\n"
        "print('alive', flush=True)\n"
        "signal.pause()",
    )
    keeping = asyncio.create_task(Supervisor(print).keep([lasting]))
    await until_log_has(lasting.log, 1)
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert await until_log_has(lasting.log, 2) == ["alive", "finished"]
