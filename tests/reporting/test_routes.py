"""Reporting over HTTP: who may call what, the fixed bodies, and where links lead."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.reporting.app import create_app
from services.reporting.projections import accounts, board, directory
from services.reporting.settings import ReportingSettings
from shared.db.migrations import upgrade
from tests.reporting.readers import know_key, signed_in
from tests.reporting.story import PLAN, PUBLISHED, Q1, Story, account, account_id, eventful

P = f"/api/reporting/v1/plans/{PLAN}"
PEOPLE = {
    "office": ("office", None),
    "leader": ("leader", None),
    "auditor": ("auditor", None),
    "admin": ("admin", None),
    "futian": ("liaison", "futian"),
    "education": ("liaison", "education"),
}
READS = [
    "board",
    "units",
    "measures/17",
    "units/futian",
    "indicators",
    "indicators/warehouses",
    "rates",
    "reports",
    "lights",
]
Client = Callable[[str], httpx.AsyncClient]


@pytest.fixture(scope="session")
def told_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file of a reporting that knows the story; copying it is faster than telling it to each test."""
    folder = tmp_path_factory.mktemp("reporting")
    asyncio.run(tell(folder))
    return folder / "reporting.db"


async def tell(folder: Path) -> None:
    async with reporting_in(folder) as app:
        database = app.state.service.database
        await upgrade(database, "services.reporting")
        await know_key(app)
        async with database.write() as connection:
            for projection in (directory, accounts, board):
                wanted = projection.event_types()
                await projection.apply(connection, [event for event in told().events if event.data.type in wanted])


@asynccontextmanager
async def reporting_in(folder: Path) -> AsyncIterator[FastAPI]:
    app = create_app(ReportingSettings(data=folder, demo=True, demo_starts="2024-04-10T10:00:00+08:00"))
    yield app
    await app.state.service.database.close()


@pytest.fixture
async def app(told_once: Path, tmp_path: Path) -> AsyncIterator[FastAPI]:
    shutil.copy(told_once, tmp_path)
    async with reporting_in(tmp_path) as app:
        yield app


def told() -> Story:
    story = eventful()
    for name, (role, unit) in PEOPLE.items():
        story.record(f"account/{account_id(name)}", PUBLISHED, account(name, role, unit=unit))
    return story


@pytest.fixture
async def as_(app: FastAPI) -> AsyncIterator[Client]:
    """A client with somebody's token."""
    opened: list[httpx.AsyncClient] = []

    def sign_in(name: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app)
        opened.append(httpx.AsyncClient(transport=transport, base_url="http://duban", headers=signed_in(name)))
        return opened[-1]

    yield sign_in
    for client in opened:
        await client.aclose()


