"""Markers: the printed numbers that open chapters, areas, groups and measures, as data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from services.task.plan_import.numerals import CHINESE, integer
from services.task.plan_import.vocabulary import MONEY, SIZES, any_of


class Level(IntEnum):
    """Kinds of number, from outer to inner, in the order that GB/T 9704 and the legislative style nest them."""

    PART = 1
    CHAPTER = 2
    SECTION = 3
    HEADING = 4
    ARTICLE = 5
    BRACKETED = 6
    ARABIC = 7
    POINT = 8
    POINT_OF_POINT = 9
    ARABIC_BRACKETED = 10
    CIRCLED = 11


_CN = f"[{CHINESE}]{{1,4}}"
_YEAR = "20[0-9]{2}(?![0-9])(?:[-~至]20[0-9]{2})?年"
BARE = "bare-above-points"
_DECIMAL = rf"[0-9.]+ ?(?:{any_of((*MONEY, *SIZES))}|[十百千万亿余多])"


@dataclass(frozen=True)
class MarkerRule:
    name: str
    level: Level
    pattern: str
    examples: tuple[str, ...]

    @property
    def group(self) -> str:
        return f"g{MARKER_RULES.index(self)}"


MARKER_RULES = (
    MarkerRule("part", Level.PART, f"第(?P<g0>{_CN}|[0-9]{{1,2}})(?:部分|编|篇)", ("第一部分", "第二编")),
    MarkerRule("formal", Level.PART, "(?P<g1>[壹贰叁肆伍陆柒捌玖拾]{1,2})[、.](?![0-9])", ("壹、", "拾贰.")),
    MarkerRule("chapter", Level.CHAPTER, f"第(?P<g2>{_CN}|[0-9]{{1,2}})章", ("第三章",)),
    MarkerRule("section", Level.SECTION, f"第(?P<g3>{_CN}|[0-9]{{1,2}})节", ("第一节",)),
    MarkerRule(
        "heading",
        Level.HEADING,
        f"(?P<g4>{_CN}) ?[、.](?:(?![0-9])|(?={_YEAR}|[0-9]+[A-Z]))",
        ("一、", "十二、", "三."),
    ),
    MarkerRule("article", Level.ARTICLE, f"第(?P<g5>{_CN}|[0-9]{{1,3}})条", ("第一条", "第12条")),
    MarkerRule(
        "bracketed", Level.BRACKETED, rf"[(\[〔【] ?(?P<g6>{_CN}) ?[)\]〕】][、.]?", ("(一)", "〔二〕", "(十一)、")
    ),
    MarkerRule(
        "arabic",
        Level.ARABIC,
        rf"(?P<g7>[0-9]{{1,3}}) ?(?:[、)](?![0-9])|\.(?![0-9])|[.、](?={_YEAR}))",
        ("1.", "12、", "3)"),
    ),
    MarkerRule(
        "arabic-bracketed", Level.ARABIC_BRACKETED, r"[(\[] ?(?P<g8>[0-9]{1,3}) ?[)\]][、.]?", ("(1)", "(12)、")
    ),
    MarkerRule("circled", Level.CIRCLED, "(?P<g9>[①-⑳])[、.]?", ("①",)),
    MarkerRule(
        "arabic-before-digits",  # 1.5G网络, 3.12345热线: no amount, and no 1.1 of a numbering by points
        Level.ARABIC,
        rf"(?<![0-9.])(?P<g10>[0-9]{{1,2}})\.(?=[0-9]+[A-Za-z]|[0-9]{{3}})(?!{_DECIMAL})",
        (),
    ),
    MarkerRule(
        "point-of-point",
        Level.POINT_OF_POINT,
        r"(?<![0-9.])(?P<g11>[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2})(?![0-9])[.、]?",
        ("2.1.3", "2.1.3、"),
    ),
    MarkerRule(
        "point",
        Level.POINT,
        rf"(?<![0-9.])(?!{_DECIMAL})(?P<g12>[0-9]{{1,2}}\.[0-9]{{1,2}})(?![0-9])[.、]?",
        ("2.1", "12.3."),
    ),
    MarkerRule(
        BARE,  # 2 优化服务, where the next line begins with 2.1
        Level.ARABIC,
        r"(?<![0-9.])(?P<g13>[0-9]{1,2}) +(?=[\u4e00-\u9fff“][^\n。;,]{1,40}$)",
        (),
    ),
    MarkerRule("named", Level.ARABIC, "(?:措施|任务|举措)(?P<g14>[0-9]{1,3}) ?[:、.](?![0-9])", ("措施1:", "任务12、")),
)

MARKER = re.compile(f"(?P<marker>{'|'.join(rule.pattern for rule in MARKER_RULES)})")
LEADING = re.compile(rf"[ \t]*{MARKER.pattern}")


@dataclass(frozen=True)
class Marker:
    level: Level
    number: str
    value: int
    start: int
    end: int
    opens_line: bool
    before_digits: bool = False  # may be an amount, so its place in the numbering has to say
    bare: bool = False  # a number without a stop, which only what follows shows to be one
    below: tuple[int, ...] = ()  # of a numbering by points: (2, 1) of 2.1.3

    @property
    def path(self) -> tuple[int, ...]:
        return (*self.below, self.value)


def markers_in(text: str, start: int, end: int) -> Iterator[Marker]:
    """Everything in a line that looks like a marker, in order; whether it is one is for the outline to say."""
    opening = LEADING.match(text, start, end)
    if opening:
        yield _marker(opening, opens_line=True)
    for match in MARKER.finditer(text, opening.end() if opening else start, end):
        yield _marker(match, opens_line=False)


def opens_with_marker(text: str, start: int, end: int) -> bool:
    opening = LEADING.match(text, start, end)
    return opening is not None and not _marker(opening, opens_line=True).bare


def _marker(match: re.Match[str], *, opens_line: bool) -> Marker:
    rule = next(rule for rule in MARKER_RULES if match.group(rule.group))
    number = match.group(rule.group)
    below, value = _value(rule.level, number)
    doubtful = rule.name == "arabic-before-digits"
    return Marker(
        rule.level, number, value, match.start("marker"), match.end(), opens_line, doubtful, rule.name == BARE, below
    )


def _value(level: Level, number: str) -> tuple[tuple[int, ...], int]:
    if level is Level.CIRCLED:
        return (), ord(number) - ord("①") + 1
    if level in (Level.POINT, Level.POINT_OF_POINT):
        *below, value = map(int, number.split("."))
        return tuple(below), value
    return (), integer(number)
