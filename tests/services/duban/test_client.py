"""The command line's client, where the server answers what takes too long to have from a real one."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from services.duban import rebuilding
from services.duban.client import Client, Refused
from services.duban.rebuilding import RebuildRefused, rebuild
from services.duban.verifying import verify

Answer = Callable[[httpx.Request], httpx.Response]
ENDED = httpx.Response(401, json={"detail": "the token has run out"})


def client_of(answer: Answer, token: str = "fresh") -> Client:
    return Client("http://duban", token, http=httpx.Client(transport=httpx.MockTransport(answer)))


def only_fresh(request: httpx.Request) -> httpx.Response:
    fresh = request.headers["Authorization"] == "Bearer fresh"
    return httpx.Response(200, json={"asked": str(request.url)}) if fresh else ENDED


def states(*states: dict[str, Any]) -> tuple[Answer, list[str]]:
    """A server that gives these answers in turn, and what it was asked."""
    left, asked = list(states), []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        return httpx.Response(200, json=left.pop(0))

    return answer, asked


def test_a_token_that_ran_out_is_renewed_and_the_request_repeated() -> None:
    client = client_of(only_fresh, token="stale")

    def sign_in_again() -> None:
        client.token = "fresh"

    client.sign_in_again = sign_in_again
    assert client.call("GET", "/parked") == {"asked": "http://duban/parked"}


def test_a_given_token_that_ran_out_is_refused() -> None:
    with pytest.raises(Refused, match="run out"):
        client_of(only_fresh, token="stale").call("GET", "/parked")


def test_a_token_that_is_refused_even_when_new_is_tried_once() -> None:
    client, renewed = client_of(lambda _request: ENDED, token="stale"), []

    def sign_in_again() -> None:
        renewed.append(1)
        client.token = "new"

    client.sign_in_again = sign_in_again
    with pytest.raises(Refused):
        client.call("GET", "/parked")
    assert renewed == [1]


def test_a_long_list_is_read_to_its_end() -> None:
    pages = {None: {"items": [{"n": 1}], "next": "one"}, "one": {"items": [{"n": 2}], "next": None}}
    client = client_of(lambda request: httpx.Response(200, json=pages[request.url.params.get("cursor")]))
    assert [item["n"] for item in client.items("/parked")] == [1, 2]


def test_an_audit_trail_of_several_pages_is_summed_up() -> None:
    answer, _ = states(
        {"events": 900, "aggregates": 3, "broken": [{"subject": "a"}], "next": "more"},
        {"events": 5, "aggregates": 1, "broken": [{"subject": "b"}], "next": None},
    )
    seen: list[int] = []
    found = verify(client_of(answer), "task", on_progress=seen.append)
    assert (found["events"], found["aggregates"], seen) == (905, 4, [900])
    assert [broken["subject"] for broken in found["broken"]] == ["a", "b"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "PAUSE_SECONDS", 0)


@pytest.mark.usefixtures("impatient")
def test_a_rebuild_is_waited_for_and_its_progress_shown() -> None:
    answer, asked = states({"state": "asked"}, {"state": "running"}, {"state": "done", "rows": 7})
    seen: list[str] = []
    done = rebuild(client_of(answer), "reporting", "board", on_progress=lambda state: seen.append(state["state"]))
    assert (done["rows"], seen, asked) == (7, ["asked", "running"], ["POST", "GET", "GET"])


@pytest.mark.usefixtures("impatient")
def test_a_rebuild_that_failed_says_why() -> None:
    answer, _ = states({"state": "running"}, {"state": "failed", "problem": "mend the handler first"})
    with pytest.raises(RebuildRefused, match="mend the handler first"):
        rebuild(client_of(answer), "reporting", "board")
