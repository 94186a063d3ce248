"""Outline: which markers are real, and the tree of numbered items that they open."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from services.task.plan_import.cells import says_when
from services.task.plan_import.lines import Lines
from services.task.plan_import.markers import Level, Marker, markers_in
from services.task.plan_import.names import is_unit
from services.task.plan_import.roles import LABEL
from services.task.plan_import.spans import Span
from services.task.plan_import.tables import Table
from services.task.plan_import.units import LIST_MARK
from services.task.plan_import.vocabulary import DOCUMENT_KINDS, ORGANISATION_TITLES, PREAMBLE_TITLES, any_of

USUAL_NUMBERS = 200  # items of one plan; a report's tasks run to several hundreds
MOST_AREAS = 30  # numbers of areas and groups, with which an excerpt without line breaks may begin
FEW_LEFT_OUT = 20  # numbers that an excerpt leaves out
LONGEST_HEADING = 60  # characters; a longer run without a stop is prose
LONGEST_PARAGRAPH = 1_000  # characters; a longer line is a text without line breaks
LONGEST_VALUE = 200  # characters of a label and its units
LONGEST_TITLE = 30  # within which a space can end a title
STOPS = "。!?;"
DUTY_ENDS = ("负责", "牵头", "配合")  # of a closing sentence that lost its stop
BEFORE_MARKER = STOPS + ":)]〕】}”』|"
HEADING_END = re.compile(r"[。!?\n\t]| {2,}|:(?!\d)|(?<=[\u4e00-\u9fff])\.(?=[\u4e00-\u9fff])")
RUN_ON_TITLE = re.compile(rf"[^。;!?\n]{{4,}}(?:{any_of(DOCUMENT_KINDS)})(?:\([^()]{{1,20}}\))?")
BOX = re.compile(r"[ ]*[\[【]?专栏 ?[0-9一二三四五六七八九十]{0,3}")
TITLE_LINE = re.compile(rf"[^。;!?:]*(?:{any_of(DOCUMENT_KINDS)})(?:\([^()]{{1,20}}\))?[ ]*")
NEXT_LINE = re.compile(r"\n\s{0,8}")
LINES_TO_TITLE = 4  # behind the date of a notice: (此件公开发布), and a title over two or three lines
DATE_LINE = re.compile(
    r"[ ]*20\d{4,6}[ ]*|[ ]*(?:20\d\d|二[〇○零Oo0][一二三四五六七八九〇○零]{2})年[ ]*[0-9一二三四五六七八九十]{1,3}月[ ]*[0-9一二三四五六七八九十]{1,3}日[ ]*"
)
ANNEX_LIST = re.compile(r"[ ]*附(?:件|表)? ?[0-9一二三四五]{0,2}[:]")
ANNEX = re.compile(r"[ ]*附(?:件|表|录) ?[0-9一二三四五六七八九十]{0,2}[ ]*")


@dataclass
class Node:
    """A numbered item: its marker, its title, and the items below it. `end` includes them."""

    marker: Marker | None
    title: Span
    end: int
    children: list[Node] = field(default_factory=list)

    @property
    def start(self) -> int:
        return self.marker.start if self.marker else self.title.start

    @property
    def level(self) -> Level | None:
        return self.marker.level if self.marker else None

    @property
    def number(self) -> str:
        return self.marker.number if self.marker else ""

    @property
    def opens_line(self) -> bool:
        return self.marker is not None and self.marker.opens_line

    @property
    def own(self) -> Span:
        """From the marker to the first item below."""
        return Span(self.start, self.children[0].start if self.children else self.end)

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)

    def walk(self) -> Iterator[Node]:
        for child in self.children:
            yield child
            yield from child.walk()


@dataclass
class Part:
    """A run of numbering that starts at one; `annexes` counts the annex headings before it."""

    annexes: int
    nodes: list[Node] = field(default_factory=list)


@dataclass(frozen=True)
class Outline:
    """The items of a document in parts; a new part begins at an annex, or where the outermost numbering starts again."""

    parts: tuple[Part, ...]

    def nodes(self) -> Iterator[Node]:
        for part in self.parts:
            for node in part.nodes:
                yield node
                yield from node.walk()


def outline(lines: Lines, tables: Sequence[Table] = ()) -> Outline:
    """Accept the markers that continue a numbering, outside tables, and nest them by level."""
    annexes = sorted(
        {
            *(line.start for line in lines if ANNEX.fullmatch(lines.text, line.start, line.end)),
            *_titles_behind_dates(lines),
        }
    )
    inside = {line.start for table in tables for line in lines if table.span.start <= line.start < table.span.end}
    accepted = list(_accepted(lines, [line for line in lines if line.start not in inside], annexes))
    return Outline(tuple(_nest(lines.text, accepted, annexes)))


def _titles_behind_dates(lines: Lines) -> Iterator[int]:
    """Where a notice ends in its date and the plan's own title follows: the plan begins a part of its own."""
    for index, line in enumerate(lines.spans):
        if DATE_LINE.fullmatch(lines.text, *line):
            behind = lines.spans[index + 1 : index + 1 + LINES_TO_TITLE]
            yield from (title.start for title in behind[:1] if any(_ends_in_kind(lines.text, each) for each in behind))


