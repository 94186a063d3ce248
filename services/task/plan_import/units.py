"""Units: the inside of a clause of responsibility, read into units with roles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise, starmap

from services.task.plan_import.names import (
    LONGEST,
    NESTED,
    Prefix,
    is_cut_apart,
    is_group,
    is_unit,
    prefix_of,
    restored,
    takes_prefix,
)
from services.task.plan_import.roles import (
    BY_DUTY,
    FIRST_LISTED_LEADS,
    LABEL,
    VERB,
    WITH,
    Role,
    RoleRule,
    role_of_label,
    role_of_verb,
)
from services.task.plan_import.spans import Span

OPENING, CLOSING = "([〔【〈{", ")]〕】〉}"
NOTED = "\ue001"  # stands for a character of a bracket that defines a name rather than belonging to it
DEFINES = re.compile(r".(?:不?含|包括|除|指)|[^)\]〕】〉}]*(?:下同|简称)")
ROLE_NOTES = (
    (Role.LEAD, re.compile("[(\\[〔【〈](?:共同|总)?(?:牵头|主办|主责)(?:单位|部门)?.")),
    (Role.COOPERATING, re.compile("[(\\[〔【〈](?:配合|协办|协助|参与)(?:单位|部门)?.")),
)  # 市商务局(牵头)、市财政局
_TIERS = "(?:省|自治区|自治州|自治县|自治旗|直辖市|直管市|林区|地级以上市|设区市|设区的市|地级市|县级市|市|州|县|区|旗|盟|地|乡镇|镇街|乡|镇|街道|县区|区县)"
GROUP_RUN = re.compile(
    f"各(?:有关|相关)?{_TIERS}(?:行政公署|行署)?{NESTED}*(?:、{_TIERS}{NESTED}*(?![^、,;。及和负牵配人政党委管办{NESTED}])){{1,3}}"
)  # 各市、县(区) is one group
GOVERNMENTS_RUN = re.compile(
    "(?:省|市|州|县|区|乡|镇)级?(?:、(?:市|州|县|区|乡|镇)级?){1,3}(?=人民政府|政府|党委)"
)  # 市、县人民政府
SAME_BELOW = re.compile("[,;、]?(?:以)?下同")
_PART = "(?:^|(?<=[,;。]))"
REMARK = re.compile(
    f"{_PART}[^,;。、]*(?:不再|均需|均涉及|具体任务|以下(?:各|任务|均|工作)|[逗分顿]号[前后])[^,;。]*"
)  # 以下均需各区落实,不再列出
TIMING = re.compile(
    f"{_PART}[并且年内]*(?:长期|持续|常态化|立即|即时|全年|按时限|按期|年内)[^,;、。()]{{0,6}}(?=[,;。]|$)"
)  # 年内持续推进 says how long, although it ends in a verb of duty
DATE = re.compile(
    r"(?:20\d\d(?:[-~至]20\d\d)?年(?:\d{1,2}月)?(?:\d{1,2}日)?|\d{1,2}月(?:\d{1,2}日)?|年|季度|月)(?:[上下]半年|[上中下]旬|底|末|初)?(?:之?前)?(?:基本)?(?:完成|启动|见效|取得.{0,8}?(?=[,;。]|$))?(?:,?并?(?:长期坚持|持续(?:推进|实施)))?"
)
DATED = re.compile(r"\d|[年月度][底末初前]")
LASTING = re.compile("(?:长期|持续|常态化|立即|即时|全年|按时限|按期)[^,;、]{0,6}")
LIST_MARK = re.compile(r"[、,;。\t|/]")
CONJUNCTION = re.compile("以及|和|及|与|暨")
SEAM = re.compile("(?<=[局委办厅会室])(?=[省市县区州][\u4e00-\u9fff]{2}|各[省市县区州镇乡街有])")
SHORTEST_BESIDE = 4  # 市委市政府 is one name
OPEN_END = re.compile("(?<![高中初])等(?!级)")
CLOSES_LIST = re.compile(r"(?:[0-9一二三四五六七八九十]+个?)?(?:有关)?(?:部门|单位|地区|地方|机构|方面)?")
CANNOT_STAND_ALONE = re.compile("(?:部门|单位|地区|地方|机构|企业|个人)$")
OPENS_SENTENCE = re.compile("[该此本][^,、由]{0,6}由")  # 该项工作由市商务局
NOBODY = re.compile(r"[无/\\-]+|暂无|没有")
JOINS = re.compile(r"(?:、|会同|联合)\s*$")
PROSE = re.compile(r"[。:!?《》=+]|20\d\d|[0-9]{6}|的(?!士)|(?:制定|开展|建立|提供|完善|加强|推动)")


@dataclass(frozen=True)
class Mention:
    """A unit in a clause: as printed, by its full name, and in a role that was printed or inferred."""

    printed: str
    name: str
    span: Span
    role: Role
    inferred: bool
    rules: tuple[str, ...]
    note: Span | None = None  # what a bracket after the name defines it to hold


@dataclass(frozen=True)
class UnitList:
    mentions: tuple[Mention, ...]
    by_duty: bool
    open_ended: bool
    deadline: Span | None
    first_listed_leads: bool
    role_printed: bool


@dataclass(frozen=True)
class _Segment:
    """A stretch of the clause whose units share what is printed about their role."""

    span: Span
    role: Role | None
    rule: str


@dataclass(frozen=True)
class _Name:
    span: Span
    joined: bool  # to the name before it, by 、 or a conjunction
    open_ended: bool = False


def read_units(text: str, span: Span, heading: RoleRule | None = None) -> UnitList | None:
    """The units of a clause's content, or of a cell under a heading; None where it cannot be read as a list of units."""
    printed = span.of(text)
    masked, first_listed = _mask_remarks(_mask_brackets(printed))
    sections, deadline = _sections(masked, heading)
    masked = TIMING.sub(_blank, masked)
    segments = [segment for section in sections for segment in _segments(masked, section)]
    names = [(segment, name) for segment in segments for name in _names(masked, segment.span)]
    if not all(_plausible(name.span.of(masked)) for _, name in names):
        return None
    role_printed = any(segment.role for segment in segments)
    if not names and not role_printed:
        return None
    mentions = _beside_noted_lead(tuple(_mentions(printed, masked, names, span.start)))
    return UnitList(
        mentions=_lead_first(mentions) if first_listed else mentions,
        by_duty=re.search(f"(?:{BY_DUTY}).*分工|按照?分工", masked) is not None,
        open_ended=any(name.open_ended for _, name in names),
        deadline=deadline and deadline.moved(span.start),
        first_listed_leads=first_listed,
        role_printed=role_printed,
    )


