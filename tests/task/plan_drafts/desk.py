"""The office's desk: a short official text, and what a test does with its draft."""

from typing import Any

import httpx

from tests.task.city import City

TEXT = """港口发展行动方案（2023—2024年）
一、仓储
（一）建设海外仓。到2024年新建海外仓10个以上。（市商务委牵头，市教育局、各区配合）
（二）提升通关效率。办好活动3场。（深圳海官、市商务局负责）
"""
TOO_MANY = TEXT * 460
"""Of items: there are eleven in each, and 5,000 are allowed."""
MISSPELT = "unit:2:深圳海官"
"""Of 深圳海关; nobody has that name."""
PLAN = "wharf"
PUT = {"plan": PLAN, "office": "lg-office", "issuer": "示例市人民政府"}


async def learn_names(city: City) -> None:
    """The directory knows the names that the text uses."""
    people = city.people
    await city.hear([people.unit("commerce", short_name="商务局", aliases=["市商务委"])])
    await city.hear([people.group("districts", ["futian", "luohu"], name="各区")])


async def upload(
    city: City, document: bytes | str = TEXT, name: str = "方案.txt", who: str | None = "office", **headers: str
) -> httpx.Response:
    content = document.encode() if isinstance(document, str) else document
    return await city.ask(who, "POST", "plan-drafts", params={"name": name}, content=content, headers=headers)


async def imported(city: City, document: bytes | str = TEXT) -> dict[str, Any]:
    answer = await upload(city, document)
    assert answer.status_code == 201, answer.text
    draft: dict[str, Any] = answer.json()
    return draft


async def on_desk(city: City) -> dict[str, Any]:
    """The only draft that there is."""
    [listed] = (await city.get("office", "plan-drafts"))["items"]
    draft: dict[str, Any] = await city.get("office", f"plan-drafts/{listed['id']}")
    return draft


async def decide(city: City, draft: dict[str, Any], *operations: dict[str, Any]) -> httpx.Response:
    return await send(city, draft, "PATCH", "", {"operations": list(operations)})


async def settle(city: City, draft: dict[str, Any]) -> dict[str, Any]:
    """Decide on the misspelt unit."""
    answer = await decide(city, draft, {"op": "edit", "item": MISSPELT, "changes": {"key": "customs"}})
    assert answer.status_code == 200, answer.text
    settled: dict[str, Any] = answer.json()
    return settled


async def confirm(city: City, draft: dict[str, Any], **body: Any) -> httpx.Response:
    return await send(city, draft, "POST", "/confirm", body)


async def send(
    city: City, draft: dict[str, Any], method: str, path: str, body: dict[str, Any] | None = None, who: str = "office"
) -> httpx.Response:
    """With the version that was seen."""
    headers = {"If-Match": f'"{draft["version"]}"'}
    return await city.ask(who, method, f"plan-drafts/{draft['id']}{path}", json=body, headers=headers)


def items(draft: dict[str, Any], status: str) -> list[str]:
    return [item["id"] for item in draft["draft"]["items"][status]]


def unit(draft: dict[str, Any], item: str) -> dict[str, Any]:
    units = [u for area in draft["draft"]["areas"] for measure in area["measures"] for u in measure["units"]]
    found: dict[str, Any] = next(each for each in units if each["item"] == item)
    return found
