"""Clauses: where a text names who is responsible, whether in brackets, behind labels, or as a closing sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.task.plan_import.lines import Lines
from services.task.plan_import.markers import LEADING
from services.task.plan_import.names import is_named_unit, is_office, is_unit
from services.task.plan_import.roles import BESIDE_OTHERS, FIRST_LISTED_LEADS, LABEL, role_of_label
from services.task.plan_import.spans import Span
from services.task.plan_import.units import CLOSING, LIST_MARK, OPENING, UnitList, read_units, with_first_listed_as_lead

BRACKET_OR_LINE_END = re.compile(f"[{re.escape(OPENING + CLOSING)}\n]")
DEEPEST = 3  # brackets around a clause
LONGEST_CLAUSE = 800  # characters inside a bracket; the longest unit lists of the genre stay far below
SPEAKS_OF_DUTY = re.compile("负责|牵头|配合|落实|协助|主办|职责分工")
MUST_BE_DUTY = re.compile(r"(?:负责|牵头|配合|落实)[ ]*$")
ASSIGNS = re.compile("负责|牵头|配合|协办|主办|职责分工")  # 领导小组统筹推进 tells how, not whose duty it is
BARE_DUTY = re.compile("[^,;]{4,80}负责[。]?[ ]*")  # 市商务局、市财政局负责 and nothing else
ASSIGNS_IN_TEXT = re.compile("^由|牵头|主办|职责分工")  # 办公室负责统筹,有关部门配合 inside a paragraph is prose
_DUTY = "(?:负责|牵头|配合|落实|实施|参与|协助|推进)"
ENDS_IN_DUTY = re.compile(f"{_DUTY}[。]?[ ]*$")
CLOSING_SENTENCE = re.compile(rf"(?:^|(?<=[。;]))(?P<sentence>[^。;:\n]{{4,300}}?{_DUTY})[。]?[ ]*$")
NO_LABEL_AFTER = "各该由为的是及和与、"  # 各责任单位: addresses units
BEFORE_BARE_LIST = "。;!?.)]"
FEWEST_BESIDE, MOST_KNOWN = 3, 0.6  # names of a bare list, and the share that has to be units beyond doubt
AFTER_BARE_LIST = "。;\n"


@dataclass(frozen=True)
class Clause:
    """A stretch of text that assigns units; `units` is None where it should but could not be read."""

    span: Span
    form: str
    units: UnitList | None


def clauses(lines: Lines) -> list[Clause]:
    """All clauses in order; a rule that the first listed unit leads holds from where it stands."""
    return list(_under_document_rule(lines.text, list(_all_forms(lines))))


def _all_forms(lines: Lines) -> Iterator[Clause]:
    """Every stretch of text in one clause at most: what begins first holds what begins inside it."""
    found = sorted((*_bracketed(lines.text), *_labelled(lines), *_sentences(lines)), key=_holds_first)
    end = 0
    for clause in found:
        if clause.span.start >= end:
            yield clause
            end = clause.span.end


def _holds_first(clause: Clause) -> tuple[int, bool]:
    """A bracket before the label that opens it."""
    return clause.span.start, clause.form != "bracket"


def _under_document_rule(text: str, found: list[Clause]) -> Iterator[Clause]:
    """A rule inside a clause holds from there on; one that stands by itself holds for the document."""
    rule = FIRST_LISTED_LEADS.search(text)
    stated_in = rule and next((clause for clause in found if _holds(clause, rule.start())), None)
    begins = stated_in.span.start if stated_in else 0
    for clause in found:
        if rule and clause.units and clause.span.start >= begins:
            yield Clause(clause.span, clause.form, with_first_listed_as_lead(clause.units))
        else:
            yield clause


def _holds(clause: Clause, position: int) -> bool:
    return clause.span.start <= position < clause.span.end


# -- in brackets -------------------------------------------------------------------------------------------------------


def _bracketed(text: str) -> Iterator[Clause]:
    """The outermost brackets that read as clauses."""
    end = 0
    for span in sorted(_brackets(text)):
        clause = _clause_in(text, span) if span.start >= end else None
        if clause:
            yield clause
            end = span.end


def _brackets(text: str) -> Iterator[Span]:
    """Pairs of brackets, of whatever style; one that does not close ends with its line."""
    open_at: list[int] = []
    for mark in BRACKET_OR_LINE_END.finditer(text):
        if mark.group() in OPENING:
            open_at.append(mark.start())
        elif mark.group() in CLOSING and open_at:
            start = open_at.pop()
            if mark.end() - start <= LONGEST_CLAUSE and len(open_at) < DEEPEST:
                yield Span(start, mark.end())
        elif open_at and not _closes_soon(text, mark.end()):
            if mark.start() - open_at[0] <= LONGEST_CLAUSE:
                yield Span(open_at[0], mark.start())
            open_at.clear()


def _closes_soon(text: str, position: int) -> bool:
    """A bracket may run over lines only where the next mark closes it before another begins."""
    following = BRACKET_OR_LINE_END.search(text, position, position + LONGEST_CLAUSE)
    return following is not None and following.group() in CLOSING


def _clause_in(text: str, span: Span) -> Clause | None:
    end = span.end - 1 if text[span.end - 1] in CLOSING else span.end
    content = Span(span.start + 1, end)
    if content.end - content.start < 2:
        return None
    label = LABEL.match(text, *content)
    if not label and LABEL.match(text, *span):
        return None  # 【责任单位】 is a label, not a clause
    printed = content.of(text)
    if not label and not SPEAKS_OF_DUTY.search(printed) and not _may_be_bare_list(text, span, printed):
        return None
    units = read_units(text, content)
    if units is None:
        return Clause(span, "bracket", None) if MUST_BE_DUTY.search(printed) and len(printed) < 200 else None
    if units.role_printed or (_is_list(units) and _stands_apart(text, span, units)):
        return Clause(span, "bracket", units)
    return None


def _may_be_bare_list(text: str, span: Span, printed: str) -> bool:
    before, after = text[span.start - 1 : span.start], text[span.end : span.end + 1]
    at_boundary = before in BEFORE_BARE_LIST or not after or after in AFTER_BARE_LIST
    return at_boundary and not re.match("含|包括|包含|不含|除|以下|简称|指|见|附", printed)


def _only_units(units: UnitList) -> bool:
    return bool(units.mentions) and all(is_unit(mention.printed) for mention in units.mentions)


def _is_list(units: UnitList) -> bool:
    return _only_units(units) or _mostly_named_units(units)


def _stands_apart(text: str, span: Span, units: UnitList) -> bool:
    """Right behind a word a bracket may also say which: 示范区域(高新区、经开区)."""
    before = text[span.start - 1 : span.start]
    return not before or before in BEFORE_BARE_LIST or before.isspace() or is_office(units.mentions[0].printed)


def _mostly_named_units(units: UnitList) -> bool:
    """Companies and the like end as nothing else does; among units that are known they are taken for units too."""
    names = [mention.printed for mention in units.mentions]
    named = sum(map(is_named_unit, names))
    return len(names) >= FEWEST_BESIDE and is_named_unit(names[0]) and named >= MOST_KNOWN * len(names)


# -- behind labels -----------------------------------------------------------------------------------------------------


def _labelled(lines: Lines) -> Iterator[Clause]:
    """Runs of labels, over as many lines as begin with one; a line without breaks can hold several."""
    run: Span | None = None
    awaiting = False
    for line in lines:
        found = list(_runs_in(lines.text, line))
        if run is not None and found and found[0].start == line.start:
            run = Span(run.start, found.pop(0).end)
        elif awaiting and run is not None and not found:
            run = Span(run.start, line.end)
        else:
            yield from _read_run(lines.text, run)
            run = None
        for following in found:
            yield from _read_run(lines.text, run)
            run = following
        awaiting = run is not None and lines.text[run.start : run.end].rstrip().endswith(":")
    yield from _read_run(lines.text, run)


def _runs_in(text: str, line: Span) -> Iterator[Span]:
    """Labels with their values, as long as no prose stands between."""
    rest = line
    while (start := _label_in(text, line, rest)) is not None:
        end = _value_end(text, Span(start, line.end))
        yield Span(start, end)
        rest = Span(end, line.end)


def _label_in(text: str, line: Span, rest: Span) -> int | None:
    """Where the first label in the rest of a line begins, if it stands where a label can."""
    opening = LEADING.match(text, line.start, line.end)
    begins = opening.end() if opening else line.start
    led_in = -1  # where the value of a label of something else begins, which may run on into a label of units
    for label in LABEL.finditer(text, *rest):
        before = _printed_before(text, begins, label.start())
        if not _introduces(text, label, line.end):
            continue
        runs_on = led_in >= 0 and text.find("。", led_in, label.start()) < 0
        stands = not before or before in "。;,!?)]】|" or runs_on
        if role_of_label(label):
            if stands or (before not in NO_LABEL_AFTER and _names_unit(text, label.end(), line.end)):
                return label.start()
        elif not before and label.group("prose") is None:
            return label.start()
        led_in = label.end() if stands else -1
    return None


def _introduces(text: str, label: re.Match[str], end: int) -> bool:
    """Whether a list follows: behind a colon or a bracket, or behind 为 where a unit is next."""
    last = label.group().rstrip()[-1]
    return last in ":】]〕)" or (last == "为" and _names_unit(text, label.end(), end))


def _names_unit(text: str, start: int, end: int) -> bool:
    """Whether a list begins with a unit here, so that what stands before it is its label even behind prose."""
    stop = LIST_MARK.search(text, start, end)
    return is_unit(text[start : stop.start() if stop else end].strip())


def _printed_before(text: str, start: int, position: int) -> str:
    """The last character before a position that is not white space; empty where the line begins."""
    while position > start and text[position - 1].isspace():
        position -= 1
    return text[position - 1] if position > start else ""


def _value_end(text: str, rest: Span) -> int:
    """Through the values of the labels that follow one another: to a stop with prose behind it, or to the line's end."""
    last = rest.start
    for label in LABEL.finditer(text, *rest):
        if label.group("prose"):  # 工作目标: what follows may set targets
            return label.start()
        stop = text.find("。", last, label.start())
        if stop >= 0 and text[stop + 1 : label.start()].strip():
            return stop
        last = label.end()
    stop = text.find("。", last, rest.end)
    return stop if stop >= 0 else rest.end


