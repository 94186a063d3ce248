"""Tasks of tables: rows give their units to the measures that they repeat, or are measures themselves."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from services.task.plan_import.clauses import Clause
from services.task.plan_import.columns import Use
from services.task.plan_import.lines import Lines
from services.task.plan_import.markers import Level, Marker, markers_in
from services.task.plan_import.measures import Area, Item, Kind
from services.task.plan_import.numerals import integer
from services.task.plan_import.outline import Node, Outline
from services.task.plan_import.spans import Span
from services.task.plan_import.tables import Row, Table, serial_numbers
from services.task.plan_import.units import UnitList, read_units

TITLE_END = re.compile(r"[。:;\n]")
ENOUGH = 0.5  # of a table's rows must repeat measures of the text, else the rows are tasks of their own
SHORTEST_SHARED = 6  # characters that make two titles the same task
MOST_ALIKE = 50  # titles with one opening that are compared, so that a table of thousands stays linear
Titled = TypeVar("Titled")


@dataclass(frozen=True)
class Task:
    """A row as a task: its number, title and clauses."""

    marker: Marker
    title: Span
    span: Span
    clauses: tuple[Clause, ...]
    section: Marker | None
    section_title: Span | None


def areas_with_tables(lines: Lines, areas: Sequence[Area], tables: Sequence[Table]) -> list[Area]:
    """The areas, where tables assign units: to measures without any, or as tasks of their own."""
    placed = list(areas)
    for table in tables:
        tasks = list(_tasks(lines.text, table))
        matched = _match(lines.text, placed, tasks)
        if any(item.clauses for area in placed for item in area.items) and not matched:
            continue
        placed = _with_clauses(placed, matched) if matched else _with_tasks(placed, tasks, table.span)
    return placed


def clauses_of_repeated(text: str, plan: Outline, tables: Sequence[Table]) -> dict[int, list[Clause]]:
    """The units that tables give to numbered items whose titles they repeat, by where each item starts."""
    titles = _Titles((_plain(text, node.title), node) for node in plan.nodes())
    found: dict[int, list[Clause]] = defaultdict(list)
    for table in tables:
        tasks = list(_tasks(text, table))
        repeated = [(task, node) for task in tasks if (node := titles.find(_plain(text, task.title)))]
        if len(repeated) >= ENOUGH * len(tasks):
            for task, node in repeated:
                found[node.start].extend(task.clauses)
    return found


# -- rows as tasks -----------------------------------------------------------------------------------------------------


def _tasks(text: str, table: Table) -> Iterator[Task]:
    """One task per row; a row whose unit cell is merged with the one above takes its units."""
    above: tuple[Clause, ...] = ()
    for ordinal, (row, number) in enumerate(serial_numbers(table, text), start=1):
        cell = row.cell(table, Use.TASK) or row.cell(table, Use.AREA)
        if cell is None:
            continue
        own = tuple(_clauses(text, table, row))
        above = own or tuple(_merged(clause) for clause in above)
        marker, title = _numbered(text, cell, number or str(ordinal), own_number=number is None)
        span = Span(min(span.start for span in row.cells.values()), max(span.end for span in row.cells.values()))
        yield Task(marker, title, span, above, row.section, row.section_title)


def _numbered(text: str, cell: Span, number: str, *, own_number: bool) -> tuple[Marker, Span]:
    printed = next(markers_in(text, *cell), None)
    level = Level.ARABIC if number.isdecimal() else Level.BRACKETED
    if printed and printed.opens_line:
        title = _title(text, Span(printed.end, cell.end))
        return (printed if own_number else replace(printed, number=number, value=integer(number), level=level)), title
    return Marker(level, number, integer(number), cell.start, cell.start, opens_line=True), _title(text, cell)


def _title(text: str, cell: Span) -> Span:
    end = TITLE_END.search(text, *cell)
    return Span(cell.start, end.start() if end else cell.end)


def _clauses(text: str, table: Table, row: Row) -> Iterator[Clause]:
    for index, cell in row.cells.items():
        column = table.columns[index]
        if column.use is Use.UNITS and cell.end > cell.start:
            yield Clause(cell, "table", read_units(text, cell, column.role))


def _merged(clause: Clause) -> Clause:
    if clause.units is None:
        return clause
    mentions = tuple(
        mention
        if "table.merged-cell" in mention.rules
        else replace(mention, rules=(*mention.rules, "table.merged-cell"))
        for mention in clause.units.mentions
    )
    return replace(clause, units=replace(clause.units, mentions=mentions))


# -- rows that repeat measures -----------------------------------------------------------------------------------------


def _match(text: str, areas: Sequence[Area], tasks: Sequence[Task]) -> dict[int, list[Clause]]:
    """Clauses for measures without any, by title or section, else by order; keyed by the node's start."""
    open_items = [item for area in areas for item in area.items if item.kind is Kind.MEASURE and not item.clauses]
    titles = _Titles((_plain(text, item.node.title), item) for item in open_items)
    found: dict[int, list[Clause]] = defaultdict(list)
    repeated = [(task, item) for task in tasks if (item := _repeats(text, task, titles))]
    for task, item in repeated:
        found[item.node.start].extend(task.clauses)
    if len(repeated) >= ENOUGH * len(tasks):
        return found
    return _by_order(open_items, tasks)


