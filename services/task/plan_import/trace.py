"""Trace: what each stage of an import found, for people who wonder why."""

from __future__ import annotations

from collections.abc import Iterator

from services.task.plan_import.pipeline import Stages, run_stages
from services.task.plan_import.spans import Span


def trace_lines(document: bytes, name: str) -> Iterator[str]:
    """One line per finding, stage by stage; offsets refer to the text as read."""
    stages = run_stages(document, name)
    yield f"read: {stages.reading.form}, {len(stages.reading.text)} characters"
    yield f"normalise, lines: {len(stages.lines.text)} characters, {len(stages.lines.spans)} lines"
    yield from _outline(stages)
    yield from _clauses(stages)
    yield from (
        f"table {_place(stages, table.span)} {'|'.join(column.title for column in table.columns)}: {len(table.rows)} rows"
        for table in stages.tables
    )
    for area in stages.areas:
        for item in area.items:
            yield f"measure {_place(stages, item.span)} {area.node.number} {item.node.number}: {item.kind}, {len(item.clauses)} clauses"


def _outline(stages: Stages) -> Iterator[str]:
    for node in stages.outline.nodes():
        level = node.level.name.lower() if node.level else ""
        yield f"outline {_place(stages, node.span)} {level} {node.number}: {node.title.of(stages.lines.text)}"


def _clauses(stages: Stages) -> Iterator[str]:
    for clause in stages.clauses:
        yield f"clause {_place(stages, clause.span)} {clause.form}: {clause.span.of(stages.lines.text)!r}"
        for mention in clause.units.mentions if clause.units else ():
            yield f"  unit {_place(stages, mention.span)} {mention.name} {mention.role}: {', '.join(mention.rules)}"


def _place(stages: Stages, span: Span) -> str:
    source = stages.lines.traced.source(span)
    return f"[{source.start}:{source.end}]"