def with_first_listed_as_lead(units: UnitList) -> UnitList:
    """What a document means that says once that the first listed unit leads; a printed lead stands."""
    if any(mention.role is Role.LEAD and not mention.inferred for mention in units.mentions):
        return units
    return replace(units, mentions=_lead_first(units.mentions))


def _lead_first(mentions: tuple[Mention, ...]) -> tuple[Mention, ...]:
    return tuple(
        replace(
            mention,
            role=Role.COOPERATING if index else Role.LEAD,
            inferred=False,
            rules=(*mention.rules, "role.first-listed-leads"),
        )
        for index, mention in enumerate(mentions)
    )


# -- masks: same length, so that positions hold ------------------------------------------------------------------------


def _mask_brackets(content: str) -> str:
    """Hide nested brackets, so that what they hold splits nothing."""
    masked = list(content)
    for start, end in _nested(content):
        if not FIRST_LISTED_LEADS.match(content, start + 1, end):
            masked[start:end] = _mask_of(content, start, end) * (end - start)
    text = "".join(masked)
    for run in (GROUP_RUN, GOVERNMENTS_RUN):
        text = run.sub(lambda found: found.group().replace("、", NESTED), text)
    return text


def _mask_of(content: str, start: int, end: int) -> str:
    defines = DEFINES.match(content, start, end) or any(note.fullmatch(content, start, end) for _, note in ROLE_NOTES)
    return NOTED if defines else NESTED


def _nested(content: str) -> Iterator[tuple[int, int]]:
    depth = start = 0
    for position, character in enumerate(content):
        if character in OPENING:
            start = start if depth else position
            depth += 1
        elif character in CLOSING and depth:
            depth -= 1
            if not depth and not LABEL.match(content, start):
                yield start, position + 1


def _mask_remarks(masked: str) -> tuple[str, bool]:
    """Blank what is said about the list rather than in it."""
    without = FIRST_LISTED_LEADS.sub(_blank, masked)
    return REMARK.sub(_blank, SAME_BELOW.sub(_blank, without)), without != masked


def _blank(match: re.Match[str]) -> str:
    return "," * len(match.group())


# -- sections and segments ---------------------------------------------------------------------------------------------


