"""Lines: the paragraphs of a document, without page numbers, and with hard-wrapped lines joined again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import NamedTuple

from services.task.plan_import.markers import opens_with_marker
from services.task.plan_import.spans import Edit, Span, TracedText

PAGE_NUMBER = re.compile(r"[ ]*(?:-+ ?\d{1,4} ?-+|第 ?\d{1,4} ?页(?:[,，/ ]*共 ?\d{1,4} ?页)?|\d{1,4} ?/ ?\d{1,4})[ ]*")
CONTENTS_ENTRY = re.compile(r".{2,60}?(?:[.·…]{3,}|-{3,}|\t+) *-? *\d{1,3} *-?")
ENDS_PARAGRAPH = "。!?;:|"
MAY_END_PARAGRAPH = ")]〕】〉》"  # or a line that they happen to close: 各县(市、区)
OPENS_PARAGRAPH = re.compile(
    r"[ ]*(?:[—●■◆•·*|]|-{2,}|附件|附:|抄送|专栏|⸺|[【\u4e00-\u9fff]{2,9}(?:单位|部门|时限|领导)[:】])"
)
TABLE_LINE = re.compile(r"[ ]*(?:\d{1,3} \S+ \S+|序号?[ ]*$|(?:序号|序|号) )")

WRAPPED_WIDTH = range(16, 81)  # characters in a hard-wrapped line of A4 text
FULL_LINE = 0.8  # a line shorter than this share of the width ends its paragraph
FULLEST_LINE = 0.96  # what a bracket at the end of a line has to fill to go on
HALF_WIDTH = re.compile("[0-9A-Za-z. -]")


class Wrapping(NamedTuple):
    """What shows that a text was wrapped: so many lines, of which this share reaches the common width."""

    lines: int
    share: float


WRAPPED_TEXT, PAGES = Wrapping(12, 0.3), Wrapping(6, 0.1)


@dataclass(frozen=True)
class Lines:
    """A text and its non-empty lines, in order."""

    traced: TracedText
    spans: tuple[Span, ...]

    @property
    def text(self) -> str:
        return self.traced.text

    def __iter__(self) -> Iterator[Span]:
        return iter(self.spans)

    def parted_at(self, places: Iterable[int]) -> Lines:
        """With line ends at these places too, where a text has no line breaks of its own."""
        starts = sorted({line.start for line in self.spans} | set(places))
        ends = {line.start: line.end for line in self.spans}
        parts, end = [], 0
        for start, following in zip_longest(starts, starts[1:]):
            end = ends.get(start, end)
            parts.append(Span(start, end if following is None else min(end, following)))
        return Lines(self.traced, tuple(parts))


def split_lines(traced: TracedText, *, paged: bool = False) -> Lines:
    """Drop page numbers and contents entries, join what was wrapped at a fixed width, and list the lines.

    A text that was laid out on pages is wrapped even where most of its paragraphs fit on one line.
    """
    clean = traced.edited(
        Edit(span.start, span.end, "") for span in _lines(traced.text) if _is_furniture(traced.text, span)
    )
    apart = not paged and _parted_by_empty_lines(clean.text)
    width = None if apart else _wrapped_width(clean.text, PAGES if paged else WRAPPED_TEXT)
    whole = clean.edited(_soft_breaks(clean.text, width)) if width else clean
    return Lines(whole, tuple(span for span in _lines(whole.text) if whole.text[span.start : span.end].strip()))


def _lines(text: str) -> Iterator[Span]:
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield Span(start, end)
        start = end + 1


def _is_furniture(text: str, span: Span) -> bool:
    if span.end - span.start > 80:
        return False
    line = span.of(text)
    return bool(PAGE_NUMBER.fullmatch(line) or CONTENTS_ENTRY.fullmatch(line))


def _parted_by_empty_lines(text: str) -> bool:
    """Whether most lines stand apart, as the paragraphs of a web page do: then none was wrapped."""
    filled = [span for span in _lines(text) if text[span.start : span.end].strip()]
    apart = sum(1 for line, following in pairwise(filled) if text.count("\n", line.end, following.start) > 1)
    return 2 * apart > len(filled)


def _wrapped_width(text: str, least: Wrapping) -> int | None:
    """The width that the text was wrapped at, or None where lines are paragraphs."""
    lengths = sorted(length for span in _lines(text) if (length := _printed_length(text, span)))
    if len(lengths) < least.lines or lengths[-1] not in WRAPPED_WIDTH:
        return None
    width = lengths[int(len(lengths) * 0.9)]
    full = sum(1 for length in lengths if length >= FULL_LINE * width)
    return width if width in WRAPPED_WIDTH and full >= least.share * len(lengths) else None


def _printed_length(text: str, span: Span) -> int:
    """How wide a line is printed, in Chinese characters."""
    printed = text[span.start : min(span.end, span.start + 400)].strip()
    return len(printed) - len(HALF_WIDTH.findall(printed)) // 2


def _soft_breaks(text: str, width: int) -> Iterator[Edit]:
    filled = [span for span in _lines(text) if span.end > span.start]
    for line, following in pairwise(filled):
        if _continues(text, line, following, width):
            yield Edit(line.end, following.start, "")


def _continues(text: str, line: Span, following: Span, width: int) -> bool:
    filled = FULLEST_LINE if text[line.end - 1] in MAY_END_PARAGRAPH else FULL_LINE
    if _printed_length(text, line) < filled * width or text[line.end - 1] in ENDS_PARAGRAPH:
        return False
    if "\t" in line.of(text) or "\t" in following.of(text):
        return False
    opening = text[following.start]
    return (
        opening not in "\u3000 "
        and not OPENS_PARAGRAPH.match(text, following.start)
        and not TABLE_LINE.match(text, following.start, following.end)
        and not opens_with_marker(text, following.start, following.end)
    )
