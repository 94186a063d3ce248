"""Measures: which numbered items are measures, which hold them, and which are something else."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from services.task.plan_import.clauses import Clause
from services.task.plan_import.markers import Level
from services.task.plan_import.names import is_unit
from services.task.plan_import.outline import Node, Outline, Part, trimmed_title
from services.task.plan_import.spans import Span
from services.task.plan_import.vocabulary import BACKGROUND_TITLES, DUTY_TITLES, ORGANISATION_TITLES, PREAMBLE_TITLES

USUAL_SHARE = 0.5  # of a level's items carry units: then the level is that of the measures
LONGEST_UNIT_TITLE = 40
NAMES_PEOPLE = re.compile("(?:^|\n| |\t)(?:组 ?长|副组长|成 ?员|召集人|总指挥)[ ]*[::]")
TASK_VERB = re.compile(
    "加强|强化|推进|推动|加快|完善|健全|优化|提升|提高|建设|打造|培育|发展|支持|鼓励|引导|促进|实施|开展|落实|深化|扩大|壮大|做强|做优|盘活|规范|"
    "改造|改革|创新|保障|严格|坚持|构建|建立|拓展|丰富|布局|引进|聚焦|突出|全面|持续|积极|大力|着力|稳步|有序|统筹"
)  # 培育领军企业 is a task, though it ends as names of units do
PHASE = re.compile("阶段|[(]20\\d\\d年|第[一二三四]步|\\d{1,2}月(?:上旬|中旬|下旬|底)?[-至~]")
CLOSING_PARAGRAPH = re.compile(
    r"\s*(?:各地区?[、,各要]|各(?:区|县|市|部门|单位|级|有关)|有关|本(?:方案|意见|措施|计划|办法|政策|规划)|附件|抄送|以上|\(此件|联系人)"
)


class Kind(StrEnum):
    MEASURE = "measure"
    PREAMBLE = "preamble"
    ORGANISATION = "organisation"
    DUTY_LIST = "duty_list"


@dataclass(frozen=True)
class Item:
    """A numbered item that stands where measures stand; `flat` where it is its own area."""

    node: Node
    kind: Kind
    clauses: tuple[Clause, ...]
    span: Span
    group: Node | None = None
    flat: bool = False


@dataclass(frozen=True)
class Area:
    node: Node
    items: tuple[Item, ...] = field(default=())

    @property
    def measures(self) -> Iterator[Item]:
        return (item for item in self.items if item.kind is Kind.MEASURE)


def find_areas(
    text: str,
    plan: Outline,
    clauses: Sequence[Clause],
    of_tables: Mapping[int, Sequence[Clause]] = MappingProxyType({}),
) -> list[Area]:
    """The areas of the plan's own part, with the items that carry or should carry units.

    `of_tables` holds, by where an item starts, the clauses of table rows that repeat it.
    """
    part = _plan_part(plan, clauses)
    return list(_Reading(text, part, clauses, of_tables).areas()) if part else []


def _plan_part(plan: Outline, clauses: Sequence[Clause]) -> tuple[Node, ...]:
    """The parts with clauses, beside the one with most; a notice before the plan and annexes after it stay out."""
    starts = [part.nodes[0].start for part in plan.parts]
    counts = [0] * len(starts)
    for clause in clauses:
        part = bisect_right(starts, clause.span.start) - 1
        if part >= 0:
            counts[part] += 1
    if not counts:
        return ()
    best = max(range(len(counts)), key=lambda part: (counts[part], _size(plan.parts[part])))
    chosen = plan.parts[best]
    beside = [
        part
        for part, count in zip(plan.parts, counts, strict=True)
        if part is chosen or (count and part.annexes == chosen.annexes)
    ]
    return tuple(node for part in beside for node in part.nodes)


def _size(part: Part) -> int:
    return len(part.nodes) + sum(len(node.children) for node in part.nodes)


class _Reading:
    """Decides, for each item that holds others, whether the clause is its own or theirs."""

    def __init__(
        self,
        text: str,
        part: tuple[Node, ...],
        clauses: Sequence[Clause],
        of_tables: Mapping[int, Sequence[Clause]],
    ) -> None:
        self.text = text
        self.part = part
        self.nodes = [node for top in part for node in (top, *top.walk())]
        self.clauses = {start: list(repeated) for start, repeated in of_tables.items()} | self._by_node(clauses)
        self.usual = {level: self._carries_share(level) >= USUAL_SHARE for level in Level}
        self.closed_by_parent = self._levels_closed_by_parent()
        self.flat = all(not node.children for node in part)

    def _by_node(self, clauses: Sequence[Clause]) -> dict[int, list[Clause]]:
        starts = [node.start for node in self.nodes]
        found: dict[int, list[Clause]] = defaultdict(list)
        for clause in clauses:
            index = bisect_right(starts, clause.span.start) - 1
            if index >= 0 and clause.span.start < self.nodes[index].end + 1:
                found[starts[index]].append(clause)
                self._end_title_before(self.nodes[index], clause)
        return found

    def _end_title_before(self, node: Node, clause: Clause) -> None:
        if node.title.start < clause.span.start < node.title.end:
            node.title = trimmed_title(self.text, Span(node.title.start, clause.span.start))

    def own_clauses(self, node: Node) -> list[Clause]:
        return self.clauses.get(node.start, [])

    def all_clauses(self, node: Node) -> list[Clause]:
        return [clause for part in (node, *node.walk()) for clause in self.own_clauses(part)]

    def _carries_share(self, level: Level) -> float:
        items = [
            node
            for node in self.nodes
            if node.level is level and not node.children and not _titled(self.text, node, PREAMBLE_TITLES)
        ]
        return sum(1 for node in items if self.own_clauses(node)) / len(items) if items else 0.0

    def _levels_closed_by_parent(self) -> set[Level]:
        """Levels whose items mostly share one clause at the end of the last of them: the clause is their parent's."""
        votes: dict[Level, int] = defaultdict(int)
        for node in self.nodes:
            carrying = [bool(self.all_clauses(child)) for child in node.children]
            if any(carrying) and len(carrying) > 1 and node.children[0].level is not None:
                votes[node.children[0].level] += 1 if carrying == [False] * (len(carrying) - 1) + [True] else -1
        return {level for level, vote in votes.items() if vote > 1}

    # -- areas and items

    def areas(self) -> Iterator[Area]:
        for node in self.part:
            yield Area(node, tuple(self._items_of_area(node)))

    def _items_of_area(self, area: Node) -> Iterator[Item]:
        if self._is_flat(area):
            yield self._item(area, Kind.MEASURE, flat=True)
            return
        kind = self._kind_of_area(area)
        for child in area.children:
            yield from self._items_below(child, kind, above=())

    def _is_flat(self, area: Node) -> bool:
        if area.children and not self._stops_at(area):
            return False
        carries = bool(self.all_clauses(area))
        return carries or (not any(self.clauses.values()) and self.flat and not self._is_not_a_task(area))

    def _is_not_a_task(self, node: Node) -> bool:
        return any(_titled(self.text, node, titles) for titles in (PREAMBLE_TITLES, ORGANISATION_TITLES))

    def _stops_at(self, node: Node) -> bool:
        """Whether the items below a node are parts of it rather than measures."""
        if not node.children:
            return True
        level = node.children[0].level
        carrying = sum(1 for child in node.children if self.all_clauses(child))
        if self.own_clauses(node):
            return carrying < len(node.children) / 2
        if carrying == 0:
            return not self._is_above_measures(node)
        closes = carrying == 1 < len(node.children) and self._may_close(node)
        return closes and (
            level in self.closed_by_parent
            or (node.opens_line and not node.children[0].opens_line)
            or (node.level is not None and self.usual[node.level])
        )

    def _may_close(self, node: Node) -> bool:
        """Whether the clause of the last part can be the whole's: not where it is one of several, or beside goals."""
        *before, last = node.children
        inner = sum(1 for child in last.children if self.all_clauses(child))
        goals = all(_titled(self.text, child, PREAMBLE_TITLES) for child in before)
        return bool(self.all_clauses(last)) and inner < 2 and not goals

    def _is_above_measures(self, node: Node) -> bool:
        """Without a clause to tell: chapters and areas hold measures, and so does what is above the usual level."""
        below = node.children[0].level
        if node.level is None or node.level < Level.ARTICLE:
            return True
        return node.level is not Level.ARTICLE and below is not None and self.usual[below]

    def _items_below(self, node: Node, kind: Kind, above: tuple[Node, ...]) -> Iterator[Item]:
        if self._stops_at(node):
            yield self._item(node, self._kind(node, kind), group=above[-1] if above else None)
            return
        for child in node.children:
            yield from self._items_below(
                child, self._kind(node, kind) if kind is Kind.PREAMBLE else kind, (*above, node)
            )

    def _item(self, node: Node, kind: Kind, *, group: Node | None = None, flat: bool = False) -> Item:
        found = tuple(self.all_clauses(node))
        return Item(node, kind, found, self._extent(node, found), group, flat)

    def _extent(self, node: Node, found: tuple[Clause, ...]) -> Span:
        """The last item of an area ends with its clause where the document's closing words follow."""
        if found and CLOSING_PARAGRAPH.match(self.text, found[-1].span.end, node.end):
            return Span(node.start, found[-1].span.end)
        return node.span

    # -- kinds

    def _kind_of_area(self, area: Node) -> Kind:
        if self._assigns(area):
            return Kind.MEASURE
        if _titled(self.text, area, DUTY_TITLES) or (
            self._lists_duties(area.children) and not self._names_people(area)
        ):
            return Kind.DUTY_LIST
        if self.all_clauses(area):
            return Kind.MEASURE
        if _titled(self.text, area, PREAMBLE_TITLES):
            return Kind.PREAMBLE
        if _titled(self.text, area, ORGANISATION_TITLES) or self._names_people(area) or self._is_phases(area.children):
            return Kind.ORGANISATION
        return Kind.MEASURE

    def _kind(self, node: Node, inherited: Kind) -> Kind:
        if inherited is not Kind.MEASURE or self.all_clauses(node):
            return inherited
        if _titled(self.text, node, PREAMBLE_TITLES):
            return Kind.PREAMBLE
        if self._lists_duties(node.children):
            return Kind.DUTY_LIST
        return Kind.ORGANISATION if self._names_people(node) else Kind.MEASURE

    def _assigns(self, area: Node) -> bool:
        """Whether most items name units beside their text, which lists of duties do not: there the unit is the title."""
        assigning = sum(any(each.form != "sentence" for each in self.all_clauses(child)) for child in area.children)
        return bool(area.children) and 2 * assigning > len(area.children)

    def _lists_duties(self, nodes: Sequence[Node]) -> bool:
        named = sum(1 for node in nodes if self._is_named_for_unit(node))
        return len(nodes) > 1 and named > len(nodes) / 2

    def _is_named_for_unit(self, node: Node) -> bool:
        title = node.title.of(self.text)
        return (
            len(title) <= LONGEST_UNIT_TITLE
            and not TASK_VERB.match(title)
            and all(is_unit(name) for name in re.split("[、,]", title))
        )

    def _names_people(self, node: Node) -> bool:
        return len(NAMES_PEOPLE.findall(self.text[node.start : node.end])) > 1

    def _is_phases(self, nodes: Sequence[Node]) -> bool:
        return len(nodes) > 1 and all(PHASE.search(node.title.of(self.text)) for node in nodes)


def _titled(text: str, node: Node, titles: Iterable[str]) -> bool:
    title = "".join(node.title.of(text).split())
    return any(title == known or (len(title) <= len(known) + 4 and title.endswith(known)) for known in titles)


def is_background(text: str, node: Node) -> bool:
    """Whether an area describes what is, rather than what shall be."""
    return _titled(text, node, BACKGROUND_TITLES)
