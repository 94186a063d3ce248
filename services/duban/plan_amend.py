"""`duban plan amend`: what a draft would change in a plan in force, and putting it in force."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from services.duban.arguments import Json
from services.duban.output import print_json, print_table

KINDS = {
    "plan": "方案 plan",
    "area": "领域 area",
    "measure": "措施 measure",
    "title": "措施名称 title",
    "moved": "移动 moved",
    "unit": "单位 unit",
    "lead_inferred": "牵头标注 mark of a lead",
    "excused": "不适用 excused",
    "order": "次序 order",
    "target": "目标 target",
    "indicator": "指标 indicator",
}
EFFECTS = {"issued": "新交办 issued", "amended": "调整 amended", "superseded": "不再承担 superseded"}
Day = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="the day from which it counts")]


def amend(
    key: Annotated[str, typer.Argument(metavar="PLAN")],
    from_: Day,
    reason: Annotated[str, typer.Option(help="why, for the record and the units")],
    document_number: Annotated[str | None, typer.Option(help="of the notice that amends the plan")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show the difference and change nothing")] = False,
    as_json: Json = False,
) -> None:
    """修订执行中的方案：使草稿自某日起生效。 Put the draft of a plan in force in its place, from a day on."""
    from services.duban.client import signed_in  # noqa: PLC0415 - `--help` does without

    body = {"effective_from": f"{from_:%Y-%m-%d}", "reason": reason, "document_number": document_number}
    path = f"/api/task/v1/plans/{key}/amend"
    answer = signed_in("office-head").call("POST", path, json=body, params={"dry_run": "true"} if dry_run else None)
    if as_json:
        print_json(answer)
        return
    print_difference(answer["changes"])
    print_table("单位 units", ["", "措施", "单位", "角色", "增加期次", "免报期次"], list(_effects(answer["effects"])))
    done = "仅预演，未生效 rehearsed only" if dry_run else f"第 {answer['number']} 次修订已生效 amended"
    typer.echo(f"{answer['plan']} {answer['effective_from']}: {done}")


def print_difference(changes: Sequence[Mapping[str, Any]]) -> None:
    rows = [[KINDS.get(c["kind"], c["kind"]), c["place"], _said(c["before"]), _said(c["after"])] for c in changes]
    print_table("差异 difference", ["", "位置", "现行", "修订后"], rows)


def _effects(effects: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[list[str]]:
    for kind, title in EFFECTS.items():
        for of in effects[kind]:
            role = f"{of['role_before']} → {of['role']}" if of["role_before"] else of["role"]
            periods = ["、".join(of[name]) for name in ("added", "excused")]
            yield [title, of["measure"], of["unit_name"], role, *periods]


def _said(value: object) -> str:
    """What is new has no before, what is gone no after."""
    if value is None:
        return "—"
    if isinstance(value, Mapping):
        return " ".join(map(_said, value.values()))
    return "；".join(map(_said, value)) if isinstance(value, list) else str(value)
