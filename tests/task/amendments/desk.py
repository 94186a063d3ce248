"""Amended plan files of the small city, and what a test does with them."""

from typing import Any

import httpx

from tests.task.city import City
from tests.task.facts import PLAN, Document, plan_file

NEW = {"key": "4", "title": "建设数字口岸", "strength": "binding", "units": [{"unit": "education", "role": "lead"}]}
REASON = "市政府常务会议审议调整"


def measures(document: Document) -> list[dict[str, Any]]:
    return [measure for area in document["areas"] for measure in area["measures"]]


def measure(document: Document, key: str) -> dict[str, Any]:
    return next(each for each in measures(document) if each["key"] == key)


def retitled() -> Document:
    document = plan_file()
    measure(document, "1")["title"] = "建设公共海外仓"
    return document


def with_a_new_measure() -> Document:
    document = plan_file()
    document["areas"][1]["measures"].append(dict(NEW))
    return document


def without_measure(key: str) -> Document:
    """Of the measures, with its indicators and the area that has no other."""
    document = plan_file()
    for area in document["areas"]:
        area["measures"] = [each for each in area["measures"] if each["key"] != key]
    document["areas"] = [area for area in document["areas"] if area["measures"]]
    document["indicators"] = [each for each in document["indicators"] if each.get("measure") != key]
    return document


def without_unit(key: str, unit: str) -> Document:
    document = plan_file()
    of = measure(document, key)
    of["units"] = [each for each in of["units"] if each.get("unit") != unit]
    return document


def with_role(key: str, unit: str, role: str) -> Document:
    document = plan_file()
    next(each for each in measure(document, key)["units"] if each.get("unit") == unit)["role"] = role
    return document


async def redraft(city: City, document: Document, **headers: str) -> httpx.Response:
    answer = await city.put_plan(document, **headers)
    assert answer.status_code in (200, 201), answer.text
    return answer


async def ask_to_amend(
    city: City, since: str = "2024-04-08", who: str | None = "office-head", query: str = "", **more: Any
) -> httpx.Response:
    headers = more.pop("headers", {})
    body = {"effective_from": since, "reason": REASON, **more}
    return await city.ask(who, "POST", f"plans/{PLAN}/amend{query}", json=body, headers=headers)


async def amended(city: City, document: Document, since: str = "2024-04-08", **more: Any) -> dict[str, Any]:
    """The draft is put and in force."""
    await redraft(city, document)
    answer = await ask_to_amend(city, since, **more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def states(city: City, measure: str, unit: str) -> dict[str, str]:
    """State of each report of an assignment by its period."""
    return {report["period"]: str(report["state"]) for report in await city.reports(measure=measure, unit=unit)}