def _sections(masked: str, heading: RoleRule | None) -> tuple[list[_Segment], Span | None]:
    """What each label governs; without labels, the whole. Deadlines are set apart."""
    labels = list(LABEL.finditer(masked))
    ends = [*(label.start() for label in labels[1:]), len(masked)]
    head = labels[0].start() if labels else len(masked)
    above = (heading.role, heading.name) if heading else (None, "")
    sections = [_Segment(Span(0, head), *above)] if masked[:head].strip(" ,;") else []
    deadline: Span | None = None
    for label, end in zip(labels, ends if labels else [], strict=True):
        rule, value = role_of_label(label), Span(label.end(), end)
        if rule:
            sections.append(_Segment(value, rule.role, rule.name))
        elif label.group("deadline"):
            deadline = value
    return sections, deadline or _dated(masked, sections)


def _dated(masked: str, sections: list[_Segment]) -> Span | None:
    dates = (match for section in sections for match in DATE.finditer(masked, *section.span))
    return next((Span(*match.span()) for match in dates if DATED.search(match.group())), None)


def _segments(masked: str, section: _Segment) -> Iterator[_Segment]:
    """Cut a section after each verb; what follows the last verb keeps the section's own role."""
    start = section.span.start
    for verb in VERB.finditer(masked, *section.span):
        rule = role_of_verb(verb)
        yield from _before_verb(masked, Span(start, verb.start()), rule.role, rule.name)
        start = verb.end()
    if masked[start : section.span.end].strip(" ,;。"):
        yield from _before_verb(masked, Span(start, section.span.end), section.role, section.rule)


def _before_verb(masked: str, span: Span, role: Role | None, rule: str) -> Iterator[_Segment]:
    """A会同B负责 splits into A who leads and B who cooperates."""
    joint = WITH.search(masked, *span)
    if joint is None:
        yield _Segment(span, role, rule)
        return
    yield _Segment(Span(span.start, joint.start()), Role.LEAD, "verb.with")
    yield _Segment(Span(joint.end(), span.end), Role.COOPERATING, "verb.with")


# -- names -------------------------------------------------------------------------------------------------------------


def _names(masked: str, span: Span) -> Iterator[_Name]:
    text = DATE.sub(lambda match: _blank(match) if DATED.search(match.group()) else match.group(), span.of(masked))
    start, joined = 0, False
    for mark in [*LIST_MARK.finditer(text), None]:
        end = mark.start() if mark else len(text)
        yield from _split_part(text, Span(start, end), joined, span.start)
        start, joined = end + 1, bool(mark and mark.group() == "、")


def _split_part(text: str, part: Span, joined: bool, base: int) -> Iterator[_Name]:
    for piece in _words(text, part):
        for span, linked, open_ended in _linked(text, piece):
            name = _trimmed(text, span)
            if name.end > name.start and not _is_nobody(name.of(text)):
                yield _Name(name.moved(base), joined or linked, open_ended)
            joined = joined and not linked


def _words(text: str, part: Span) -> Iterator[Span]:
    """White space separates names only where each side is one; else it is a stray."""
    words = [Span(*match.span()) for match in re.finditer(r"\S+", part.of(text))]
    printed = [word.moved(part.start).of(text) for word in words]
    if len(words) > 1 and all(map(is_unit, printed)) and not any(starmap(is_cut_apart, pairwise(printed))):
        yield from (word.moved(part.start) for word in words)
    else:
        yield part


def _linked(text: str, part: Span) -> Iterator[tuple[Span, bool, bool]]:
    """Split at 等 and at conjunctions between two complete names: (span, joined to the one before, 等 follows)."""
    end_mark = OPEN_END.search(text, *part)
    listed = Span(part.start, end_mark.start() if end_mark else part.end)
    pieces = list(_conjoined(text, listed))
    for index, piece in enumerate(pieces):
        yield piece, index > 0, bool(end_mark) and index == len(pieces) - 1
    if end_mark:
        rest = list(_conjoined(text, Span(end_mark.end(), part.end)))
        for index, piece in enumerate(rest):
            closing = CLOSES_LIST.fullmatch(_trimmed(text, piece).of(text))
            if not closing or (index == 0 and len(rest) > 1 and len(piece.of(text)) > 2):
                yield piece, True, False


def _conjoined(text: str, part: Span) -> Iterator[Span]:
    start = part.start
    for conjunction in CONJUNCTION.finditer(text, *part):
        left, right = text[start : conjunction.start()].strip(), text[conjunction.end() : part.end].strip()
        stands_alone = not CANNOT_STAND_ALONE.match(CONJUNCTION.split(right)[0])
        if is_unit(right) and stands_alone and (is_unit(left) or CLOSES_LIST.fullmatch(left)):
            yield from _parted(text, Span(start, conjunction.start()))
            start = conjunction.end()
    yield from _parted(text, Span(start, part.end))


