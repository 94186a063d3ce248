"""`duban doctor`: what every service says of itself."""

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
        return {"status": "ready", "detail": _checks(client.call("GET", f"/api/{name}/v1/readyz?verbose"))}
    except Refused as refused:
        return {"status": "not-ready", "detail": _checks(refused.problem)}
    except NotReachable as lost:
        return {"status": "not-reachable", "detail": str(lost)}


def _checks(answer: Any) -> str:
    if isinstance(answer, dict) and isinstance(answer.get("checks"), dict):
        return ", ".join(f"{check}: {state}" for check, state in answer["checks"].items())
    return str(answer.get("detail", "")) if isinstance(answer, dict) else ""
