"""Cells: which stretch of a row belongs to which column, also where a cell was wrapped and came apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from services.task.plan_import.columns import Column, Use
from services.task.plan_import.names import is_group, is_unit, prefix_of
from services.task.plan_import.spans import Span
from services.task.plan_import.units import DATE, DATED, LASTING, LIST_MARK
from services.task.plan_import.vocabulary import UNIT_ENDINGS

SERIAL = re.compile(r"[ |]*(\d{1,3})[.、]?[ |]*")
MOST_PIECES = 40  # of one row; more are the text behind a table
NOBODY = ("无", "/", "-", "--")
ENDINGS = frozenset(UNIT_ENDINGS)


def placed(text: str, lines: Sequence[Span], columns: tuple[Column, ...]) -> tuple[dict[int, Span], int]:
    """Give each line its column: by position where the row is full, else by what the line looks like."""
    if len(lines) == len(columns):
        return {index: stripped(text, line) for index, line in enumerate(lines)}, len(lines)
    if whole := fitted(text, lines, columns):
        return whole, len(lines)
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
        cells[column] = stripped(text, line)
        open_columns = [index for index in open_columns if index > column]
    return cells, len(lines)


def _column_for(text: str, line: Span, columns: tuple[Column, ...], open_columns: Sequence[int]) -> int | None:
    printed = line.of(text).strip()
    if lists_units(text, line):
        wanted = {Use.UNITS}
    elif says_when(text, line):
        wanted = {Use.DEADLINE}
    elif SERIAL.fullmatch(printed):
        wanted = {Use.NUMBER}
    else:
        wanted = {Use.AREA, Use.TASK, Use.OTHER}
    return next((index for index in open_columns if columns[index].use in wanted), None)


def says_when(text: str, line: Span) -> bool:
    """Whether a line is nothing but a deadline or how long a task goes on."""
    printed = line.of(text).strip(" \t|")
    return bool(LASTING.fullmatch(printed) or (DATED.search(printed) and DATE.fullmatch(printed)))


def lists_units(text: str, line: Span) -> bool:
    printed = line.of(text).strip()
    if printed in ("无", "/", "-", "--"):
        return True
    names = [name.strip() for name in LIST_MARK.split(printed) if name.strip()]
    return (
        bool(names) and len(printed) < 400 and sum(1 for name in names if is_unit(_plain_name(name))) > len(names) / 2
    )


def stripped(text: str, span: Span, marks: str = " \t|") -> Span:
    start, end = span
    while start < end and text[start] in marks:
        start += 1
    while end > start and text[end - 1] in marks:
        end -= 1
    return Span(start, end)


# -- wrapped cells -----------------------------------------------------------------------------------------------------


def fitted(text: str, pieces: Sequence[Span], columns: tuple[Column, ...]) -> dict[int, Span] | None:
    """Give each column as few pieces as read as what it holds, so that all pieces are used; None where that fails."""
    if not len(columns) < len(pieces) <= MOST_PIECES or not any(column.use is Use.UNITS for column in columns):
        return None
    ends = _ends(text, pieces, columns, 0, 0, set())
    if ends is None:
        return None
    starts = [0, *ends[:-1]]
    return {
        index: stripped(text, Span(pieces[start].start, pieces[end - 1].end))
        for index, (start, end) in enumerate(zip(starts, ends, strict=True))
    }


def _ends(
    text: str,
    pieces: Sequence[Span],
    columns: tuple[Column, ...],
    column: int,
    start: int,
    failed: set[tuple[int, int]],
) -> list[int] | None:
    """Where the pieces of this column and of those after it end."""
    if column == len(columns):
        return [] if start == len(pieces) else None
    if (column, start) in failed:
        return None
    holds = _HOLDS.get(columns[column].use, _holds_anything)
    for end in range(start + 1, len(pieces) - (len(columns) - column - 1) + 1):
        if holds([piece.of(text).strip() for piece in pieces[start:end]]):
            rest = _ends(text, pieces, columns, column + 1, end, failed)
            if rest is not None:
                return [end, *rest]
    failed.add((column, start))
    return None


def _holds_number(pieces: Sequence[str]) -> bool:
    return len(pieces) == 1 and SERIAL.fullmatch(pieces[0]) is not None


def _holds_deadline(pieces: Sequence[str]) -> bool:
    printed = "".join(pieces)
    return bool(LASTING.fullmatch(printed) or (DATED.search(printed) and DATE.fullmatch(printed)))


def _holds_anything(pieces: Sequence[str]) -> bool:
    return bool(pieces)


def _holds_units(pieces: Sequence[str]) -> bool:
    """Units by name, none of which begins inside a name that was not parted from it."""
    printed = "".join(pieces)
    if printed in NOBODY:
        return True
    if printed[-1:] in "、,;和及":
        return False
    if any(left[-1:] not in "、,;" and _begins_a_unit(right) for left, right in pairwise(pieces)):
        return False
    names = [_plain_name(name) for name in LIST_MARK.split(printed) if name]
    return all(map(is_unit, names)) and names[0] not in ENDINGS


def _begins_a_unit(piece: str) -> bool:
    first = LIST_MARK.split(piece)[0]
    return first not in ENDINGS and (
        prefix_of(first) is not None or is_group(first) or LEVEL_OPENS.match(piece) is not None
    )


def _plain_name(name: str) -> str:
    return re.sub("(?:等|牵头|负责|配合)$", "", name)


LEVEL_OPENS = re.compile("[省市县区州](?:委|政府|直)?[\u4e00-\u9fff]")
_HOLDS: dict[Use, Callable[[Sequence[str]], bool]] = {
    Use.NUMBER: _holds_number,
    Use.UNITS: _holds_units,
    Use.DEADLINE: _holds_deadline,
}
