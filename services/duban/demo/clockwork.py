"""Moving the demo's business time on every service, stepping through each instant at which something happens."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from services.duban.client import Client
from services.duban.failures import Failure

SERVICES = ("directory", "task", "notification", "reporting")
SETTLE_SECONDS = 120.0
PAUSE_SECONDS = 0.05
LONGEST_STEP = timedelta(days=3660)
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class DoesNotSettle(Failure):
    """Work was still left after two minutes; it says where."""


def parse_step(text: str) -> timedelta:
    """`1d`, `3h`, `90m`, `2w`. Raises ValueError."""
    number, unit = text[:-1], text[-1:]
    if unit not in UNITS or not number.isdigit() or int(number) == 0:
        raise ValueError(f"{text!r}：请写数字加 m、h、d 或 w，如 1d。 Write a number and m, h, d or w, such as 1d.")
    if int(number) > LONGEST_STEP / UNITS[unit]:
        raise ValueError(f"{text!r}：最多十年。 Ten years at most.")
    return int(number) * UNITS[unit]


def advance(client: Client, to: datetime, on_step: Callable[[datetime], None] = lambda _: None) -> None:
    """Step through each due instant up to and including `to`, and settle at each.

    Raises Refused (outside the demo, or backwards), NotReachable or DoesNotSettle.
    """
    due = settle(client)
    while True:
        step = min(to, due or to)
        for service in SERVICES:
            client.call("POST", f"/api/{service}/v1/clock", json={"to": step.isoformat()})
        due = settle(client)
        on_step(step)
        if step >= to:
            return


def now(client: Client) -> datetime:
    """The business time of the services; the earliest, should an advance have been cut short."""
    return min(datetime.fromisoformat(state["now"]) for state in _clocks(client).values())


def settle(client: Client) -> datetime | None:
    """Wait until no service has anything left to do: twice in a row, since work travels between them.

    Answers the next instant at which one of them will have something to do, if any.
    """
    quiet, deadline = 0, time.monotonic() + SETTLE_SECONDS
    clocks: dict[str, Any] = {}
    while quiet < 2:
        clocks = _clocks(client)
        left = {name: state["work"] for name, state in clocks.items()}
        quiet = quiet + 1 if not any(count for work in left.values() for count in work.values()) else 0
        if time.monotonic() > deadline:
            raise DoesNotSettle(f"仍有未完成的工作 Work is left: {left}")
        if quiet == 0:
            time.sleep(PAUSE_SECONDS)
    instants = [state["next_due"] for state in clocks.values()]
    return min((datetime.fromisoformat(instant) for instant in instants if instant), default=None)


def _clocks(client: Client) -> dict[str, Any]:
    return {name: client.call("GET", f"/api/{name}/v1/clock") for name in SERVICES}
