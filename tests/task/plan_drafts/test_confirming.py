"""From a confirmed draft to the draft of a plan; of a plan in force the draft waits to amend it."""

from typing import Any

import pytest

from services.task.models import PlanDraft
from shared.db import table_of
from tests.task.city import City, pointers, problem
from tests.task.plan_drafts.desk import MISSPELT, PLAN, PUT, TEXT, confirm, decide, imported, on_desk, settle


@pytest.fixture
def office(desk: City) -> City:
    return desk


@pytest.fixture
async def draft(office: City) -> dict[str, Any]:
    return await on_desk(office)


@pytest.fixture
async def settled(office: City, draft: dict[str, Any]) -> dict[str, Any]:
    return await settle(office, draft)


async def nothing_was_put(city: City, draft: dict[str, Any]) -> bool:
    unchanged = await city.get("office", f"plan-drafts/{draft['id']}") == draft
    return unchanged and await city.rows(table_of(PlanDraft), plan=PLAN) == []


async def test_a_confirmed_draft_becomes_the_plans_draft(either_office: City) -> None:
    settled = await settle(either_office, await imported(either_office))
    answer = await confirm(either_office, settled, all=True, **PUT)
    assert (answer.status_code, answer.json()["plan"], answer.json()["version"]) == (200, PLAN, 3)
    file = await either_office.get("office", f"plans/{PLAN}/file")
    assert (file["title"], file["issuer"], file["reporting"]["cycle"]) == (
        "港口发展行动方案（2023—2024年）", "示例市人民政府", "quarterly",
    )  # fmt: skip
    assert [[(u["unit"] or u["group"], u["role"], u["lead_inferred"]) for u in m["units"]] for m in file["areas"][0]["measures"]] == [
        [("commerce", "lead", False), ("education", "cooperating", False), ("districts", "cooperating", False)],
        [("customs", "lead", True), ("commerce", "lead", True)],
    ]  # fmt: skip
    assert (await either_office.get("office", f"plans/{PLAN}/preview"))["total"] == 6


async def test_a_draft_that_was_put_can_be_published(office: City, settled: dict[str, Any]) -> None:
    await confirm(office, settled, all=True, **PUT)
    assert (await office.publish(PLAN))["state"] == "published"


async def test_what_nobody_confirmed_is_not_put(office: City, settled: dict[str, Any]) -> None:
    answer = await confirm(office, settled, **PUT)
    assert (answer.status_code, problem(answer)) == (409, "draft-not-confirmed")
    assert await nothing_was_put(office, settled)


async def test_an_unresolved_draft_is_not_put(office: City, draft: dict[str, Any]) -> None:
    answer = await confirm(office, draft, all=True, **PUT)
    assert (answer.status_code, problem(answer), pointers(answer)) == (
        409,
        "draft-not-resolved",
        [f"/items/{MISSPELT}"],
    )
    assert await nothing_was_put(office, draft)


async def test_items_confirmed_one_by_one_are_put_without_all(office: City, settled: dict[str, Any]) -> None:
    open_items = [item["id"] for status in ("certain", "inferred") for item in settled["draft"]["items"][status]]
    confirmed = (await decide(office, settled, *({"op": "confirm", "item": item} for item in open_items))).json()
    assert (await confirm(office, confirmed, **PUT)).status_code == 200


async def test_a_unit_chosen_against_its_printed_name_is_the_one_that_is_put(
    office: City, draft: dict[str, Any]
) -> None:
    chosen = (await decide(office, draft, {"op": "edit", "item": MISSPELT, "changes": {"key": "nanshan"}})).json()
    await confirm(office, chosen, all=True, **PUT)
    file = await office.get("office", f"plans/{PLAN}/file")
    assert [unit["unit"] for unit in file["areas"][0]["measures"][1]["units"]] == ["nanshan", "commerce"]


