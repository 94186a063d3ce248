"""From an official document to a plan: `duban plan draft` without a server, `plan import` and `plan confirm` with one."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.duban.arguments import existing_file, writable_file
from services.duban.client import signed_in
from services.duban.plan_amend import print_difference
from services.task.plan_import import PlanImportError, UnitDirectory, draft_plan, to_json
from services.task.plan_import.draft import Status
from services.task.plan_import.errors import DocumentTooLarge
from services.task.plan_import.html_view import STATUS_WORDS, to_html
from services.task.plan_import.reading import MOST_BYTES
from services.task.plan_import.trace import trace_lines
from shared.documents import read_document
from shared.web.validation import document_rules

REFUSED = 1
READING_SECONDS = 60.0  # the server gives a document up after 30
DRAFTS = "/api/task/v1/plan-drafts"
ROLE_WORDS = {"lead": "牵头", "responsible": "责任", "cooperating": "配合"}
STATUS_STYLES = {Status.INFERRED: "yellow", Status.UNRESOLVED: "bold red"}
Document = Annotated[Path, typer.Argument(callback=existing_file, help="the plan as .txt, .docx or .pdf")]
Json = Annotated[bool, typer.Option("--json", help="machine-readable output")]
Found = Mapping[str, Any]
"""A draft in the form of `to_json`, from here or from the server."""


def draft(
    file: Document,
    units: Annotated[Path | None, typer.Option(callback=existing_file, help="a units.yaml to match names with")] = None,
    json_output: Json = False,
    html: Annotated[
        Path | None, typer.Option(callback=writable_file, help="write the text with coloured spans to this file")
    ] = None,
    trace: Annotated[bool, typer.Option("--trace", help="print what each stage found")] = False,
) -> None:
    """从正式文本生成方案草稿，供人核对。 Draft a plan from its official text, for a person to check."""
    try:
        document = file.read_bytes()
        found = draft_plan(document, file.name, _directory(units))
        traced = list(trace_lines(document, file.name)) if trace else []
    except PlanImportError as refusal:
        Console(stderr=True).print(f"[red]{refusal.sentence('zh')}[/red]\n{refusal.sentence('en')}")
        raise typer.Exit(REFUSED) from refusal
    for line in traced:
        typer.echo(line, err=json_output)
    if html:
        html.write_text(to_html(found), encoding="utf-8")
    if json_output:
        _print_json(to_json(found))
    else:
        _print(to_json(found))


def import_document(file: Document, json_output: Json = False) -> None:
    """上传正式文本，得到待确认的草稿。 Upload an official text and get a draft to confirm."""
    if file.stat().st_size > MOST_BYTES:
        raise DocumentTooLarge(limit=f"{MOST_BYTES // 1_000_000} MB")
    with file.open("rb") as content:
        upload = {"file": (file.name, content)}
        answer = signed_in("office").call("POST", DRAFTS, files=upload, timeout=READING_SECONDS)
    if json_output:
        _print_json(answer)
        return
    _print(answer["draft"])
    typer.echo(f"{answer['id']}  第 {answer['version']} 版 version {answer['version']}")


def confirm(
    draft_id: Annotated[str, typer.Argument(metavar="ID", help="what `plan import` printed")],
    plan: Annotated[str, typer.Option(help="key of the plan")],
    office: Annotated[str, typer.Option(help="key of the office's unit")],
    group: Annotated[str | None, typer.Option(help="key of the leading group's unit")] = None,
    issuer: Annotated[str | None, typer.Option(help="who issued the plan, where the text does not say")] = None,
    accept_all: Annotated[bool, typer.Option("--all", help="confirm every certain and inferred item")] = False,
    replaces: Annotated[int | None, typer.Option(help="version of the plan's draft that this one replaces")] = None,
    json_output: Json = False,
) -> None:
    """确认草稿并存为方案草稿。 Confirm a draft and store it as the plan's draft; of a plan in force, show the difference."""
    client = signed_in("office")
    seen = client.call("GET", f"{DRAFTS}/{draft_id}")["version"]
    chosen = {"plan": plan, "office": office, "group": group, "issuer": issuer, "replaces": replaces, "all": accept_all}
    body = {name: value for name, value in chosen.items() if value is not None}
    answer = client.call("POST", f"{DRAFTS}/{draft_id}/confirm", json=body, headers={"If-Match": f'"{seen}"'})
    if json_output:
        _print_json(answer)
        return
    if answer["difference"]:
        print_difference(answer["difference"]["changes"])
        typer.echo(answer["next"])
    typer.echo(f"{answer['plan']} {answer['title']}: 草稿 draft")


