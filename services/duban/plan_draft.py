"""`duban plan draft FILE`: a draft plan from an official document, without a running server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console
from rich.table import Table

from services.task.plan_import import Draft, PlanImportError, UnitDirectory, draft_plan, to_json
from services.task.plan_import.draft import DraftMeasure, DraftTarget, DraftUnit, Item, Status
from services.task.plan_import.html_view import STATUS_WORDS, to_html
from services.task.plan_import.trace import trace_lines

REFUSED = 1
ROLE_WORDS = {"lead": "牵头", "responsible": "责任", "cooperating": "配合"}
STATUS_STYLES = {Status.CERTAIN: "", Status.INFERRED: "yellow", Status.UNRESOLVED: "bold red"}


def draft(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="the plan as .txt, .docx or .pdf")],
    units: Annotated[Path | None, typer.Option(help="a units.yaml to match names with")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="machine-readable output")] = False,
    html: Annotated[Path | None, typer.Option(help="write the text with coloured spans to this file")] = None,
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
        typer.echo(json.dumps(to_json(found), ensure_ascii=False, indent=1))
    else:
        _print(found)


def _directory(units: Path | None) -> UnitDirectory | None:
    return UnitDirectory.from_mapping(yaml.safe_load(units.read_text(encoding="utf-8"))) if units else None


def _print(found: Draft) -> None:
    console = Console()
    console.print(f"[bold]{found.title or '（文中没有标题）'}[/bold]  {found.issuer or ''}")
    console.print(_measures(found))
    console.print(_targets(found))
    for status in (Status.INFERRED, Status.UNRESOLVED):
        console.print(f"{STATUS_WORDS[status]}: {len(found.with_status(status))}")
    if found.unresolved:
        console.print(_items(found.unresolved))


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _measures(found: Draft) -> Table:
    table = _table("措施 measures", "编号", "措施", "单位（推定的标*）")
    for measure in found.of(DraftMeasure):
        note = "" if measure.kind == "measure" else f" [dim]({measure.kind})[/dim]"
        table.add_row(measure.printed_id, measure.title + note, "，".join(_units(found, measure)))
    return table


def _units(found: Draft, measure: DraftMeasure) -> Iterator[str]:
    for unit in found.units_of(measure):
        yield _styled(
            unit,
            f"{unit.name}{'→' + unit.key if unit.key else ''}({ROLE_WORDS[unit.role]}{'*' if unit.role_inferred else ''})",
        )


def _styled(item: Item, text: str) -> str:
    style = STATUS_STYLES.get(item.status, "")
    return f"[{style}]{text}[/{style}]" if style else text


def _targets(found: Draft) -> Table:
    table = _table("目标 targets", "措施", "目标值", "期限", "原文")
    printed = {measure.id: measure.printed_id for measure in found.of(DraftMeasure)}
    for target in found.of(DraftTarget):
        table.add_row(printed.get(target.measure or "", "全文"), target.says, target.deadline or "", target.text)
    return table


def _items(items: tuple[Item, ...]) -> Table:
    table = _table("待解决 unresolved", "项", "内容", "原因")
    for item in items:
        detail = f"；相近：{'、'.join(item.proposals)}" if isinstance(item, DraftUnit) and item.proposals else ""
        table.add_row(item.id, item.says or "（缺）", "，".join(item.rules) + detail)
    return table


if __name__ == "__main__":
    typer.run(draft)