@pytest.mark.parametrize(
    ("changed", "status", "code", "pointer"),
    [
        ({"issuer": None}, 422, "invalid-input", "/issuer"),
        ({"office": "nowhere"}, 422, "unknown-unit", "/office"),
        ({"group": "nowhere"}, 422, "unknown-unit", "/group"),
        ({"ends": "2022-12-31"}, 422, "invalid-input", "/ends"),
        ({"zone": "Asia/Atlantis"}, 422, "invalid-input", "/zone"),
        ({"reporting": {"cycle": "fortnightly"}}, 422, "invalid-input", "/reporting/cycle"),
        ({"office": None}, 422, "invalid-input", "/office"),
        ({"plan": None}, 422, "invalid-input", "/plan"),
        ({"plan": None, "office": None, "all": False}, 422, "invalid-input", ""),
        ({"plan": "Wharf"}, 422, "invalid-input", "/plan"),
    ],
)  # fmt: skip
async def test_what_the_plan_lacks_is_pointed_at_and_nothing_is_half_put(
    office: City, settled: dict[str, Any], changed: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    body = {name: value for name, value in {"all": True, **PUT, **changed}.items() if value is not None}
    answer = await confirm(office, settled, **body)
    assert (answer.status_code, problem(answer), pointers(answer)) == (status, code, [pointer])
    assert await nothing_was_put(office, settled)


async def test_what_the_office_chooses_comes_before_what_the_document_says(
    office: City, settled: dict[str, Any]
) -> None:
    monthly = {"cycle": "monthly", "due": {"day_of_month": 28}}
    await confirm(office, settled, all=True, **PUT, ends="2024-06-30", reporting=monthly)
    file = await office.get("office", f"plans/{PLAN}/file")
    assert (file["starts"], file["starts_precision"]) == ("2023-01-01", "year")
    assert (file["ends"], file["ends_precision"], file["reporting"]["cycle"]) == ("2024-06-30", "day", "monthly")


async def test_another_draft_of_the_plan_is_replaced_only_by_its_version(office: City, settled: dict[str, Any]) -> None:
    first = (await confirm(office, settled, all=True, **PUT)).json()
    other = await settle(office, await imported(office, TEXT.replace("10个", "12个")))
    refused = await confirm(office, other, all=True, **PUT)
    assert (refused.status_code, problem(refused)) == (409, "plan-has-another-draft")
    assert (await confirm(office, other, all=True, **PUT, replaces=1)).status_code == 200
    assert (await office.ask("office", "GET", f"plans/{PLAN}")).headers["ETag"] == '"2"'
    assert (await confirm(office, first, **PUT, replaces=2)).status_code == 200


async def test_an_account_for_other_plans_puts_none(office: City) -> None:
    draft = (
        await office.ask("elsewhere", "POST", "plan-drafts", params={"name": "a.txt"}, content=TEXT.encode())
    ).json()
    edit = {"op": "edit", "item": MISSPELT, "changes": {"key": "customs"}}
    seen = {"If-Match": '"1"'}
    await office.ask("elsewhere", "PATCH", f"plan-drafts/{draft['id']}", json={"operations": [edit]}, headers=seen)
    answer = await office.ask(
        "elsewhere",
        "POST",
        f"plan-drafts/{draft['id']}/confirm",
        json={"all": True, **PUT},
        headers={"If-Match": '"2"'},
    )
    assert (answer.status_code, problem(answer)) == (404, "plan-not-found")


async def test_the_same_confirmation_with_the_same_key_answers_the_same(office: City, settled: dict[str, Any]) -> None:
    headers = {"If-Match": '"2"', "Idempotency-Key": "k2"}
    address, body = f"plan-drafts/{settled['id']}/confirm", {"all": True, **PUT}
    first, again = [await office.ask("office", "POST", address, json=body, headers=headers) for _ in range(2)]
    assert (again.status_code, again.content) == (200, first.content)


# --- a changed document ---------------------------------------------------------------------------


@pytest.fixture
async def revised(office: City, settled: dict[str, Any]) -> dict[str, Any]:
    """The plan was put; a revised text was imported."""
    await confirm(office, settled, all=True, **PUT)
    return await settle(office, await imported(office, TEXT.replace("10个", "12个").replace("市教育局、", "")))


CHANGES = [
    {"kind": "unit", "place": "1/education", "before": "cooperating", "after": None},
    {"kind": "target", "place": "1/个", "before": [">= 10 2024-12-31"], "after": [">= 12 2024-12-31"]},
]


async def test_a_revised_text_shows_its_difference_from_the_plans_draft(office: City, revised: dict[str, Any]) -> None:
    difference = await office.get("office", f"plan-drafts/{revised['id']}/difference", plan=PLAN)
    assert difference == {"plan": PLAN, "becomes": "draft", "changes": CHANGES}


async def test_what_was_put_differs_in_nothing(office: City, settled: dict[str, Any]) -> None:
    await confirm(office, settled, all=True, **PUT)
    difference = await office.get("office", f"plan-drafts/{settled['id']}/difference")
    assert difference == {"plan": PLAN, "becomes": "draft", "changes": []}


async def test_a_plan_in_force_gets_a_draft_and_is_told_what_it_would_change(
    office: City, revised: dict[str, Any]
) -> None:
    await office.publish(PLAN)
    events = await office.count_events()
    answer = await confirm(office, revised, all=True, **PUT)
    assert (answer.status_code, answer.json()["plan"]) == (200, PLAN)
    assert answer.json()["difference"] == {"plan": PLAN, "becomes": "amendment", "changes": CHANGES}
    assert "amend" in answer.json()["next"]
    assert await office.count_events() == events
    in_force = await office.get("office", f"plans/{PLAN}/file")
    assert "education" in {unit["unit"] for unit in in_force["areas"][0]["measures"][0]["units"]}
    preview = await office.get("office", f"plans/{PLAN}/preview")
    assert preview["amendment"]["changes"] == CHANGES


async def test_the_same_document_again_amends_nothing(office: City, settled: dict[str, Any]) -> None:
    confirmed = (await confirm(office, settled, all=True, **PUT)).json()
    await office.publish(PLAN)
    answer = await confirm(office, confirmed, **PUT)
    assert (answer.status_code, answer.json()["difference"]["changes"]) == (200, [])
    assert "无需修订" in answer.json()["next"]


async def test_an_amendment_that_waits_is_replaced_only_by_its_version(office: City, revised: dict[str, Any]) -> None:
    await office.publish(PLAN)
    await confirm(office, revised, all=True, **PUT)
    other = await settle(office, await imported(office, TEXT.replace("10个", "15个")))
    refused = await confirm(office, other, all=True, **PUT)
    assert (refused.status_code, problem(refused)) == (409, "plan-has-another-draft")
    assert (await confirm(office, other, all=True, **PUT, replaces=2)).status_code == 200


async def test_what_only_the_office_says_stays_when_a_changed_document_is_confirmed(
    office: City, settled: dict[str, Any]
) -> None:
    monthly = {"cycle": "monthly", "due": {"day_of_month": 28}}
    clocks = {"acknowledge": 5}
    await confirm(
        office, settled, all=True, **PUT, reporting=monthly, clocks=clocks, title_en="Wharf", ends="2024-10-31"
    )
    file = await office.get("office", f"plans/{PLAN}/file")
    file["areas"][0]["measures"][0]["units"][2]["excused"] = {"luohu": "没有码头"}
    file["indicators"][0] |= {"key": "warehouses", "title": "海外仓（个）", "owner": "commerce"}
    seen = {"If-Match": '"1"'}
    assert (await office.ask("office", "PUT", f"plans/{PLAN}", json=file, headers=seen)).status_code == 200
    await office.publish(PLAN, first_period="2023-12")
    revised = await settle(office, await imported(office, TEXT.replace("10个", "12个")))
    answer = (await confirm(office, revised, all=True, **PUT)).json()
    assert answer["difference"]["changes"] == [
        {"kind": "target", "place": "1/个", "before": [">= 10 2024-12-31"], "after": [">= 12 2024-12-31"]}
    ]


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({}, 422, "nothing-to-compare"),
        ({"plan": "elsewhere"}, 404, "plan-not-found"),
        ({"plan": "No Key"}, 422, "invalid-input"),
    ],
)
async def test_a_comparison_needs_a_plan(
    office: City, settled: dict[str, Any], params: dict[str, str], status: int, code: str
) -> None:
    answer = await office.ask("office", "GET", f"plan-drafts/{settled['id']}/difference", params=params)
    assert (answer.status_code, problem(answer)) == (status, code)


async def test_an_unresolved_draft_is_not_compared(office: City, settled: dict[str, Any]) -> None:
    await confirm(office, settled, all=True, **PUT)
    other = await imported(office)
    answer = await office.ask("office", "GET", f"plan-drafts/{other['id']}/difference", params={"plan": PLAN})
    assert (answer.status_code, problem(answer), pointers(answer)) == (
        409,
        "draft-not-resolved",
        [f"/items/{MISSPELT}"],
    )
