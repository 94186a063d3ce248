"""How the command line shows answers to people and to programs."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import typer

ZONE = ZoneInfo("Asia/Shanghai")
FIGURES = {
    "assignments": "交办事项",
    "acknowledged": "已签收",
    "expected": "应报",
    "submitted": "已报",
    "on_time": "按时",
    "accepted": "通过",
    "returned": "退回",
    "awaiting_review": "待审核",
    "excused": "免报",
    "late": "逾期",
    "requested_pending": "待反馈",
}
LIGHTS = {"green": "绿", "yellow": "黄", "red": "红", "grey": "灰"}


def print_json(answer: object) -> None:
    typer.echo(json.dumps(answer, ensure_ascii=False, indent=1))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Nothing is cut off: what does not fit goes on in the next line."""
    from rich.console import Console  # noqa: PLC0415 - `--help` and `--json` do without
    from rich.table import Table  # noqa: PLC0415

    table = Table(title=title)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def print_board(board: Mapping[str, Any]) -> None:
    mark = "【演示数据 demo data】" if board["sample"] else ""
    figures = [[f"{FIGURES[name]} {name}", str(count)] for name, count in board["totals"].items()]
    print_table(f"{board['title']} {board['period'] or ''} · {board['as_of']}{mark}", ["", ""], figures)
    rows = [[m["measure"], m["title"], LIGHTS[m["light"]], m["cause"]] for m in board["measures"]]
    print_table("措施 measures", ["#", "措施", "灯", "原因"], rows)


def local(instant: datetime) -> str:
    """An instant as people in the plans' zone write it, fit to be read back."""
    return instant.astimezone(ZONE).isoformat()