@pytest.mark.parametrize("path", READS)
async def test_nobody_reads_without_a_token(path: str, app: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://duban") as client:
        assert (await client.get(f"{P}/{path}")).status_code == 401


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize(
    ("name", "status"), [("admin", 404), ("education", 404), ("futian", 200), ("leader", 200), ("auditor", 200)]
)
async def test_a_plan_is_found_only_by_whom_it_concerns(path: str, name: str, status: int, as_: Client) -> None:
    answer = await as_(name).get(f"{P}/{path}")
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("path", ["measures/3", "units/luohu", "units/commerce"])
async def test_a_unit_does_not_find_what_it_takes_no_part_in(path: str, as_: Client) -> None:
    assert (await as_("futian").get(f"{P}/{path}")).status_code == 404


async def test_a_unit_sees_the_state_of_the_others_and_not_their_reports(as_: Client) -> None:
    page = (await as_("futian").get(f"{P}/measures/17")).json()
    luohu, futian = (next(row for row in page["units"] if row["unit"] == unit) for unit in ("luohu", "futian"))
    assert (luohu["state"], luohu["version"], luohu["href"]) == ("accepted", None, None)
    assert (futian["state"], futian["version"]) == ("returned", 1)
    assert futian["href"] == f"/api/task/v1/plans/{PLAN}/measures/17/units/futian/reports/{Q1}"


async def test_the_lights_of_other_units_do_not_tell_their_dates(as_: Client) -> None:
    rows = (await as_("futian").get(f"{P}/lights?measure=17")).json()["items"]
    assert {row["unit"] for row in rows if "due" in row["inputs"]} == {"futian"}


async def test_every_figure_on_the_board_leads_to_the_reports_that_it_counts(as_: Client) -> None:
    office = as_("office")
    shown = (await office.get(f"{P}/board")).json()
    for line in [shown, *shown["areas"], *shown["measures"], *shown["units"]]:
        for figure, href in line["links"].items():
            behind = (await office.get(href)).json()["items"]
            assert len(behind) == line["totals"][figure], (figure, href)
        assert {figure for figure, count in line["totals"].items() if count} == line["links"].keys()


async def test_every_page_that_the_board_names_is_there(as_: Client) -> None:
    office = as_("office")
    shown = (await office.get(f"{P}/board?as_of=2024-04-09")).json()
    for line in [*shown["measures"], *shown["units"], *shown["indicators"]]:
        page = await office.get(line["href"])
        assert page.status_code == 200, line["href"]
        assert page.json()["as_of"] == "2024-04-09"


async def test_a_list_of_reports_is_read_page_by_page_in_the_plans_order(as_: Client) -> None:
    office = as_("office")
    first = (await office.get(f"{P}/reports?limit=3")).json()
    rest = (await office.get(f"{P}/reports?limit=3&cursor={first['next']}")).json()
    assert [(row["measure"], row["unit"]) for row in first["items"] + rest["items"]] == [
        ("3", "commerce"),
        ("17", "customs"),
        ("17", "futian"),
        ("17", "luohu"),
    ]
    assert rest["next"] is None


async def test_rates_give_numerator_and_denominator(as_: Client) -> None:
    rates = (await as_("office").get(f"{P}/rates")).json()
    assert rates["all"]["submitted"] == {"numerator": 2, "denominator": 4, "rate": "0.5000"}
    assert rates["subordinate"]["overdue"] == {"numerator": 1, "denominator": 3, "rate": "0.3333"}
    assert rates["requested"]["accepted"] == {"numerator": 0, "denominator": 0, "rate": None}


async def test_an_explained_light_names_rule_inputs_and_day(as_: Client) -> None:
    row = (await as_("office").get(f"{P}/lights?unit=commerce")).json()["items"][0]
    assert (row["light"], row["rule"], row["rules"], row["day"]) == (
        "red",
        "report-overdue",
        "procedure-1",
        "2024-04-10",
    )
    assert row["inputs"]["due"] == "2024-04-08"
    codes = [rule["code"] for rule in (await as_("office").get("/api/reporting/v1/rules")).json()["rules"]]
    assert row["rule"] in codes


async def test_a_cause_is_told_in_the_callers_language(as_: Client) -> None:
    english = await as_("office").get(f"{P}/board", headers={"Accept-Language": "en"})
    assert english.json()["measures"][0]["cause"] == "Commerce: overdue, no report"


async def test_the_overview_sums_up_the_plans_of_the_caller(as_: Client) -> None:
    seen = (await as_("leader").get("/api/reporting/v1/overview")).json()
    assert seen["totals"] == seen["plans"][0]["totals"]
    assert seen["plans"][0]["lights"] == {"red": 1, "yellow": 1}
    assert (await as_("education").get("/api/reporting/v1/overview")).json()["plans"] == []


async def test_the_list_of_plans_holds_those_that_the_caller_may_see(as_: Client) -> None:
    assert [plan["plan"] for plan in (await as_("futian").get("/api/reporting/v1/plans")).json()["items"]] == [PLAN]
    assert (await as_("admin").get("/api/reporting/v1/plans")).json()["items"] == []


@pytest.mark.parametrize(
    ("query", "status", "problem"),
    [
        ("period=2030-Q1", 404, "period-not-found"),
        ("period=2024-Q9", 422, "invalid-input"),
        ("as_of=2024-13-01", 422, "invalid-input"),
        ("as_of=2030-01-01", 422, "day-not-known"),
        ("as_of=2023-11-30", 422, "day-not-known"),
    ],
)
async def test_a_wrong_question_is_answered_with_what_to_do(query: str, status: int, problem: str, as_: Client) -> None:
    answer = await as_("office").get(f"{P}/board?{query}")
    told_: dict[str, Any] = answer.json()
    assert (answer.status_code, told_["type"]) == (status, f"urn:duban:problem:{problem}"), told_
    assert told_["detail"]


@pytest.mark.parametrize("name", ["office", "leader", "futian", "auditor"])
async def test_only_an_admin_rebuilds(name: str, as_: Client) -> None:
    assert (await as_(name).post("/api/reporting/v1/projections/reporting.board/rebuild")).status_code == 403


async def test_accounts_cannot_be_rebuilt(as_: Client) -> None:
    answer = await as_("admin").post("/api/reporting/v1/projections/reporting.accounts/rebuild")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:duban:problem:projection-not-found")
