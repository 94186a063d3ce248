"""Front matter: where the plan begins and ends, its title, issuer and period."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.task.plan_import.lines import Lines
from services.task.plan_import.outline import DATE_LINE
from services.task.plan_import.spans import Span
from services.task.plan_import.vocabulary import DOCUMENT_KINDS, NOTICE_KINDS, any_of

LONGEST_TITLE = 80
MOST_TITLE_LINES = 4
LOOKED_AT = 400  # lines before the first marker; front matter is short
_SUFFIX = r"(?: *[(\[〔【][^()\[\]〔〕【】]{1,30}[)\]〕】]){0,2}"
TITLE = re.compile(rf"[《“]?(?P<title>[^。;!?]{{2,}}?(?:{any_of(DOCUMENT_KINDS)}){_SUFFIX})[》”]?")
NOTICE = re.compile(rf"(?P<title>[^。;!?]{{4,}}?(?:{any_of(NOTICE_KINDS)}){_SUFFIX})")
RUN_ON = re.compile(
    rf"[ ]*(?P<title>[^。;!?,:《》]{{4,60}}?(?:{any_of(DOCUMENT_KINDS)}){_SUFFIX}) *(?=为(?:了|深入|进一步|贯彻|加快|切实|全面)|根据|按照|各(?:省|市|州|区|县))"
)  # of a text without line breaks
QUOTED = re.compile(rf"《(?P<title>[^《》]{{4,80}}(?:{any_of(DOCUMENT_KINDS)}){_SUFFIX})》")
ISSUED = re.compile(rf"(?:现将|制定了?|印发了?){QUOTED.pattern}")
PERIOD = re.compile(r"(?<!\d)(20\d\d)\s*年?\s*(?:-+|~|至|到)\s*(20\d\d)\s*年?(?!\d)")
YEAR_OF_WORK = re.compile(r"(?<!\d)(20\d\d)年(?:度)?(?!\d)")
ISSUER = re.compile(r"(?!为|按|根据|经)(?P<issuer>[^《》\n]{2,60}?)(?:日前|近日)?(?:关于|印发|发布|出台)")
SIGNATURE = re.compile(r"[ ]*(?P<issuer>\S{2,40}(?:政府|办公厅|办公室|委员会|局|厅|委|部|领导小组)|国务院)[ ]*")
IN_BRACKETS = re.compile(r"[(〔【][^0-9]*[)〕】]")  # (此件公开发布); years in brackets may belong to a title
CONTINUES = re.compile("[\u4e00-\u9fffA-Za-z0-9“”《》、()-]+")


@dataclass(frozen=True)
class Front:
    """What the document says of itself. `body` is where targets can stand."""

    title: Span | None
    issuer: Span | None
    period: tuple[int, int] | None
    period_span: Span | None
    body: Span


def read_front(lines: Lines, first_item: int, end: int) -> Front:
    """Title, issuer and period, from the lines before the first item and the signature after the last."""
    head = [Span(line.start, min(line.end, first_item)) for line in lines.spans[:LOOKED_AT] if line.start < first_item]
    title, begins = _title(lines.text, head)
    period, period_span = _period(lines.text, title)
    return Front(title, _issuer(lines, head, end), period, period_span, Span(begins, end))


def _title(text: str, head: Sequence[Span]) -> tuple[Span | None, int]:
    """The last line that is a title; else a title quoted by a notice. With it, where the plan's own text begins."""
    for index in reversed(range(len(head))):
        found = _title_at(text, head, index, TITLE)
        if found:
            issued = ISSUED.search(text, found.start, head[index].end)  # …印发《…方案》 on one line
            return Span(*issued.span("title")) if issued else found, head[index].end
    for index, line in enumerate(head):
        notice = _title_at(text, head, index, NOTICE)
        if notice:
            quoted = QUOTED.search(text, *notice)
            return (Span(*quoted.span("title")) if quoted else notice), line.end
    run_on = (RUN_ON.match(text, *head[0]) or ISSUED.search(text, *head[0])) if head else None
    return (Span(*run_on.span("title")), run_on.end()) if run_on else (None, 0)


def _title_at(text: str, head: Sequence[Span], last: int, pattern: re.Pattern[str]) -> Span | None:
    """A title that ends on this line; it may have begun up to three lines before."""
    best = None
    for first in range(last, max(-1, last - MOST_TITLE_LINES), -1):
        if first < last and not _runs_on(text, head[first]):
            break
        joined = Span(head[first].start, head[last].end)
        if joined.end - joined.start > LONGEST_TITLE:
            break
        printed = [at for at in range(*joined) if text[at] != "\n"]
        match = pattern.fullmatch("".join(text[at] for at in printed).strip())
        if match and "附件" not in match["title"][:2]:
            indent = len(printed) - len("".join(text[at] for at in printed).lstrip())
            start, end = match.span("title")
            best = Span(printed[indent + start], printed[indent + end - 1] + 1)
    return best


def _runs_on(text: str, line: Span) -> bool:
    printed = line.of(text).strip()
    stands_alone = DATE_LINE.fullmatch(printed) or IN_BRACKETS.fullmatch(printed) or "".join(printed.split()) == "目录"
    return len(printed) <= 40 and CONTINUES.fullmatch(printed) is not None and not stands_alone


def _period(text: str, title: Span | None) -> tuple[tuple[int, int] | None, Span | None]:
    if title is None:
        return None, None
    if span := PERIOD.search(text, *title):
        return (int(span[1]), int(span[2])), Span(*span.span())
    if year := YEAR_OF_WORK.search(text, *title):
        return (int(year[1]), int(year[1])), Span(*year.span())
    return None, None


def _issuer(lines: Lines, head: Sequence[Span], end: int) -> Span | None:
    for line in head:
        match = ISSUER.match(lines.text, *line)
        if match and SIGNATURE.fullmatch(match["issuer"]):
            return Span(*match.span("issuer"))
    return _signature(lines, end)


def _signature(lines: Lines, end: int) -> Span | None:
    """The line above the date at the end."""
    following: Span | None = None
    for line in reversed(lines.spans):
        if line.end > end:
            continue
        if following and DATE_LINE.fullmatch(lines.text, *following):
            match = SIGNATURE.fullmatch(lines.text, *line)
            return Span(*match.span("issuer")) if match else None
        following = line
        if end - line.start > 2000:
            break
    return None
