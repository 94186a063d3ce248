"""Work that people do, without end, and a ledger of what they were told became of it."""

import json
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import httpx

from services.duban.client import Client, NotReachable, Refused

PLAN, PERIOD = "faults", "2023-Q4"
UNITS = ("futian", "nanshan", "longgang")
MEASURES = ("1", "2", "3", "4")
AGAIN_SECONDS = 0.2
PATIENCE_SECONDS = 120.0
Verb = Literal["acknowledge", "submit", "return"]


@dataclass(frozen=True, slots=True)
class Command:
    """One command as its sender knows it."""

    measure: str
    unit: str
    verb: Verb
    revision: int = 0
    """Of the report that is submitted or returned."""
    state: Literal["sent", "acked", "unknown"] = "sent"

    @property
    def duty(self) -> tuple[str, str]:
        return self.measure, self.unit


class Ledger:
    """What was sent and what came back, on disk before the next command goes out."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def close(self) -> None:
        self._file.close()

    def note(self, command: Command) -> None:
        with self._lock:
            self._file.write(json.dumps(asdict(command)) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())

    def commands(self) -> Iterator[Command]:
        """Each note, in order; a command that was sent and acknowledged is noted twice."""
        with self._path.open(encoding="utf-8") as lines:
            for line in lines:
                yield Command(**json.loads(line))

    def acked(self) -> list[Command]:
        return [replace(command, state="sent") for command in self.commands() if command.state == "acked"]

    def sent(self) -> list[Command]:
        return [command for command in self.commands() if command.state == "sent"]


class People:
    """Accounts that sign in again when their token has run out. They share the connections of `http`."""

    def __init__(self, url: str, http: httpx.Client, passwords: Mapping[str, str]) -> None:
        self.url = url
        self.http = http
        self._passwords = dict(passwords)
        self._tokens: dict[str, str] = {}

    def call(self, username: str, method: str, path: str, **request: Any) -> Any:
        if username not in self._tokens:
            self._sign_in(username)
        try:
            return self._client(username).call(method, path, **request)
        except Refused as refused:
            if refused.status != httpx.codes.UNAUTHORIZED:
                raise
            self._sign_in(username)
            return self._client(username).call(method, path, **request)

    def add(self, username: str, password: str) -> None:
        self._passwords[username] = password

    def _sign_in(self, username: str) -> None:
        client = Client(self.url, http=self.http)
        client.sign_in(username, self._passwords[username])
        self._tokens[username] = client.token

    def _client(self, username: str) -> Client:
        return Client(self.url, self._tokens[username], http=self.http)


class Load:
    """Several people who acknowledge, submit, return and submit again until they are told to stop.

    A command whose answer is lost is sent again, the same with the same key, until there is one.
    """

    def __init__(self, people: People, ledger: Ledger, duties: Iterable[tuple[str, str]], at_once: int = 3) -> None:
        self._people = people
        self._ledger = ledger
        self._next = {duty: _after(ledger, duty) for duty in duties}
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._acked = 0
        shares = [list(self._next)[n::at_once] for n in range(at_once)]
        self._threads = [threading.Thread(target=self._work, args=(share,)) for share in shares]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self._failure is not None:
            raise self._failure

    def until_acked(self, more: int) -> None:
        """Returns when so many more commands have been acknowledged."""
        target, deadline = self._acked + more, time.monotonic() + PATIENCE_SECONDS
        while self._acked < target and self._failure is None:
            assert time.monotonic() < deadline, f"only {self._acked} of {target} commands were acknowledged"
            time.sleep(0.02)

    def _work(self, duties: list[tuple[str, str]]) -> None:
        try:
            while not self._stop.is_set():
                for duty in duties:
                    self._do(self._next[duty])
                    self._next[duty] = _following(self._next[duty])
                    if self._stop.is_set():
                        return
        except BaseException as failure:  # noqa: BLE001 - raised again in the thread of the test
            self._failure = failure

    def _do(self, command: Command) -> None:
        """Until there is an answer; also after the load was told to stop, so that nothing stays unknown."""
        self._ledger.note(command)
        key, deadline = str(uuid4()), time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self._send(command, key)
            except (NotReachable, Refused) as lost:
                if isinstance(lost, Refused) and lost.status < httpx.codes.INTERNAL_SERVER_ERROR:
                    raise AssertionError(f"{command} was refused: {lost}") from lost
                self._ledger.note(replace(command, state="unknown"))
                if time.monotonic() > deadline:
                    raise AssertionError(f"{command} got no answer: {lost}") from lost
                time.sleep(AGAIN_SECONDS)
            else:
                self._ledger.note(replace(command, state="acked"))
                self._acked += 1
                return

    def _send(self, command: Command, key: str) -> None:
        assignment = f"/api/task/v1/plans/{PLAN}/measures/{command.measure}/units/{command.unit}"
        headers = {"Idempotency-Key": key}
        match command.verb:
            case "acknowledge":
                self._people.call(command.unit, "POST", f"{assignment}/acknowledge", headers=headers)
            case "return":
                body = {"reason": f"请补充数据（第 {command.revision} 次）。"}
                path = f"{assignment}/reports/{PERIOD}/return"
                self._people.call("office", "POST", path, json=body, headers=headers)
            case "submit":
                before = command.revision - 1
                match = {"If-Match": f'"{before}"'} if before else {}
                body = {"self_assessment": "on_track", "done": f"第 {command.revision} 稿。", "next_steps": "继续。"}
                self._people.call(command.unit, "PUT", f"{assignment}/reports/{PERIOD}", json=body, headers=match)


def _after(ledger: Ledger, duty: tuple[str, str]) -> Command:
    """What comes next on a duty after all that was acknowledged before."""
    mine = [command for command in ledger.acked() if command.duty == duty]
    return _following(mine[-1]) if mine else Command(*duty, "acknowledge")


def _following(command: Command) -> Command:
    if command.verb == "submit":
        return Command(*command.duty, "return", command.revision)
    return Command(*command.duty, "submit", command.revision + 1)


def duties() -> list[tuple[str, str]]:
    return [(measure, unit) for measure in MEASURES for unit in UNITS]
