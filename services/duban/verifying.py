"""Verifying a service's whole audit trail, page by page."""

from collections.abc import Callable
from typing import Any

from services.duban.client import Client


def verify(client: Client, service: str, on_progress: Callable[[int], None] = lambda _: None) -> dict[str, Any]:
    """What was found: `events`, `aggregates`, `broken`. Raises Refused or NotReachable."""
    path = f"/api/{service}/v1/audit/verify"
    page = client.call("GET", path)
    found = {"events": page["events"], "aggregates": page["aggregates"], "broken": page["broken"]}
    while page["next"] is not None:
        on_progress(found["events"])
        page = client.call("GET", path, params={"cursor": page["next"]})
        for name, so_far in found.items():
            found[name] = so_far + page[name]
    return found
