"""Moving the demo's business time on every service, stepping through each instant at which something happens."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from services.duban.client import Client

SERVICES = ("directory", "task", "notification", "reporting")
SETTLE_SECONDS = 120.0
PAUSE_SECONDS = 0.05
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class DoesNotSettle(Exception):
    """Work was still left after two minutes; it says where."""


def parse_step(text: str) -> timedelta:
    """`1d`, `3h`, `90m`, `2w`. Raises ValueError."""
    number, unit = text[:-1], text[-1:]
    if unit not in UNITS or not number.isdigit() or int(number) == 0:
        raise ValueError(f"{text!r}: write a number and m, h, d or w, such as 1d")
    return int(number) * UNITS[unit]


def advance(client: Client, to: datetime, on_step: Callable[[datetime], None] = lambda _: None) -> None:
    """Step through each due instant up to and including `to`, and settle at each.

    Raises Refused (outside the demo, or backwards), NotReachable or DoesNotSettle.
    """
    settle(client)
    while True:
        step = min(to, _next_due(client) or to)
        for service in SERVICES:
            client.call("POST", f"/api/{service}/v1/clock", json={"to": step.isoformat()})
        settle(client)
        on_step(step)
        if step >= to:
            return


def now(client: Client) -> datetime:
    """The business time of the services; the earliest, should an advance have been cut short."""
    return min(datetime.fromisoformat(client.call("GET", f"/api/{name}/v1/clock")["now"]) for name in SERVICES)


def settle(client: Client) -> None:
    """Wait until no service has anything left to do: twice in a row, since work travels between them."""
    quiet, deadline = 0, time.monotonic() + SETTLE_SECONDS
    left: dict[str, dict[str, int]] = {}
    while quiet < 2:
        left = {name: client.call("GET", f"/api/{name}/v1/clock")["work"] for name in SERVICES}
        quiet = quiet + 1 if not any(count for work in left.values() for count in work.values()) else 0
        if time.monotonic() > deadline:
            raise DoesNotSettle(f"仍有未完成的工作 work is left: {left}")
        if quiet == 0:
            time.sleep(PAUSE_SECONDS)


def _next_due(client: Client) -> datetime | None:
    instants = [client.call("GET", f"/api/{name}/v1/clock")["next_due"] for name in SERVICES]
    return min((datetime.fromisoformat(instant) for instant in instants if instant), default=None)