class _Named(BaseModel):
    """What is read of a unit or a group; a units file and a list of the directory's API say more."""

    key: str
    name: str
    short_name: str | None = None
    aliases: list[str] = []
    successors: list[str] = []
    members: list[str] = []


class _Units(BaseModel):
    units: list[_Named]
    groups: list[_Named] = []


def _directory(units: Path | None) -> UnitDirectory | None:
    """Raises UnreadableDocument or InvalidRequest."""
    if units is None:
        return None
    with document_rules():
        return UnitDirectory.from_mapping(_Units.model_validate(read_document(units.read_bytes())).model_dump())


def _print_json(answer: object) -> None:
    typer.echo(json.dumps(answer, ensure_ascii=False, indent=1))


# -- tables ------------------------------------------------------------------------------------------------------------


def _print(found: Found) -> None:
    console = Console()
    console.print(f"[bold]{escape(found['title'] or '（文中没有标题）')}[/bold]  {escape(found['issuer'] or '')}")
    console.print(_measures(found))
    console.print(_targets(found))
    for status in STATUS_STYLES:
        console.print(f"{STATUS_WORDS[status]}: {len(found['items'][status])}")
    if found["items"][Status.UNRESOLVED]:
        console.print(_unresolved(found))


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _measures(found: Found) -> Table:
    table = _table("措施 measures", "编号", "措施", "单位（推定的标*）")
    for measure in _all_measures(found):
        note = f" [dim]({measure['kind']})[/dim]" if "kind" in measure else ""
        table.add_row(measure["id"], escape(measure["title"]) + note, "，".join(map(_unit, measure["units"])))
    return table


def _all_measures(found: Found) -> Iterator[Found]:
    return (measure for area in found["areas"] for measure in area["measures"])


def _unit(unit: Found) -> str:
    key, mark = f"→{unit['key']}" if unit["key"] else "", "*" if unit["inferred"] else ""
    text = escape(f"{unit['name']}{key}({ROLE_WORDS[unit['role']]}{mark})")
    style = STATUS_STYLES.get(Status(unit["status"]))
    return f"[{style}]{text}[/{style}]" if style else text


def _targets(found: Found) -> Table:
    table = _table("目标 targets", "措施", "目标值", "期限", "原文")
    for target in found["targets"]:
        value = target["value"]
        amount = value if isinstance(value, str) else "-".join(value)
        says = f"{target['comparator']} {amount} {target['unit']}"
        table.add_row(target["measure"] or "全文", escape(says), target["deadline"] or "", escape(target["text"]))
    return table


def _unresolved(found: Found) -> Table:
    table = _table("待解决 unresolved", "项", "内容", "原因")
    close = {unit["item"]: unit["proposals"] for measure in _all_measures(found) for unit in measure["units"]}
    for item in found["items"][Status.UNRESOLVED]:
        proposals = close.get(item["id"])
        detail = f"；相近：{'、'.join(proposals)}" if proposals else ""
        table.add_row(escape(item["id"]), escape(item["says"] or "（缺）"), "，".join(item["rules"]) + detail)
    return table


if __name__ == "__main__":
    typer.run(draft)
