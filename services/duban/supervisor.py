"""Child processes that are kept running: one that dies is started again, later each time it dies soon."""

import asyncio
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
STEADY_SECONDS = 60.0  # who ran that long starts over with the first delay
STOP_SECONDS = 15.0  # a worker finishes its batch, a web process its requests


@dataclass(frozen=True)
class Child:
    """One process to keep running; what it prints is appended to `log`."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path


class Supervisor:
    """Runs children until cancelled, then stops them all. `report` hears in a sentence of each death."""

    def __init__(self, report: Callable[[str], None], first_delay: float = FIRST_DELAY) -> None:
        self._report = report
        self._first_delay = first_delay

    async def keep(self, children: Sequence[Child]) -> None:
        async with asyncio.TaskGroup() as group:
            for child in children:
                group.create_task(self._keep_one(child))

    async def _keep_one(self, child: Child) -> None:
        delay = self._first_delay
        while True:
            started = time.monotonic()
            code = await _run_once(child)
            if time.monotonic() - started > STEADY_SECONDS:
                delay = self._first_delay
            self._report(f"{child.name} ended with {code}; starting it again in {delay:.1f} s (see {child.log})")
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)


async def _run_once(child: Child) -> int:
    """Its exit code; stops it in order when cancelled."""
    with child.log.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *child.command,
            env=child.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal reaches the supervisor alone, which then stops its children in order.
            start_new_session=True,
        )
    try:
        return await process.wait()
    finally:
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
