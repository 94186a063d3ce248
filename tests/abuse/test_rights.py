"""The matrix of role, route, ownership and state, over every route of every service's OpenAPI document.

Commands are rehearsed (`dry_run`), so that all of them meet the same state.
"""

from typing import Any

import httpx
import pytest

from tests.abuse.rights import (
    EVERYBODY,
    FOREIGN,
    OF_FUTIAN,
    OPERATORS,
    PARTAKERS,
    READERS,
    RIGHTS,
    STATES,
    STREAMS,
    People,
    Right,
    rows,
)
from tests.abuse.whole import PLACES, Whole, story_plan
from tests.task.city import CONTENT, OTHER

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.usefixtures("unchanged")]
TITLE = story_plan()["title"]
AFEW: People = frozenset({"admin", "auditor", "office-head", "futian", "elsewhere"})
"""Enough for the routes that every service has alike."""


def operations(whole: Whole, service: str) -> dict[str, dict[str, Any]]:
    """The operations of a service by `METHOD /path`, public ones left out."""
    prefix = f"/api/{service}/v1"
    return {
        f"{method.upper()} {path.removeprefix(prefix)}": operation
        for path, methods in whole.apps[service].openapi()["paths"].items()
        for method, operation in methods.items()
        if operation["security"]
    }


async def ask(whole: Whole, service: str, route: str, right: Right, who: str | None) -> httpx.Response:
    method, path = right.address(route).split(" ", 1)
    rehearsable = any(given["name"] == "dry_run" for given in operations(whole, service)[route].get("parameters", ()))
    body = story_plan() if route == "PUT /plans/{plan}" else right.body
    request = {} if body is None else {"json": body}
    params = {**right.query, **({"dry_run": "true"} if rehearsable else {})}
    return await whole.ask(who, method, f"/api/{service}/v1{path}", params=params, **request)


async def must_be_kept(whole: Whole, service: str, route: str, right: Right, people: People = EVERYBODY) -> None:
    """Everybody gets as far as the row says, and nobody reads what is not theirs, whatever the status."""
    found = {}
    for who in sorted(people):
        answer = await ask(whole, service, route, right, who)
        found[who] = answer.status_code
        told = [words for words in hidden_from(who, service, route) if words in answer.text]
        assert told == [], who
        if answer.status_code in (403, 404):
            assert answer.json()["type"].startswith("urn:duban:problem:")
    assert found == {who: right.expected(who) for who in sorted(people)}


def hidden_from(who: str, service: str, route: str) -> list[str]:
    """What must not be in any answer to somebody: Futian's report and why it came back, or even that there is a plan."""
    if who in READERS | OF_FUTIAN or (who, route) == ("feed-robot", "GET /events"):
        return []
    report = [CONTENT["done"], OTHER["done"], "请补充数据"]
    if who in PARTAKERS or (who, service, route) == ("admin", "notification", "GET /notices"):
        return report  # admin sees that a notice went out, not what it says
    return [*report, TITLE]


@pytest.mark.parametrize("service", RIGHTS)
async def test_every_route_of_the_document_is_in_the_table(whole: Whole, service: str) -> None:
    assert RIGHTS[service].keys() | STREAMS >= operations(whole, service).keys()
    assert RIGHTS[service].keys() <= operations(whole, service).keys()


@pytest.mark.parametrize(("service", "route"), rows(RIGHTS))
async def test_without_a_token_nobody_gets_through(whole: Whole, service: str, route: str) -> None:
    answer = await ask(whole, service, route, RIGHTS[service][route], None)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json()["type"] == "urn:duban:problem:not-authenticated"


async def test_without_a_token_nobody_hears_the_stream(whole: Whole) -> None:
    assert (await whole.ask(None, "GET", "/api/notification/v1/inbox/stream")).status_code == 401


@pytest.mark.parametrize(("service", "route"), rows(RIGHTS))
async def test_everybody_gets_as_far_as_the_table_says(whole: Whole, service: str, route: str) -> None:
    await must_be_kept(whole, service, route, RIGHTS[service][route], AFEW if route in OPERATORS else EVERYBODY)


@pytest.mark.parametrize(("service", "route"), rows(FOREIGN))
async def test_another_units_things_are_out_of_reach(whole: Whole, service: str, route: str) -> None:
    await must_be_kept(whole, service, route, FOREIGN[service][route])


@pytest.mark.parametrize(("route", "state"), [(route, state) for route in STATES for state in PLACES])
async def test_a_state_is_told_to_those_who_may_act_and_to_nobody_else(whole: Whole, route: str, state: str) -> None:
    measure, period = PLACES[state]
    usual = RIGHTS["task"][route]
    body = OTHER if route.startswith("PUT") and state != "returned" else usual.body
    where = {"measure": measure, "period": period}
    await must_be_kept(whole, "task", route, Right(usual.through, usual.refused, STATES[route][state], body, where))