def _repeats(text: str, task: Task, titles: _Titles[Item]) -> Item | None:
    """The measure that a row repeats, or that the row's section does."""
    item = titles.find(_plain(text, task.title))
    return item or (titles.same(_plain(text, task.section_title)) if task.section_title else None)


def _by_order(open_items: Sequence[Item], tasks: Sequence[Task]) -> dict[int, list[Clause]]:
    """Rows stand for measures where both count the same numbers and no section says otherwise."""
    numbers = [item.node.marker.value for item in open_items if item.node.marker]
    if numbers != [task.marker.value for task in tasks] or any(task.section for task in tasks):
        return {}
    pairs = zip(open_items, tasks, strict=True)
    return {item.node.start: [_supposed(clause) for clause in task.clauses] for item, task in pairs}


class _Titles(Generic[Titled]):
    """What is known by its title; two titles are the same task where one begins with the other."""

    def __init__(self, titled: Iterable[tuple[str, Titled]]) -> None:
        self.known = dict(titled)
        self.opening: dict[str, list[str]] = defaultdict(list)
        for title in self.known:
            self.opening[title[:SHORTEST_SHARED]].append(title)

    def same(self, title: str) -> Titled | None:
        return self.known.get(title)

    def find(self, title: str) -> Titled | None:
        if title in self.known or len(title) < SHORTEST_SHARED:
            return self.same(title)
        alike = self.opening.get(title[:SHORTEST_SHARED], ())[:MOST_ALIKE]
        return next((self.known[each] for each in alike if each.startswith(title) or title.startswith(each)), None)


def _supposed(clause: Clause) -> Clause:
    units: UnitList | None = clause.units and replace(
        clause.units,
        mentions=tuple(
            replace(mention, rules=(*mention.rules, "table.matched-by-order")) for mention in clause.units.mentions
        ),
    )
    return replace(clause, units=units)


def _plain(text: str, span: Span) -> str:
    return "".join(span.of(text).split()).strip("。,")


def _with_clauses(areas: Sequence[Area], matched: dict[int, list[Clause]]) -> list[Area]:
    return [
        replace(
            area,
            items=tuple(
                replace(item, clauses=item.clauses or tuple(matched.get(item.node.start, ()))) for item in area.items
            ),
        )
        for area in areas
    ]


# -- rows that are measures --------------------------------------------------------------------------------------------


def _with_tasks(areas: Sequence[Area], tasks: Sequence[Task], span: Span) -> list[Area]:
    """Into the empty area that the table stands in; a table with sections brings areas of its own."""
    home = next((area for area in areas if area.node.start <= span.start < area.node.end and not area.items), None)
    index = list(areas).index(home) if home else len(areas)
    if home and not any(task.section for task in tasks):
        made = [replace(home, items=tuple(_item(task) for task in tasks))]
    else:
        made = list(_sections(tasks, span))
    return [*areas[:index], *made, *areas[index + bool(home) :]]


def _sections(tasks: Sequence[Task], span: Span) -> Iterator[Area]:
    by_section: dict[int, list[Task]] = defaultdict(list)
    for task in tasks:
        by_section[task.section.start if task.section else -1].append(task)
    for held in by_section.values():
        marker, title = held[0].section, held[0].section_title
        node = Node(marker, title or Span(span.start, span.start), held[-1].span.end)
        yield Area(node, tuple(_item(task) for task in held))


def _item(task: Task) -> Item:
    node = Node(task.marker, task.title, task.span.end)
    return Item(node, Kind.MEASURE, task.clauses, task.span)