def _ends_in_kind(text: str, line: Span) -> bool:
    return line.end - line.start <= LONGEST_HEADING and TITLE_LINE.fullmatch(text, *line) is not None


def _accepted(lines: Lines, prose: Sequence[Span], annexes: list[int]) -> Iterator[Marker]:
    numbering = _Numbering()
    annex_list = boxed = False
    for line in prose:
        if line.start in annexes:
            numbering, annex_list, boxed = _Numbering(), False, False
        if ANNEX_LIST.match(lines.text, line.start, line.end):
            annex_list = True
            continue
        box = BOX.match(lines.text, line.start, line.end)
        boxed = boxed or bool(box)
        for marker in markers_in(lines.text, line.start, line.end):
            inner = marker.level >= Level.ARABIC
            if (annex_list and inner) or (boxed and inner and not numbering.runs_on(marker)):
                continue
            if _is_real(lines.text, marker, numbering, run_on=line.end - line.start > LONGEST_PARAGRAPH):
                annex_list = boxed = False
                numbering.take(marker)
                yield marker


class _Numbering:
    """The last number seen at each level that is open."""

    def __init__(self) -> None:
        self.open: dict[Level, Marker] = {}
        self.running: dict[Level, int] = {}
        self.latest: Marker | None = None
        self.cut = False  # out of the middle of a text, so that it begins with a later number

    def take(self, marker: Marker) -> None:
        self.cut = self.cut or (self.latest is None and marker.value > 1)
        self.open = {level: last for level, last in self.open.items() if level < marker.level} | {marker.level: marker}
        self.running[marker.level] = marker.value
        self.latest = marker

    def expects(self, marker: Marker) -> bool:
        """The next number of an open level, the first of an inner one, or the next of a numbering that runs through."""
        last = self.open.get(marker.level)
        if last and marker.value == last.value + 1:
            return True
        if self.runs_on(marker):
            return last is None
        return last is None and (marker.value == 1 or self.begins_excerpt(marker))

    def continues_points(self, marker: Marker) -> bool:
        """2.1 below 2 or behind 1.3, 2.3 behind 2.1; anything else is an amount or a version."""
        last = self.open.get(marker.level)
        if last and last.below == marker.below:
            return 0 < marker.value - last.value <= FEW_LEFT_OUT
        above = next((self.open[level] for level in sorted(self.open, reverse=True) if level < marker.level), None)
        stands_below = above is not None and (above.path == marker.below or above.value == marker.below[-1])
        runs_on = last is not None and marker.below == (*last.below[:-1], last.below[-1] + 1)
        return marker.value == 1 and (stands_below or runs_on or set(marker.below) == {1})

    def begins_excerpt(self, marker: Marker) -> bool:
        """Whether this is the first number of its kind in a text that was cut out of the middle."""
        first = self.latest is None or (self.cut and marker.level not in self.running)
        return first and marker.level <= Level.BRACKETED and marker.value <= MOST_AREAS

    def comes_near(self, marker: Marker) -> bool:
        """Whether a few numbers were left out before this one, as an excerpt without line breaks does."""
        last = self.open.get(marker.level)
        value = last.value if last else self.running.get(marker.level)
        return value is not None and 1 < marker.value - value <= FEW_LEFT_OUT

    def reaches(self, marker: Marker) -> bool:
        """Whether the numbering has come near so high a number, or the text begins with it."""
        last = self.running.get(marker.level)
        return self.latest is None or (last is not None and 0 < marker.value - last <= FEW_LEFT_OUT)

    def runs_on(self, marker: Marker) -> bool:
        return self.running.get(marker.level, -1) + 1 == marker.value > 1


def _is_real(text: str, marker: Marker, numbering: _Numbering, *, run_on: bool) -> bool:
    if marker.value == 0 or (marker.value > USUAL_NUMBERS and not numbering.reaches(marker)):
        return False
    if marker.before_digits:
        return marker.opens_line and numbering.expects(marker)
    if marker.bare:
        return marker.opens_line and _heads_points(text, marker)
    if marker.below:
        return numbering.continues_points(marker) and (marker.opens_line or _may_begin_here(text, marker, numbering))
    if marker.opens_line:
        return not _is_enumeration(text, marker)
    expected = numbering.expects(marker) or (run_on and numbering.comes_near(marker)) or _begins_plan(text, marker)
    return expected and _may_begin_here(text, marker, numbering)


