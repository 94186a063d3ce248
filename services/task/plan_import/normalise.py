"""Normalise: one width, one kind of dash and space, no marks of layout; every character still traceable."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

from services.task.plan_import.spans import Edit, TracedText

CJK = "\u4e00-\u9fff〇"

DASHES = "‐‑‒–—―−─━﹘﹣－"
TILDES = "〜～∼˜"
COLONS = "∶︰"  # a ratio sign and a vertical form, typed for a colon
NOT_FOLDED = {"No"}  # ①, ² and ½ mean more than their digits


class _Fold(dict[int, int | str]):
    """Character table filled on demand with the one-to-one compatibility forms of Unicode."""

    def __missing__(self, code: int) -> int | str:
        character = chr(code)
        folded = unicodedata.normalize("NFKC", character)
        keep = len(folded) != 1 or unicodedata.category(character) in NOT_FOLDED
        self[code] = code if keep else folded
        return self[code]


BRACKETS = str.maketrans("〖〗〘〙⟨⟩‹›", "【】()〈〉〈〉")
LINE_ENDS = {0x0C: "\n", 0x2028: "\n", 0x2029: "\n"}
_FOLD = _Fold(
    {ord(c): "-" for c in DASHES} | {ord(c): "~" for c in TILDES} | {ord(c): ":" for c in COLONS} | BRACKETS | LINE_ENDS
)

INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060\u00ad\u200e\u200f"
ENUMERATORS = "\u2474-\u249b\u3220-\u3229"  # ⑴…⒛ and ㈠…㈩ spell a bracket or a stop

LAYOUT_MARKS = re.compile(
    "|".join(
        (
            r"\r\n?",
            r"(?:\\r)?\\n",  # line ends spelled out by a database dump
            f"[{INVISIBLE}]+",
            f"[{ENUMERATORS}]",
            r"(?m:^[ ]*#{1,6}[ ]+)",  # Markdown headings
            r"(?m:^[ ]*>[ ]+)",
            r" {5,}",  # room between columns, or an empty page
            r"\*\*|__",
            r"\\(?=[.*_#()\[\]+-])",
            r"&(?:[a-z]{2,6}|#\d{2,5});",
            r"</?[A-Za-z][^<>\n]{0,200}>",
        )
    )
)
ROW_TAGS = re.compile(r"</?(?:p|br|div|tr|li|h[1-6]|table|ul|ol|section)\b", re.IGNORECASE)
CELL_TAGS = re.compile(r"</(?:td|th)\b", re.IGNORECASE)

PUNCTUATION = "、,。;:()〔〕【】%~-"
SPACE_BESIDE_DIGIT = re.compile(
    f"(?<=[{CJK}]) (?=[0-9A-Za-z])|(?<=[0-9A-Za-z%]) (?=[{CJK}])|(?<=[{PUNCTUATION}]) (?=[^ ])|(?<=[^ ]) (?=[{PUNCTUATION}])"
)
SPACE_IN_WORD = re.compile(f"(?<=[{CJK}]) (?=[{CJK}])")
TABLE_ROW = re.compile(
    rf"[ ]*\d{{1,3}} (?:[^\n]{{0,300}}?[{CJK}。)] (?=[{CJK}0-9])){{2}}"
)  # a number and words apart: spaces stand between cells
ANY_SPACE = re.compile(f"{SPACE_BESIDE_DIGIT.pattern}|{SPACE_IN_WORD.pattern}")
LINE = re.compile(r"[^\n]+")
SPACED_OUT = 0.3  # share of a line's Chinese characters with a space behind, above which spaces are layout


def normalise(raw: str) -> TracedText:
    """The document's text in one notation; lengths change only where layout is dropped or an enumerator is spelled."""
    folded = TracedText(raw.translate(_FOLD), TracedText(raw))
    plain = folded.edited(_layout_edits(folded.text))
    return plain.edited(_space_edits(plain.text))


def _layout_edits(text: str) -> Iterator[Edit]:
    for match in LAYOUT_MARKS.finditer(text):
        yield Edit(match.start(), match.end(), _instead_of(match.group()))


def _instead_of(mark: str) -> str:
    """What a mark of layout says: a line end, a cell end, room, a character by its name, or nothing."""
    if mark[0] == "\r" or mark.endswith("\\n") or ROW_TAGS.match(mark):
        return "\n"
    if CELL_TAGS.match(mark):
        return "\t"
    if mark.isspace():
        return "    "
    if mark[0] == "&":
        return html.unescape(mark).replace("\xa0", " ").translate(_FOLD)
    return unicodedata.normalize("NFKC", mark) if unicodedata.category(mark[0]) == "No" else ""


def _space_edits(text: str) -> Iterator[Edit]:
    for line in LINE.finditer(text):
        if " " not in line.group() or TABLE_ROW.match(text, *line.span()):
            continue
        for space in (ANY_SPACE if _is_spaced_out(line.group()) else SPACE_BESIDE_DIGIT).finditer(text, *line.span()):
            if not _ends_serial_number(text, space.start()):
                yield Edit(space.start(), space.end(), "")


def _is_spaced_out(line: str) -> bool:
    """Whether a line was set wide, as titles are, or justified lines where a PDF gives room as spaces."""
    spaced = len(SPACE_IN_WORD.findall(line))
    return spaced > SPACED_OUT * len(re.findall(f"[{CJK}]", line))


def _ends_serial_number(text: str, space: int) -> bool:
    """A number that begins a line is a column of its own; its space stays."""
    line = text.rfind("\n", max(0, space - 5), space) + 1
    return space - line < 4 and text[line:space].isdecimal() and (line > 0 or space < 4)
