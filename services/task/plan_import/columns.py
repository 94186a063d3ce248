"""Columns of task tables: what a printed heading says that the cells below it hold, as data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from services.task.plan_import.roles import DEADLINE_LABEL, LABEL_RULES, OTHER_LABEL, PROSE_LABEL, RoleRule
from services.task.plan_import.vocabulary import any_of

LONGEST_HEADING_CELL = 16


class Use(StrEnum):
    """What a column is for."""

    NUMBER = "number"
    AREA = "area"
    TASK = "task"
    UNITS = "units"
    DEADLINE = "deadline"
    OTHER = "other"


@dataclass(frozen=True)
class Column:
    use: Use
    title: str
    role: RoleRule | None = None


_WORDS = {
    Use.NUMBER: ("序号", "编号", "项次", "序", "号"),
    Use.AREA: ("类别", "领域", "重点领域", "任务类别", "分类", "方面", "板块", "工作类别", "任务领域", "一级任务", "重点方面", "工作领域", "任务板块"),
    Use.TASK: (
        "任务", "重点任务", "工作任务", "主要任务", "具体任务", "任务名称", "任务内容", "工作内容", "具体措施", "措施", "重点工作", "工作举措", "主要措施", "事项", "工作事项", "任务事项", "目标任务",
        "主要内容", "改革任务", "任务分解", "重点举措", "项目名称", "建设内容", "任务要点", "重点任务及措施", "具体内容", "工作措施", "任务举措", "主要举措", "具体举措", "工作要点", "重点事项", "改革事项",
        "任务清单", "任务及措施", "内容", "工作目标", "政策措施", "二级任务", "具体工作", "具体工作任务", "重点工作任务",
    ),
    Use.OTHER: ("备注", "目标", "成果", "成果形式", "工作成效", "预期成果", "资金来源", "责任人", "联系人", "任务来源", "依据", "进展", "年度目标", "完成情况"),
}  # fmt: skip
_COMPOSED = re.compile(
    "(?=.*(?:任务|措施|举措|内容|事项|项目|要点))"
    "(?:年度|重点|主要|具体|工作|目标|改革|建设|推进|任务|措施|举措|内容|事项|项目|要点|行动|清单|分解|名称|政策|[与和及、])+"
)  # 目标与任务, 重点工作任务及措施
_HEADINGS = {use: re.compile(any_of(words)) for use, words in _WORDS.items()}
_SHARED_OUT = "(?:责任|任务|职责|部门)分工|责任分解|责任人及责任单位"  # cells that may name roles themselves
_UNIT_HEADINGS = [
    (rule, re.compile(f"{rule.pattern}|{_SHARED_OUT}" if rule.name == "label.responsible" else rule.pattern))
    for rule in LABEL_RULES
]


@lru_cache(maxsize=4096)
def column_of(printed: str) -> Column | None:
    title = "".join(printed.split()).strip("|:")
    if not title or len(title) > LONGEST_HEADING_CELL:
        return None
    for rule, pattern in _UNIT_HEADINGS:
        if pattern.fullmatch(title):
            return Column(Use.UNITS, title, rule)
    if re.fullmatch(DEADLINE_LABEL, title):
        return Column(Use.DEADLINE, title)
    if re.fullmatch(f"{OTHER_LABEL}|{PROSE_LABEL}", title):
        return Column(Use.OTHER, title)
    known = next((use for use, pattern in _HEADINGS.items() if pattern.fullmatch(title)), None)
    use = known or (Use.TASK if _COMPOSED.fullmatch(title) else None)
    return Column(use, title) if use else None


def is_header(columns: Sequence[Column | None]) -> bool:
    uses = {column.use for column in columns if column}
    return Use.UNITS in uses and bool(uses & {Use.TASK, Use.AREA})
