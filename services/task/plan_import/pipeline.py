"""The stages in order: read → normalise → lines → outline → clauses → units → tables → targets → resolve → draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.task.plan_import.assembly import assemble
from services.task.plan_import.clauses import Clause, clauses
from services.task.plan_import.directory import UnitDirectory
from services.task.plan_import.draft import Draft
from services.task.plan_import.errors import NotAPlan
from services.task.plan_import.front import Front, read_front
from services.task.plan_import.lines import Lines, split_lines
from services.task.plan_import.measures import Area, find_areas
from services.task.plan_import.normalise import normalise
from services.task.plan_import.outline import Outline, outline
from services.task.plan_import.reading import Reading, read
from services.task.plan_import.resolve import resolve
from services.task.plan_import.spans import Span
from services.task.plan_import.tables import Table, find_tables, listings
from services.task.plan_import.tasks import areas_with_tables, clauses_of_repeated


@dataclass(frozen=True)
class Stages:
    """What each stage found; what `--trace` prints."""

    reading: Reading
    lines: Lines
    outline: Outline
    clauses: Sequence[Clause]
    tables: Sequence[Table]
    listings: Sequence[Span]
    areas: Sequence[Area]
    front: Front


def draft_plan(document: bytes, name: str, directory: UnitDirectory | None = None) -> Draft:
    """A draft of the plan that the document holds, for a person to check and confirm.

    Deterministic and offline; every item leads back to the characters that it came from. With a directory, units are
    matched to its keys. Raises a PlanImportError for a document that cannot be read or holds no plan.
    """
    draft = assemble(name, run_stages(document, name))
    return resolve(draft, directory) if directory else draft


def run_stages(document: bytes, name: str) -> Stages:
    """Every stage's result, without the draft."""
    reading = read(document, name)
    lines = split_lines(normalise(reading.text), paged=reading.form == "pdf")
    tables = find_tables(lines)
    plan = outline(lines, tables)
    found = clauses(lines.parted_at(node.start for node in plan.nodes()))
    repeated = clauses_of_repeated(lines.text, plan, tables)
    areas = areas_with_tables(lines, find_areas(lines.text, plan, found, repeated), tables)
    if not any(area.items for area in areas):
        raise NotAPlan
    begins = min([areas[0].node.start, *(table.span.start for table in tables[:1])])
    end = max(area.node.end for area in areas)
    return Stages(reading, lines, plan, found, tables, listings(lines), areas, read_front(lines, begins, end))
