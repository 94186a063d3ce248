"""Drafting beside the service: each document is read by a process of its own, which may die without harm.

Not a thread: a thread that reads a hostile file can neither be stopped nor kept from memory, and it holds the
interpreter's lock. A process is stopped by the clock, and by the kernel's limits on its time and memory; it is given none
of the service's secrets, and requests go before it. It is no sandbox: it runs as the same user.
"""

import asyncio
import math
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog

from services.task.draft_process import OUT_OF_MEMORY
from services.task.plan_import import Draft, PlanImportError
from services.task.plan_import.errors import DocumentTooComplex
from services.task.plan_import.stored_form import from_stored
from shared.errors import Unavailable

SECONDS = 30.0  # the longest plan of the genre takes one, 10 MB of text ten
MOST_AT_ONCE = 2  # each may take 1 GB for a moment
RETRY_SECONDS = 10
PROCESS = "services.task.draft_process"
log = structlog.get_logger()


class DraftingFailed(Exception):
    """The process ended by a fault of ours, and says which."""


@dataclass
class Drafting:
    """Turns documents into drafts, a few at a time. Nobody waits in a queue: whoever comes too early is told to return."""

    seconds: float = SECONDS
    most_at_once: int = MOST_AT_ONCE
    _running: int = field(default=0, init=False)

    async def draft(self, document: int, name: str, directory: Mapping[str, Any]) -> Draft:
        """The draft of an open file, by its descriptor, with units matched to the directory.

        Raises a PlanImportError for what cannot be read, DocumentTooComplex past the limits, Unavailable while others
        are being read, DraftingFailed where the process itself is broken.
        """
        asked = orjson.dumps({"name": name, "directory": directory})
        with self._place():
            answer = await self._answer(document, asked)
        if "refused" in answer:
            log.info("document refused", refused=answer["refused"], because=answer["because"])
            raise _refusal(answer["refused"], answer["facts"])
        return Draft(name, answer["text"], tuple(map(from_stored, answer["items"])))

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._running >= self.most_at_once:
            raise Unavailable(RETRY_SECONDS)
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    async def _answer(self, document: int, asked: bytes) -> dict[str, Any]:
        process = await self._start(document)
        try:
            said, complaint = await asyncio.wait_for(process.communicate(asked), self.seconds)
        except TimeoutError:
            raise DocumentTooComplex(seconds=math.ceil(self.seconds)) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()
        status = await process.wait()
        if status == OUT_OF_MEMORY or status < 0:  # ended by the kernel
            raise DocumentTooComplex(seconds=math.ceil(self.seconds))
        if status:
            raise DraftingFailed(complaint[-2000:].decode())
        answer: dict[str, Any] = orjson.loads(said)
        return answer

    async def _start(self, document: int) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        arguments = (sys.executable, "-m", PROCESS, str(document), str(math.ceil(self.seconds)))
        environment = {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1"}
        return await asyncio.create_subprocess_exec(
            *arguments, stdin=pipe, stdout=pipe, stderr=pipe, pass_fds=(document,), env=environment
        )


def _refusal(code: str, facts: Mapping[str, Any]) -> PlanImportError:
    situations = {situation.code: situation for situation in PlanImportError.__subclasses__()}
    return situations[code](**facts)
