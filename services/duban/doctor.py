"""`duban doctor`: what every service says of itself."""

from collections.abc import Mapping
from typing import Any

from services.duban.catalogue import WITH_DATABASE
from services.duban.client import Client, NotReachable, Refused, base_url

State = dict[str, str]


def examine() -> dict[str, State]:
    """Readiness of each service by name: `status` ready, not-ready or not-reachable, and a sentence."""
    client = Client(base_url())
    return {name: _examine(client, name) for name in WITH_DATABASE}


def _examine(client: Client, name: str) -> State:
    try:
        return {"status": "ready", "detail": _told(client.call("GET", f"/api/{name}/v1/readyz?verbose"))}
    except Refused as refused:
        return {"status": "not-ready", "detail": _told(refused.problem)}
    except NotReachable as lost:
        return {"status": "not-reachable", "detail": str(lost)}


def _told(answer: Mapping[str, Any]) -> str:
    """What the service checked; a proxy without the service behind it answers without checks."""
    if "checks" not in answer:
        return str(answer.get("detail", ""))
    return "; ".join(f"{check['name']}: {check['says']}" for check in answer["checks"])
