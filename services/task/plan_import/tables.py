"""Tables: task tables with a header, whether rows are lines or every cell has come to stand on a line of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.task.plan_import.cells import SERIAL, fitted, lists_units, placed, says_when, stripped
from services.task.plan_import.columns import LONGEST_HEADING_CELL, Column, Use, column_of, is_header
from services.task.plan_import.lines import Lines
from services.task.plan_import.markers import Level, Marker, markers_in
from services.task.plan_import.numerals import CHINESE, integer
from services.task.plan_import.spans import Span


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


_CELL_MARK = re.compile(r"\t|[ ]*\|[ ]*| {2,}")
_RULE_LINE = re.compile(r"[|\s:+-]+")
_ORDINAL = re.compile(f"[ |]*[(]?(?P<value>[{CHINESE}]{{1,3}})[)]?[、]?[ |]*")
_LISTS = re.compile("指标|项目|名称|序号")
FEWEST_CELLS = 3  # of a line of a table of figures, and its lines
MOST_COLUMNS = 10
LONGEST_SECTION = 60
LONGEST_GAP = 60
MOST_LINES_OF_ROW = 60
LONGEST_BETWEEN_PAGES = 4  # characters: 续表, or what is left of a wrapped heading


def find_tables(lines: Lines) -> list[Table]:
    """The tables of a text; one begins where a header names tasks and units, and ends where rows end."""
    pages: list[list[Table]] = []
    index = 0
    spans = lines.spans
    while index < len(spans):
        table, index = _table_at(lines.text, spans, index)
        if table and pages and _goes_on(lines.text, pages[-1][-1], table):
            pages[-1].append(table)
        elif table:
            pages.append([table])
    return [_joined(parts) for parts in pages]


def _goes_on(text: str, table: Table, following: Table) -> bool:
    """Whether a table is the same one on the next page, under its header printed again."""
    gap = following.span.start - table.span.end
    if table.columns != following.columns or gap > LONGEST_GAP:
        return False
    return len("".join(text[table.span.end : following.span.start].split())) <= LONGEST_BETWEEN_PAGES


def _joined(parts: Sequence[Table]) -> Table:
    """One table of the parts on its pages; a section goes on over the page."""
    rows: list[Row] = []
    for row in (row for part in parts for row in part.rows):
        last = rows[-1] if rows else row
        rows.append(row if row.section else Row(row.cells, last.section, last.section_title))
    return Table(Span(parts[0].span.start, parts[-1].span.end), parts[0].columns, tuple(rows))


def _table_at(text: str, spans: Sequence[Span], index: int) -> tuple[Table | None, int]:
    if cells := _header_row(text, spans[index]):
        columns = tuple(column_of(cell.of(text)) or Column(Use.OTHER, cell.of(text)) for cell in cells)
        rows, after = _rows_as_lines(text, spans, index + 1, columns)
    elif length := _header_lines(text, spans, index):
        columns = tuple(_columns(text, spans[index : index + length]))
        rows, after = _rows_as_cells(text, spans, index + length, columns)
    else:
        return None, index + 1
    if not rows:
        return None, index + 1
    return Table(Span(spans[index].start, spans[after - 1].end), columns, tuple(rows)), after


# -- headers -----------------------------------------------------------------------------------------------------------


def _header_row(text: str, line: Span) -> list[Span] | None:
    if line.end - line.start > 120:
        return None
    cells = _cells(text, line, _CELL_MARK)
    if len(cells) < 2:
        cells = _rejoined(text, _cells(text, line, re.compile(" +")))
    return cells if len(cells) > 1 and is_header([column_of(cell.of(text)) for cell in cells]) else None


def _rejoined(text: str, pieces: Sequence[Span]) -> list[Span]:
    """Headings that were wrapped, whole again: 序 and 号, 完成 and 时限."""
    cells: list[Span] = []
    for piece in pieces:
        whole = Span(cells[-1].start, piece.end) if cells else piece
        apart = cells and column_of(cells[-1].of(text)) and column_of(piece.of(text))
        column = column_of(whole.of(text)) if cells else None
        if column and (not apart or column.use is Use.NUMBER):
            cells[-1] = whole
        else:
            cells.append(piece)
    return cells


def _columns(text: str, lines: Sequence[Span]) -> Iterator[Column]:
    for cell in _rejoined(text, lines):
        yield column_of(cell.of(text)) or Column(Use.OTHER, cell.of(text))


def _header_lines(text: str, spans: Sequence[Span], index: int) -> int:
    """How many lines from here are column headings, each on its own or wrapped over two."""
    length = 0
    while length < MOST_COLUMNS and (taken := _heading_lines(text, spans, index + length)):
        length += taken
    return length if length and is_header(list(_columns(text, spans[index : index + length]))) else 0


def _heading_lines(text: str, spans: Sequence[Span], index: int) -> int:
    """How many lines the heading takes that begins here; none where there is none."""
    for taken in (1, 2):
        lines = spans[index : index + taken]
        short = len(lines) == taken and lines[-1].end - lines[0].start < 2 * LONGEST_HEADING_CELL
        if short and column_of(text[lines[0].start : lines[-1].end]):
            return taken
    return 0


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
        cells = _row_cells(text, line, columns)
        filled = [cell for cell in cells if cell.of(text).strip()]
        if not _RULE_LINE.fullmatch(line.of(text)):
            if len(columns) > 2 and (head := _section_in_cells(text, filled)):
                section = head
            elif len(filled) > 1:
                rows.append(
                    Row(
                        {
                            i: stripped(text, cell)
                            for i, cell in enumerate(cells[: len(columns)])
                            if cell.of(text).strip()
                        },
                        *section,
                    )
                )
            elif (head := _section(text, line)) and _more_rows(text, spans, index, columns):
                section = head
            else:
                break
        index += 1
    return rows, index


def _row_cells(text: str, line: Span, columns: tuple[Column, ...]) -> list[Span]:
    cells, width = _cells(text, line, _CELL_MARK), len(columns)
    if len(cells) == 1 and width > 1:
        spaced = _cells(text, line, re.compile(" +"))
        numbered = len(spaced) > 1 and SERIAL.fullmatch(text, *spaced[0])
        if numbered and (fitting := fitted(text, spaced, columns)):
            return list(fitting.values())
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
    return marker, stripped(text, Span(marker.end, line.end), "|\t ")


def _section_in_cells(text: str, filled: Sequence[Span]) -> tuple[Marker, Span] | None:
    """A row that holds but a Chinese number and a title, each in its cell."""
    if len(filled) != 2 or not (number := _ORDINAL.fullmatch(text, *filled[0])):
        return None
    value = integer(number["value"])
    marker = Marker(Level.HEADING, number["value"], value, filled[0].start, filled[0].end, opens_line=True)
    return marker, stripped(text, filled[1])


def _more_rows(text: str, spans: Sequence[Span], index: int, columns: tuple[Column, ...]) -> bool:
    return index + 1 < len(spans) and len(_row_cells(text, spans[index + 1], columns)) > 1


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
            Row({i: stripped(text, cell) for i, cell in enumerate(spans[index : index + len(columns)])}, *section)
        )
        index += len(columns)
    return rows, index


def _is_row(text: str, cells: Sequence[Span], columns: tuple[Column, ...]) -> bool:
    return len(cells) == len(columns) and all(
        column.use is not Use.UNITS or lists_units(text, cell) for cell, column in zip(cells, columns, strict=True)
    )


def _numbered_rows(text: str, spans: Sequence[Span], index: int, columns: tuple[Column, ...]) -> tuple[list[Row], int]:
    """Each row begins with a serial number on a line of its own; an excerpt leaves numbers out."""
    rows: list[Row] = []
    section: tuple[Marker | None, Span | None] = (None, None)
    serial = 0
    while index < len(spans):
        if head := _section(text, spans[index]):
            section, index = head, index + 1
            continue
        number = SERIAL.fullmatch(text, *spans[index])
        if number is None or 1 < int(number[1]) <= serial:
            break
        serial = int(number[1])
        length = _row_length(text, spans, index, serial)
        cells, used = placed(text, spans[index : index + length], columns)
        rows.append(Row(cells, *section))
        index += used
    return rows, index


def _row_length(text: str, spans: Sequence[Span], index: int, serial: int) -> int:
    length = 1
    while index + length < len(spans) and length < MOST_LINES_OF_ROW:
        at = index + length
        if _begins_row(text, spans[at], spans[at - 1], serial) or _section(text, spans[at]):
            break
        length += 1
    return length


def _begins_row(text: str, line: Span, above: Span, serial: int) -> bool:
    """The next number, or a later one where the line above can end a row."""
    number = SERIAL.fullmatch(text, *line)
    if number is None or int(number[1]) <= serial:
        return False
    return int(number[1]) == serial + 1 or lists_units(text, above) or says_when(text, above)


def serial_numbers(table: Table, text: str) -> Iterator[tuple[Row, str | None]]:
    """Rows with the number printed in their number column, in digits or as (一)."""
    for row in table.rows:
        cell = row.cell(table, Use.NUMBER)
        number = (SERIAL.fullmatch(text, *cell) or _ORDINAL.fullmatch(text, *cell)) if cell else None
        yield row, number[1] if number else None


def listings(lines: Lines) -> list[Span]:
    """Tables of figures or projects: what stands in their cells is no measure's text."""
    found: list[Span] = []
    run: list[Span] = []
    for line in [*lines.spans, None]:
        if line and len(_cells(lines.text, line, _CELL_MARK)) >= FEWEST_CELLS:
            run.append(line)
            continue
        if len(run) >= FEWEST_CELLS and _LISTS.search(lines.text, *run[0]):
            found.append(Span(run[0].start, run[-1].end))
        run = []
    return found
