"""The real text of the example plan, where it is at hand: uploaded, confirmed, and what publishing it would issue."""

from typing import Any

import yaml

from contracts.directory import UnitGroupDefined, UnitRegistered
from contracts.names import Relation, UnitKind
from services.task.schemas.plan_file import read_plan
from tests.task.city import City
from tests.task.plan_drafts.desk import confirm, imported
from tests.task.plan_import.test_samples import EXAMPLE, REAL, amounts, real_only

ASSIGNMENTS = 166


async def register(city: City) -> None:
    """The example's units and groups, beside those of the small city."""
    directory = yaml.safe_load((EXAMPLE / "units.yaml").read_text("utf-8"))
    record = city.people._record
    names = ("name", "short_name", "aliases")
    for unit in directory["units"]:
        fact = UnitRegistered(
            unit=unit["key"],
            kind=UnitKind(unit["kind"]),
            relation=Relation(unit["relation"]),
            **{name: unit[name] for name in names if name in unit},
        )
        await city.hear([record(f"unit/{unit['key']}", fact)])
    for group in directory["groups"]:
        defined = UnitGroupDefined(group=group["key"], name=group["name"], members=group["members"])
        await city.hear([record(f"unit_group/{group['key']}", defined)])


def duties(plan: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (area["number"], area["title"], measure["key"], measure["title"], measure["units"])
        for area in plan["areas"]
        for measure in area["measures"]
    ]


@real_only
async def test_the_official_text_becomes_the_example_plan(town: City) -> None:
    example = read_plan((EXAMPLE / "plan.yaml").read_bytes()).model_dump(mode="json")
    await register(town)
    draft = await imported(town, (REAL / "00_shenzhen_cbec.txt").read_bytes())
    answer = await confirm(town, draft, all=True, plan=example["key"], office=example["office"])
    assert answer.status_code == 200, answer.text
    assert (await town.get("office", f"plans/{example['key']}/preview"))["total"] == ASSIGNMENTS
    file = await town.get("office", f"plans/{example['key']}/file")
    assert (file["title"], file["issuer"]) == (example["title"], example["issuer"])
    assert duties(file) == duties(example)
    assert sorted(amounts(file), key=str) == sorted(amounts(example), key=str)