def _parted(text: str, name: Span) -> Iterator[Span]:
    """Two names that lost what stood between them: 市商务局市财政局, 市商务局各区."""
    seams = [seam.start() for seam in SEAM.finditer(text, *name)]
    start = name.start
    for seam, following in pairwise([*seams, name.end]):
        left, right = text[start:seam].strip(), text[seam:following].strip()
        whole = len(left) >= SHORTEST_BESIDE and is_unit(left) and prefix_of(left)
        if whole and (prefix_of(right) or (is_group(right) and is_unit(right))):
            yield Span(start, seam)
            start = seam
    yield Span(start, name.end)


def _trimmed(text: str, span: Span) -> Span:
    start, end = span
    if opening := OPENS_SENTENCE.match(text, start, end):
        start = opening.end()
    while start < end and (text[start].isspace() or text[start] in ":由请)"):
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] in ":.…*()"):
        end -= 1
    return Span(start, end)


def _is_nobody(name: str) -> bool:
    return bool(NOBODY.fullmatch(name) or LASTING.fullmatch(name))


def _plausible(name: str) -> bool:
    plain = name.replace(NOTED, "").replace(NESTED, "")
    return len(plain) >= 2 and len(name) <= LONGEST and not PROSE.search(plain) and (is_unit(plain) or len(plain) <= 12)


# -- mentions ----------------------------------------------------------------------------------------------------------


def _mentions(printed: str, masked: str, names: Iterable[tuple[_Segment, _Name]], base: int) -> Iterator[Mention]:
    named = list(names)
    roles = _Roles(segment for segment, _ in named)
    prefix: Prefix | None = None
    for segment, name in named:
        prefix = prefix if name.joined or JOINS.search(masked, max(0, name.span.start - 8), name.span.start) else None
        mask = name.span.of(masked)
        length = len(mask.rstrip(NOTED))
        words = "".join(name.span.of(printed)[:length].split())
        bracket = name.span.of(printed)[length:]
        noted = next((role for role, note in ROLE_NOTES if note.fullmatch(bracket)), None)
        own = prefix_of("".join(mask[:length].split()))
        elided = own is None and prefix is not None and takes_prefix("".join(mask[:length].split()))
        role, inferred, rule = (noted, False, "note.role") if noted else roles.of(segment)
        yield Mention(
            printed=words,
            name=restored(words, prefix) if elided and prefix else words,
            span=Span(name.span.start, name.span.start + length).moved(base),
            role=role,
            inferred=inferred,
            rules=(rule, "name.prefix-carried") if elided else (rule,),
            note=None if noted else _note(bracket, Span(name.span.start + length, name.span.end).moved(base)),
        )
        prefix = own or prefix


def _note(bracket: str, span: Span) -> Span | None:
    """The definition inside a bracket, without 下同."""
    if not bracket:
        return None
    inside = bracket[1:-1] if bracket[-1] in CLOSING else bracket[1:]
    same = SAME_BELOW.search(inside)
    return Span(span.start + 1, span.start + 1 + (same.start() if same else len(inside)))


def _beside_noted_lead(mentions: tuple[Mention, ...]) -> tuple[Mention, ...]:
    if not any("note.role" in mention.rules and mention.role is Role.LEAD for mention in mentions):
        return mentions
    return tuple(
        replace(mention, role=Role.COOPERATING, inferred=False, rules=("role.beside-a-lead",))
        if mention.inferred
        else mention
        for mention in mentions
    )


class _Roles:
    """Roles of a clause's segments, seen together: where no lead is printed, all are taken to lead."""

    def __init__(self, segments: Iterable[_Segment]) -> None:
        seen = list(segments)
        self.lead_printed = any(segment.role is Role.LEAD for segment in seen)
        self.others_implement = {segment.rule for segment in seen} >= {"verb.responsible", "verb.implementing"}

    def of(self, segment: _Segment) -> tuple[Role, bool, str]:
        if segment.role in (Role.LEAD, Role.COOPERATING):
            return segment.role, False, segment.rule
        if self.lead_printed:
            return Role.COOPERATING, False, "role.beside-a-lead"
        if self.others_implement and segment.rule == "verb.implementing":
            return Role.COOPERATING, False, "role.implements-beside-responsible"
        return Role.LEAD, True, "role.no-lead-printed"
