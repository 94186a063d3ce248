"""Assembly: what the stages found, as the items of a draft, traced back to the document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from services.task.plan_import.clauses import Clause
from services.task.plan_import.draft import (
    Draft,
    DraftArea,
    DraftMeasure,
    DraftMilestone,
    DraftTarget,
    DraftUnit,
    Fact,
    GroupNote,
    Item,
    Status,
    Unread,
)
from services.task.plan_import.keys import keys, printed_id
from services.task.plan_import.measures import Area, Kind, is_background
from services.task.plan_import.measures import Item as Numbered
from services.task.plan_import.milestones import find_milestones
from services.task.plan_import.outline import Node
from services.task.plan_import.roles import FIRST_LISTED_LEADS, Role
from services.task.plan_import.spans import Span
from services.task.plan_import.targets import Target, find_targets
from services.task.plan_import.units import Mention

if TYPE_CHECKING:
    from services.task.plan_import.pipeline import Stages

INFERRING = (
    "role.no-lead-printed",
    "role.implements-beside-responsible",
    "table.merged-cell",
    "table.matched-by-order",
)

NO_TITLE = Fact(
    id="title",
    span=Span(0, 0),
    name="title",
    value=None,
    status=Status.UNRESOLVED,
    rules=("front.title-not-printed",),
)


def assemble(name: str, stages: Stages) -> Draft:
    """One draft from all stages, its items in the order of the plan."""
    return Draft(name, stages.reading.text, tuple(_Assembly(stages).items()))


@dataclass
class _Assembly:
    stages: Stages
    used: Counter[str] = field(default_factory=Counter)

    @property
    def text(self) -> str:
        return self.stages.lines.text

    def items(self) -> Iterator[Item]:
        yield from self._facts()
        placed = [(area, item) for area in self.stages.areas for item in area.items]
        by_item = dict(zip(map(id, (item for _, item in placed)), keys(placed), strict=True))
        for area in self.stages.areas:
            head = DraftArea(
                id=self._id("area", area.node.number),
                span=self._source(area.node.title),
                number=area.node.number,
                title=self._title(area.node),
            )
            yield head
            for item in area.items:
                yield from self._measure(area, head, item, by_item[id(item)])
            yield from self._left_over(area)
        yield from self._overall_targets([item for _, item in placed])
        yield from self._group_notes()

    # -- facts of the whole

    def _facts(self) -> Iterator[Fact]:
        front = self.stages.front
        yield self._fact("title", front.title) if front.title else NO_TITLE
        if front.issuer:
            yield self._fact("issuer", front.issuer)
        if front.period and front.period_span:
            first, last = front.period
            yield replace(self._fact("period", front.period_span), value=f"{first}-{last}")
        rule = next(
            (clause.span for clause in self.stages.clauses if clause.units and clause.units.first_listed_leads), None
        )
        if rule:
            stated = FIRST_LISTED_LEADS.search(self.text, *rule)
            yield self._fact("lead_rule", Span(*stated.span()) if stated else rule)

    def _fact(self, name: str, span: Span) -> Fact:
        return Fact(id=name, span=self._source(span), name=name, value=self._printed(span), rules=(f"front.{name}",))

    # -- measures

    def _measure(self, area: Area, head: DraftArea, item: Numbered, key: str) -> Iterator[Item]:
        measure_id = self._id("measure", key)
        read = [clause for clause in item.clauses if clause.units]
        yield DraftMeasure(
            id=measure_id,
            span=self._source(item.span),
            area=head.id,
            printed_id=printed_id(area, item),
            key=key,
            number=None if item.flat else item.node.number,
            title=self._title(item.node),
            kind=item.kind,
            group=(item.group.number, self._title(item.group)) if item.group and item.group is not area.node else None,
            by_duty=any(clause.units.by_duty for clause in read if clause.units),
            open_ended=any(clause.units.open_ended for clause in read if clause.units),
            unit_spans=tuple(self._source(clause.span) for clause in item.clauses),
            deadline=next(
                (self._printed(clause.units.deadline) for clause in read if clause.units and clause.units.deadline),
                None,
            ),
            rules=(f"measure.{item.kind}", *(("measure.flat-area",) if item.flat else ())),
        )
        if item.kind is not Kind.MEASURE:
            return
        yield from (self._unit(measure_id, key, mention) for mention in _one_role_each(read))
        yield from self._unread(measure_id, key, item.clauses)
        yield from self._targets(measure_id, key, item)
        yield from self._milestones(measure_id, key, item)

    def _unit(self, measure: str, key: str, mention: Mention) -> DraftUnit:
        inferred = any(rule in INFERRING for rule in mention.rules)
        return DraftUnit(
            id=self._id("unit", f"{key}:{mention.name}"),
            span=self._source(mention.span),
            status=Status.INFERRED if inferred or "name.prefix-carried" in mention.rules else Status.CERTAIN,
            rules=mention.rules,
            measure=measure,
            printed=mention.printed,
            name=self._full_name(mention),
            role=mention.role,
            role_inferred=mention.inferred,
        )

    def _full_name(self, mention: Mention) -> str:
        """As printed in the document, width and brackets included, behind the prefix that was restored."""
        printed = self._printed(mention.span)
        restored = mention.name[: len(mention.name) - len(mention.printed)]
        return restored + printed

    def _unread(self, measure: str, key: str, found: Sequence[Clause]) -> Iterator[Unread]:
        return (self._open_clause(measure, key, "clause.unreadable", clause) for clause in found if not clause.units)

    def _left_over(self, area: Area) -> Iterator[Unread]:
        """What a group of measures says beside the clauses of the measures themselves: whose units are these?"""
        used = {clause.span for item in area.items for clause in item.clauses}
        if not any(item.kind is Kind.MEASURE for item in area.items):
            return
        for clause in self.stages.clauses:
            inside = area.node.start <= clause.span.start < area.node.end
            if (
                inside
                and clause.units
                and clause.units.mentions
                and not (clause.span in used or self._in_table(clause))
            ):
                yield self._open_clause(None, area.node.number, "clause.beside-items", clause)

    def _in_table(self, clause: Clause) -> bool:
        """A table's cells are given to measures as a row."""
        return any(table.span.start <= clause.span.start < table.span.end for table in self.stages.tables)

    def _open_clause(self, measure: str | None, key: str, rule: str, clause: Clause) -> Unread:
        return Unread(
            id=self._id("clause", key),
            span=self._source(clause.span),
            status=Status.UNRESOLVED,
            rules=(rule,),
            measure=measure,
            text=self._printed(clause.span),
        )

    # -- targets and milestones

    def _targets(self, measure: str, key: str, item: Numbered) -> Iterator[DraftTarget]:
        marker = item.node.marker
        begins = max(item.span.start, marker.end if marker else 0)  # behind the number: 11.121人才工程
        taken = sorted([*(clause.span for clause in item.clauses), *self._listings_inside(item)])
        for stretch in _outside(Span(begins, item.span.end), taken):
            yield from (self._target(measure, key, target) for target in find_targets(self.text, stretch))

    def _listings_inside(self, item: Numbered) -> Iterator[Span]:
        """Tables of figures behind a measure's text; a row of a task table is a measure itself."""
        return (each for each in self.stages.listings if item.span.start < each.start)

    def _overall_targets(self, numbered: Sequence[Numbered]) -> Iterator[DraftTarget]:
        measures = [item.span for item in numbered if item.kind is not Kind.PREAMBLE]
        background = [area.node.span for area in self.stages.areas if is_background(self.text, area.node)]
        tables = [table.span for table in self.stages.tables]
        taken = sorted([*measures, *background, *tables, *(clause.span for clause in self.stages.clauses)])
        for stretch in _outside(self.stages.front.body, taken):
            yield from (self._target(None, "plan", target) for target in find_targets(self.text, stretch))

    def _target(self, measure: str | None, key: str, target: Target) -> DraftTarget:
        inferred = target.rules[0] in ("comparator.respectively", "comparator.parallel")
        return DraftTarget(
            id=self._id("target", key),
            span=self._source(target.span),
            status=Status.INFERRED if inferred else Status.CERTAIN,
            rules=target.rules,
            measure=measure,
            text=self._printed(target.text),
            quantity=self._printed(target.span),
            low=target.low,
            value=target.value,
            unit=target.unit,
            comparator=target.comparator,
            strength=target.strength,
            deadline=target.deadline,
            deadline_precision="year" if target.deadline else None,
            deadline_span=self._source(target.deadline_span) if target.deadline_span else None,
        )

    def _milestones(self, measure: str, key: str, item: Numbered) -> Iterator[DraftMilestone]:
        for milestone in find_milestones(self.text, item.span):
            yield DraftMilestone(
                id=self._id("milestone", key),
                span=self._source(milestone.span),
                rules=("milestone.dated",),
                measure=measure,
                text=self._printed(milestone.text),
                date=milestone.due.isoformat(),
                precision=milestone.precision,
            )

    def _group_notes(self) -> Iterator[GroupNote]:
        for clause in self.stages.clauses:
            for mention in clause.units.mentions if clause.units else ():
                if mention.note and not self.used[f"group:{mention.name}"]:
                    yield GroupNote(
                        id=self._id("group", mention.name),
                        span=self._source(mention.note),
                        rules=("group.defined",),
                        group=mention.name,
                        text=self._printed(mention.note),
                    )

    # -- sources

    def _source(self, span: Span) -> Span:
        return self.stages.lines.traced.source(span)

    def _printed(self, span: Span) -> str:
        """The document's own characters, without its layout: white space, and page numbers in the middle of a name."""
        return "".join(self.stages.lines.traced.characters(span).split())

    def _title(self, node: Node) -> str:
        return self._printed(node.title)

    def _id(self, kind: str, key: str) -> str:
        """Stable for the same document: kind, place, and a count where one place holds several."""
        base = f"{kind}:{key}"
        self.used[base] += 1
        counted = kind in ("target", "milestone", "clause")
        return f"{base}:{self.used[base]}" if counted or self.used[base] > 1 else base