def _begins_plan(text: str, marker: Marker) -> bool:
    """一、 again, behind a title: the items before it were the notice's."""
    return marker.level is Level.HEADING and marker.value == 1 and _ends_in_title(text, marker.start)


def _heads_points(text: str, marker: Marker) -> bool:
    """Whether the line below begins with the first point of this number."""
    below = NEXT_LINE.search(text, marker.end)
    return below is not None and text.startswith(f"{marker.number}.1", below.end())


def _is_enumeration(text: str, marker: Marker) -> bool:
    """一、二、三产业 at the start of a line counts industries, not items."""
    follows = text[marker.end : marker.end + 2]
    return (
        marker.level is Level.HEADING
        and len(follows) == 2
        and follows[0] in "一二三四五六七八九十"
        and follows[1] in "、产"
    )


def _may_begin_here(text: str, marker: Marker, numbering: _Numbering) -> bool:
    before = marker.start - 1
    while before >= 0 and text[before] in " \t":
        before -= 1
    ends = before < 0 or text[before] in BEFORE_MARKER or text.startswith(DUTY_ENDS, before - 1)
    if ends or _ends_label(text, before + 1) or _begins_plan(text, marker):
        return True
    latest = numbering.latest
    if latest is None:
        opens = marker.level is Level.HEADING and marker.value == 1 and not _is_enumeration(text, marker)
        return marker.level <= Level.ARABIC and (
            _ends_in_title(text, before + 1) or (opens and _is_heading(text, 0, before + 1))
        )
    if latest.level is marker.level is Level.HEADING:  # 一、总体要求二、重点工作: an area without a text
        return _titled_area(text, latest.end, before + 1)
    return latest.level < marker.level and _is_heading(text, latest.end, before + 1)


def _ends_label(text: str, end: int) -> bool:
    """Whether the value of a label, which nothing marks the end of, may end here: 责任单位:县财政局(二)…"""
    reach = max(0, end - LONGEST_VALUE)
    start = max(reach, *(text.rfind(stop, reach, end) + 1 for stop in "。\n"))
    labels = list(LABEL.finditer(text, start, end))
    return bool(labels) and (
        is_unit(LIST_MARK.split(text[labels[-1].end() : end])[-1]) or says_when(text, Span(labels[-1].end(), end))
    )


def _titled_area(text: str, start: int, end: int) -> bool:
    title = text[start:end].strip()
    return title in PREAMBLE_TITLES or title in ORGANISATION_TITLES


def _ends_in_title(text: str, end: int) -> bool:
    """Whether the line up to here is the plan's title, run on into its first area."""
    start = max(*(text.rfind(stop, 0, end) + 1 for stop in "\n。"), end - LONGEST_HEADING)
    return RUN_ON_TITLE.fullmatch(text, start, end) is not None


def _is_heading(text: str, start: int, end: int) -> bool:
    return 1 < end - start <= LONGEST_HEADING and not any(stop in text[start:end] for stop in STOPS)


def _nest(text: str, markers: list[Marker], annexes: list[int]) -> list[Part]:
    parts: list[Part] = []
    stack: list[Node] = []
    for marker, following in zip_longest(markers, markers[1:]):
        passed = bisect_right(annexes, marker.start)
        if not parts or passed != parts[-1].annexes:
            stack.clear()
            parts.append(Part(passed))
        while stack and stack[-1].level is not None and stack[-1].level >= marker.level:
            stack.pop()
        limit = min([following.start if following else len(text), *annexes[passed : passed + 1]])
        node = Node(marker, _title(text, marker, limit), _without_trailing_space(text, marker.end, limit))
        if stack:
            stack[-1].children.append(node)
        else:
            if marker.value == 1 and parts[-1].nodes:
                parts.append(Part(passed))
            parts[-1].nodes.append(node)
        stack.append(node)
    for part in parts:
        for node in part.nodes:
            _stretch(node)
    return parts


def _without_trailing_space(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1].isspace():
        end -= 1
    return end


def _stretch(node: Node) -> int:
    for child in node.children:
        node.end = max(node.end, _stretch(child))
    return node.end


def _title(text: str, marker: Marker, limit: int) -> Span:
    """Up to the first stop or line end; a space ends it where what follows is prose."""
    start = marker.end
    while start < limit and text[start] in " \t":
        start += 1
    end = _sentence_end(text, start, limit)
    space = text.find(" ", start, min(end, start + LONGEST_TITLE))
    if space > start + 1 and end - start > LONGEST_TITLE:
        end = space
    return trimmed_title(text, Span(start, end))


def trimmed_title(text: str, span: Span) -> Span:
    """Without the punctuation that leads on to what follows."""
    end = span.end
    while end > span.start and text[end - 1] in " \t,.:;。":
        end -= 1
    return Span(span.start, end)


def _sentence_end(text: str, start: int, limit: int) -> int:
    stop = HEADING_END.search(text, start, limit)
    return stop.start() if stop else limit
