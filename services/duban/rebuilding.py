"""Asking for a rebuild and waiting for it. Who stops waiting stops nothing."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from services.duban.client import Client
from services.duban.failures import Failure

PAUSE_SECONDS = 0.5
UNDER_WAY = ("asked", "running")


class RebuildRefused(Failure):
    """It ended without a new generation; the sentence says why."""


def rebuild(
    client: Client, service: str, projection: str, on_progress: Callable[[Mapping[str, Any]], None] = lambda _: None
) -> dict[str, Any]:
    """What came of it. One that is under way already is waited for. Raises RebuildRefused, Refused or NotReachable."""
    path = f"/api/{service}/v1/projections/{projection}/rebuild"
    state: dict[str, Any] = client.call("POST", path)
    while state["state"] in UNDER_WAY:
        on_progress(state)
        time.sleep(PAUSE_SECONDS)
        state = client.call("GET", path)
    if state["state"] != "done":
        raise RebuildRefused(state["problem"])
    return state
