"""Loading the demo: units, accounts, the plan and its history, through the same API that everybody uses.

Every step can be repeated, so a load that was cut short goes on where it stopped.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.duban.client import Client, Refused, read_demo_accounts
from services.duban.demo.accounts import accounts_file, create_accounts, enter_addresses
from services.duban.demo.clockwork import advance, now, settle
from services.duban.demo.history import ENDS, FIRST, SECOND, WALK_THROUGH, Act, Duty, history
from services.duban.demo.reports import report_body
from shared.settings import ServiceSettings

PLAN = "sz-cbec-2022"
EXAMPLE = Path(__file__).parents[3] / "examples" / "shenzhen-cbec-2022"
AT_ONCE = 4
"""Requests in flight: enough to keep the server busy, few enough for a machine of two cores."""
ACQUAINTED_SECONDS = 30.0
"""Kafka's groups form within some ten seconds."""
NOT_KNOWN_YET = {401, 503}
CONFLICT = 409
PRECONDITIONS = {412, 428}
Report = Callable[[str, int, int], None]


async def load_demo(settings: ServiceSettings, console: Console) -> None:
    """Load what is not loaded yet, with a progress bar. Raises Refused or NotReachable."""
    await asyncio.to_thread(load, settings, console)


def load(settings: ServiceSettings, console: Console) -> None:
    admin = _admin(settings)
    _await_acquaintance(admin)
    if _is_loaded(admin):
        if not accounts_file(settings.data).exists():  # the passwords were lost with it
            create_accounts(admin, _units(), settings)
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        units = _units()
        _step(progress, "单位与账号 units and accounts", lambda: _enter_people(admin, units, settings))
        people = _People(admin, read_demo_accounts(accounts_file(settings.data)))
        _step(progress, "方案发布 publishing the plan", lambda: _publish(admin, people))
        acts = history(_duties(people))
        task = progress.add_task("演示历史 sample history", total=len(acts))
        _play(admin, people, acts, lambda count: progress.advance(task, count))
    advance(admin, ENDS)


def _units() -> dict[str, Any]:
    units: dict[str, Any] = yaml.safe_load((EXAMPLE / "units.yaml").read_text())
    return units


def _await_acquaintance(admin: Client) -> None:
    """On the very first start every service has yet to hear of the administrator, whom it refuses until then."""
    deadline = time.monotonic() + ACQUAINTED_SECONDS
    while True:
        try:
            now(admin)
        except Refused as refused:
            if refused.status not in NOT_KNOWN_YET or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _is_loaded(admin: Client) -> bool:
    return now(admin) >= ENDS


def _step(progress: Progress, words: str, action: Callable[[], None]) -> None:
    task = progress.add_task(words, total=1)
    action()
    progress.advance(task)


def _admin(settings: ServiceSettings) -> Client:
    from services.duban.demo.accounts import admin_password  # noqa: PLC0415

    client = Client(settings.url)
    client.sign_in("admin", admin_password(settings))
    return client


class _People:
    """The demo's accounts, signed in once each and again when their tokens run out. All share one pool of connections."""

    def __init__(self, admin: Client, accounts: Iterable[Mapping[str, Any]]) -> None:
        self._admin = admin
        self._passwords = {account["username"]: account["password"] for account in accounts}
        self._signed_in: dict[str, Client] = {}

    def call(self, username: str, method: str, path: str, **request: Any) -> Any:
        client = self._signed_in.get(username) or self._sign_in(username)
        try:
            return client.call(method, path, **request)
        except Refused as refused:
            if refused.status != 401:
                raise
            return self._sign_in(username).call(method, path, **request)

    def _sign_in(self, username: str) -> Client:
        client = self._signed_in.setdefault(username, Client(self._admin.url, http=self._admin.http))
        client.token = ""
        client.sign_in(username, self._passwords[username])
        return client


def _enter_people(admin: Client, units: Mapping[str, Any], settings: ServiceSettings) -> None:
    admin.call("PUT", "/api/directory/v1/units", json=units)
    create_accounts(admin, units, settings)
    settle(admin)
    enter_addresses(admin, units)


def _publish(admin: Client, people: _People) -> None:
    plan_file = (EXAMPLE / "plan.yaml").read_bytes()
    measure, unit = WALK_THROUGH
    with suppress_conflict():
        people.call(
            "office",
            "PUT",
            f"/api/task/v1/plans/{PLAN}",
            content=plan_file,
            headers={"Content-Type": "application/yaml"},
        )
        joins = [{"measure": measure, "unit": unit, "first_period": SECOND}]
        body = {"first_period": FIRST, "sample": True, "joins": joins}
        people.call("office-head", "POST", f"/api/task/v1/plans/{PLAN}/publish", json=body)
    settle(admin)


def _duties(people: _People) -> list[Duty]:
    found = people.call("office", "GET", f"/api/task/v1/plans/{PLAN}/assignments")["items"]
    return [Duty(a["measure"], a["unit"], a["title"], a["relation"] == "requested") for a in found]


def _play(admin: Client, people: _People, acts: list[Act], done: Callable[[int], None]) -> None:
    """Act by act in business time; what happens at one instant on different duties is done at once."""
    present = now(admin)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for at, together in groupby(acts, key=lambda act: act.at):
            batch = list(together)
            if at < present:
                done(len(batch))
                continue
            advance(admin, at)
            for _ in pool.map(lambda act: _do(people, act), batch):
                done(1)


def _do(people: _People, act: Act) -> None:
    """One act; one that was done before the load was cut short changes nothing."""
    duty = act.duty
    base = f"/api/task/v1/plans/{PLAN}/measures/{duty.measure}/units/{duty.unit}"
    report = f"{base}/reports/{act.period}"
    with suppress_conflict():
        match act.verb:
            case "acknowledge":
                people.call(duty.unit, "POST", f"{base}/acknowledge")
            case "submit":
                people.call(duty.unit, "PUT", report, json=report_body(act))
            case "resubmit":
                people.call(duty.unit, "PUT", report, json=report_body(act), headers={"If-Match": f'"{act.version}"'})
            case "return":
                people.call("office", "POST", f"{report}/return", json={"reason": act.reason})
            case "accept":
                people.call("office", "POST", f"{report}/accept")


class suppress_conflict(suppress):  # noqa: N801 - reads like contextlib's own
    """Refusals that mean "already done"."""

    def __init__(self) -> None:
        super().__init__(Refused)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        return isinstance(error, Refused) and error.status in {CONFLICT, *PRECONDITIONS}