def _read_run(text: str, run: Span | None) -> Iterator[Clause]:
    rules = [rule for label in LABEL.finditer(text, *run) if (rule := role_of_label(label))] if run else []
    if run is None or all(rule.name == BESIDE_OTHERS for rule in rules):
        return  # 完成时限 alone names nobody
    units = read_units(text, run)
    if units is None or units.role_printed:
        yield Clause(run, "label", units)


# -- as a closing sentence ---------------------------------------------------------------------------------------------


def _is_bare_duty(text: str, span: Span, units: UnitList | None) -> bool:
    """A sentence of authorities who are responsible; an office of a leading group may as well be described."""
    names = [mention.printed for mention in units.mentions] if units else []
    offices = all(is_named_unit(name) and not name.endswith(("办公室", "小组", "专班")) for name in names)
    return BARE_DUTY.fullmatch(text, *span) is not None and bool(names) and offices


def _sentences(lines: Lines) -> Iterator[Clause]:
    for line in lines:
        if sentence := _sentence(lines.text, line):
            yield sentence


def _sentence(text: str, line: Span) -> Clause | None:
    """A last sentence that is nothing but units and their roles."""
    tail = Span(max(line.start, line.end - 320), line.end)
    if not ENDS_IN_DUTY.search(text, max(tail.start, tail.end - 4), tail.end):
        return None
    found = CLOSING_SENTENCE.search(tail.of(text))
    if found is None:
        return None
    span = Span(*found.span("sentence")).moved(tail.start)
    units = read_units(text, span)
    alone = not text[line.start : span.start].strip()
    assigns = (ASSIGNS if alone else ASSIGNS_IN_TEXT).search(span.of(text)) or _is_bare_duty(text, span, units)
    if assigns and units and units.mentions and _only_units(units):
        return Clause(span, "sentence", units)
    return None