def _one_role_each(read: Sequence[Clause]) -> list[Mention]:
    """A unit named by several clauses of a measure has one role in it; a lead outranks the others."""
    chosen: dict[str, Mention] = {}
    for clause in read:
        for mention in clause.units.mentions if clause.units else ():
            before = chosen.get(mention.name)
            if before is None or (mention.role is Role.LEAD and before.role is not Role.LEAD):
                chosen[mention.name] = mention
    return _beside_leads(_beside_heads(list(chosen.values())))


def _beside_heads(mentions: list[Mention]) -> list[Mention]:
    """Where a 牵头单位 is printed too, a 主责单位 is one of the others."""
    if not any("label.lead" in mention.rules for mention in mentions):
        return mentions
    return [
        replace(mention, role=Role.COOPERATING, rules=(*mention.rules, "role.beside-a-lead"))
        if "label.main" in mention.rules
        else mention
        for mention in mentions
    ]


def _beside_leads(mentions: list[Mention]) -> list[Mention]:
    """Where one clause prints a lead, units of another without a role are not taken to lead."""
    if not any(mention.role is Role.LEAD and not mention.inferred for mention in mentions):
        return mentions
    return [
        replace(mention, role=Role.RESPONSIBLE, rules=(*mention.rules[1:], "role.beside-a-lead"))
        if mention.inferred
        else mention
        for mention in mentions
    ]


def _outside(whole: Span, taken: Sequence[Span]) -> Iterator[Span]:
    """What is left of a span between others, which are in order."""
    start = whole.start
    for span in taken:
        if span.end <= start:
            continue
        if span.start >= whole.end:
            break
        if span.start > start:
            yield Span(start, span.start)
        start = span.end
    if start < whole.end:
        yield Span(start, whole.end)
