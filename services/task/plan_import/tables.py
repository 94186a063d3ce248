"""Tables: task tables with a header, whether rows are lines or every cell has come to stand on a line of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from services.task.plan_import.lines import Lines
from services.task.plan_import.markers import Level, Marker, markers_in
from services.task.plan_import.names import is_unit
from services.task.plan_import.roles import DEADLINE_LABEL, LABEL_RULES, OTHER_LABEL, RoleRule
from services.task.plan_import.spans import Span
from services.task.plan_import.units import DATE, DATED, LASTING, LIST_MARK
from services.task.plan_import.vocabulary import any_of


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


@dataclass(frozen=True)
class Row:
    """A task of a table: its cells by column, and the section that it stands in."""

    cells: dict[int, Span]
    section: Marker | None
    section_title: Span | None

    def cell(self, table: Table, use: Use) -> Span | None:
        return next((span for index, span in self.cells.items() if table.columns[index].use is use), None)


@dataclass(frozen=True)
class Table:
    span: Span
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


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
_HEADINGS = {use: re.compile(any_of(words)) for use, words in _WORDS.items()}
_UNIT_HEADINGS = [(rule, re.compile(rule.pattern)) for rule in LABEL_RULES]
_CELL_MARK = re.compile(r"\t|[ ]*\|[ ]*| {2,}")
_RULE_LINE = re.compile(r"[|\s:+-]+")
_SERIAL = re.compile(r"[ ]*(\d{1,3})[.、]?[ ]*")
LONGEST_HEADING_CELL = 16
MOST_COLUMNS = 10
LONGEST_SECTION = 60


def find_tables(lines: Lines) -> list[Table]:
    """The tables of a text; one begins where a header names tasks and units, and ends where rows end."""
    found: list[Table] = []
    index = 0
    spans = lines.spans
    while index < len(spans):
        table, index = _table_at(lines.text, spans, index)
        if table:
            found.append(table)
    return found


def _table_at(text: str, spans: Sequence[Span], index: int) -> tuple[Table | None, int]:
    if cells := _header_row(text, spans[index]):
        columns = tuple(_column(cell.of(text)) or Column(Use.OTHER, cell.of(text)) for cell in cells)
        rows, after = _rows_as_lines(text, spans, index + 1, columns)
    elif length := _header_lines(text, spans, index):
        columns = tuple(column for line in spans[index : index + length] if (column := _column(line.of(text))))
        rows, after = _rows_as_cells(text, spans, index + length, columns)
    else:
        return None, index + 1
    if not rows:
        return None, index + 1
    return Table(Span(spans[index].start, spans[after - 1].end), columns, tuple(rows)), after


# -- headers -----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _column(printed: str) -> Column | None:
    title = "".join(printed.split()).strip("|:")
    if not title or len(title) > LONGEST_HEADING_CELL:
        return None
    for rule, pattern in _UNIT_HEADINGS:
        if pattern.fullmatch(title):
            return Column(Use.UNITS, title, rule)
    if re.fullmatch(DEADLINE_LABEL, title):
        return Column(Use.DEADLINE, title)
    if re.fullmatch(OTHER_LABEL, title):
        return Column(Use.OTHER, title)
    return next((Column(use, title) for use, pattern in _HEADINGS.items() if pattern.fullmatch(title)), None)


def _header_row(text: str, line: Span) -> list[Span] | None:
    if line.end - line.start > 120:
        return None
    cells = _cells(text, line, _CELL_MARK)
    if len(cells) < 2:
        cells = _cells(text, line, re.compile(" +"))
    return cells if len(cells) > 1 and _is_header([_column(cell.of(text)) for cell in cells]) else None


def _header_lines(text: str, spans: Sequence[Span], index: int) -> int:
    """How many lines from here are column headings, each on its own."""
    columns: list[Column | None] = []
    for line in spans[index : index + MOST_COLUMNS]:
        column = _column(line.of(text)) if line.end - line.start < 2 * LONGEST_HEADING_CELL else None
        if column is None:
            break
        columns.append(column)
    return len(columns) if _is_header(columns) else 0


def _is_header(columns: Sequence[Column | None]) -> bool:
    uses = {column.use for column in columns if column}
    return Use.UNITS in uses and bool(uses & {Use.TASK, Use.AREA})


# -- rows as lines -----------------------------------------------------------------------------------------------------


def _cells(text: str, line: Span, mark: re.Pattern[str]) -> list[Span]:
    cells, start = [], line.start
    for separator in [*mark.finditer(text, *line), None]:
        end = separator.start() if separator else line.end
        cells.append(Span(start, end))
        start = separator.end() if separator else line.end
    outer = "|" in text[line.start : line.start + 2]
    cells = cells[1:] if outer and not cells[0].of(text).strip() else cells
    return cells[:-1] if outer and cells and not cells[-1].of(text).strip() else cells


def _rows_as_lines(text: str, spans: Sequence[Span], index: int, columns: tuple[Column, ...]) -> tuple[list[Row], int]:
    rows: list[Row] = []
    section: tuple[Marker | None, Span | None] = (None, None)
    while index < len(spans):
        line = spans[index]
        cells = _row_cells(text, line, len(columns))
        filled = [cell for cell in cells if cell.of(text).strip()]
        if not _RULE_LINE.fullmatch(line.of(text)):
            if len(filled) > 1:
                rows.append(
                    Row(
                        {
                            i: _stripped(text, cell)
                            for i, cell in enumerate(cells[: len(columns)])
                            if cell.of(text).strip()
                        },
                        *section,
                    )
                )
            elif (head := _section(text, line)) and _more_rows(text, spans, index, len(columns)):
                section = head
            else:
                break
        index += 1
    return rows, index


def _row_cells(text: str, line: Span, width: int) -> list[Span]:
    cells = _cells(text, line, _CELL_MARK)
    if len(cells) == 1 and width > 1:
        spaced = _cells(text, line, re.compile(" +"))
        numbered = len(spaced) > 1 and _SERIAL.fullmatch(text, *spaced[0])
        return spaced if (numbered or len(spaced) >= width - 1) and len(spaced) <= width else cells
    return cells


def _section(text: str, line: Span) -> tuple[Marker, Span] | None:
    """A line that heads the rows below it: 一、… or (一)…"""
    marker = next(markers_in(text, *line), None)
    if (
        marker is None
        or not marker.opens_line
        or marker.level not in (Level.HEADING, Level.BRACKETED)
        or line.end - line.start > LONGEST_SECTION
    ):
        return None
    return marker, _stripped(text, Span(marker.end, line.end), "|\t ")


def _more_rows(text: str, spans: Sequence[Span], index: int, width: int) -> bool:
    return index + 1 < len(spans) and len(_row_cells(text, spans[index + 1], width)) > 1


# -- rows as cells -----------------------------------------------------------------------------------------------------


def _rows_as_cells(text: str, spans: Sequence[Span], index: int, columns: tuple[Column, ...]) -> tuple[list[Row], int]:
    if any(column.use is Use.NUMBER for column in columns):
        return _numbered_rows(text, spans, index, columns)
    rows: list[Row] = []
    section: tuple[Marker | None, Span | None] = (None, None)
    while index + len(columns) <= len(spans):
        is_row = _is_row(text, spans[index : index + len(columns)], columns)
        if not is_row and (head := _section(text, spans[index])):
            section, index = head, index + 1
            continue
        if not is_row:
            break
        rows.append(
            Row({i: _stripped(text, cell) for i, cell in enumerate(spans[index : index + len(columns)])}, *section)
        )
        index += len(columns)
    return rows, index


def _is_row(text: str, cells: Sequence[Span], columns: tuple[Column, ...]) -> bool:
    return len(cells) == len(columns) and all(
        column.use is not Use.UNITS or _lists_units(text, cell) for cell, column in zip(cells, columns, strict=True)
    )


def _numbered_rows(text: str, spans: Sequence[Span], index: int, columns: tuple[Column, ...]) -> tuple[list[Row], int]:
    """Each row begins with the next serial number on a line of its own."""
    rows: list[Row] = []
    section: tuple[Marker | None, Span | None] = (None, None)
    serial = 0
    while index < len(spans):
        if head := _section(text, spans[index]):
            section, index = head, index + 1
            continue
        number = _SERIAL.fullmatch(text, *spans[index])
        if number is None or int(number[1]) not in (serial + 1, 1):
            break
        serial = int(number[1])
        length = _row_length(text, spans, index, serial)
        cells, used = _placed(text, spans[index : index + length], columns)
        rows.append(Row(cells, *section))
        index += used
    return rows, index


def _row_length(text: str, spans: Sequence[Span], index: int, serial: int) -> int:
    length = 1
    while index + length < len(spans):
        number = _SERIAL.fullmatch(text, *spans[index + length])
        if (number and int(number[1]) == serial + 1) or _section(text, spans[index + length]):
            break
        length += 1
    return length


def _placed(text: str, lines: Sequence[Span], columns: tuple[Column, ...]) -> tuple[dict[int, Span], int]:
    """Give each line its column: by position where the row is full, else by what the line looks like."""
    if len(lines) == len(columns):
        return {index: _stripped(text, line) for index, line in enumerate(lines)}, len(lines)
    open_columns = list(range(len(columns)))
    cells: dict[int, Span] = {}
    for used, line in enumerate(lines):
        column = _column_for(text, line, columns, open_columns)
        if column is None:
            task = max((index for index in cells if columns[index].use in (Use.TASK, Use.AREA)), default=None)
            if task is None or any(columns[index].use is Use.UNITS for index in cells):
                return cells, used
            cells[task] = Span(cells[task].start, line.end)
            continue
        cells[column] = _stripped(text, line)
        open_columns = [index for index in open_columns if index > column]
    return cells, len(lines)


def _column_for(text: str, line: Span, columns: tuple[Column, ...], open_columns: Sequence[int]) -> int | None:
    printed = line.of(text).strip()
    if _lists_units(text, line):
        wanted = {Use.UNITS}
    elif LASTING.fullmatch(printed) or (DATED.search(printed) and DATE.fullmatch(printed)):
        wanted = {Use.DEADLINE}
    elif _SERIAL.fullmatch(printed):
        wanted = {Use.NUMBER}
    else:
        wanted = {Use.AREA, Use.TASK, Use.OTHER}
    return next((index for index in open_columns if columns[index].use in wanted), None)


def _lists_units(text: str, line: Span) -> bool:
    printed = line.of(text).strip()
    if printed in ("无", "/", "-", "--"):
        return True
    names = [name.strip() for name in LIST_MARK.split(printed) if name.strip()]
    return (
        bool(names)
        and len(printed) < 400
        and sum(1 for name in names if is_unit(re.sub("(?:等|牵头|负责|配合)$", "", name))) > len(names) / 2
    )


def _stripped(text: str, span: Span, marks: str = " \t|") -> Span:
    start, end = span
    while start < end and text[start] in marks:
        start += 1
    while end > start and text[end - 1] in marks:
        end -= 1
    return Span(start, end)


def serial_numbers(table: Table, text: str) -> Iterator[tuple[Row, str | None]]:
    """Rows with the number printed in their number column."""
    for row in table.rows:
        cell = row.cell(table, Use.NUMBER)
        number = _SERIAL.fullmatch(text, *cell) if cell else None
        yield row, number[1] if number else None
