"""The procedure light: whether the duties of acknowledging and reporting are kept. It says nothing of a measure's substance.

Rules are data with a version. The first rule that fits a standing explains it; of many standings the worst light counts,
and among the same light the rule that comes first. So 探索, 鼓励, 支持 and 研究 make no difference here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from services.reporting.standing import RETURNED, SUBMITTED, Standing, When, among, fits
from shared.errors import Text


class Light(StrEnum):
    """In order from the one that asks for most attention."""

    RED = "red"
    YELLOW = "yellow"
    GREEN = "green"
    GREY = "grey"


SEVERITY = {light: place for place, light in enumerate(Light)}


@dataclass(frozen=True, slots=True)
class Rule:
    """`says` continues a sentence that begins with whom it is about."""

    code: str
    light: Light
    says: Text
    when: When


SUBORDINATE, REQUESTED = {"relation": among("subordinate")}, {"relation": among("requested")}
RULES_VERSION = "procedure-1"
RULES: Sequence[Rule] = (
    Rule(
        "report-overdue",
        Light.RED,
        Text("逾期未报", "overdue, no report"),
        {**SUBORDINATE, "progress": among("overdue")},
    ),
    Rule(
        "resubmission-overdue",
        Light.RED,
        Text("退回后逾期未重报", "returned and not resubmitted in time"),
        {**SUBORDINATE, "progress": among("resubmission_overdue")},
    ),
    Rule(
        "acknowledgement-overdue",
        Light.YELLOW,
        Text("逾期未签收", "not acknowledged in time"),
        {**SUBORDINATE, "acknowledgement": among("overdue")},
    ),
    Rule(
        "returned",
        Light.YELLOW,
        Text("已退回，待重报", "returned, to be resubmitted"),
        {**SUBORDINATE, "progress": among("returned")},
    ),
    Rule(
        "due-today",
        Light.YELLOW,
        Text("今日截止，尚未报送", "due today, no report yet"),
        {**SUBORDINATE, "progress": among("due_today")},
    ),
    Rule("reply-pending", Light.GREY, Text("待反馈", "reply pending"), {**REQUESTED, "progress": among("overdue")}),
    Rule(
        "supplement-pending", Light.GREY, Text("待补充反馈", "supplement pending"), {**REQUESTED, "progress": RETURNED}
    ),
    Rule(
        "receipt-pending",
        Light.GREY,
        Text("待确认收悉", "receipt to be confirmed"),
        {**REQUESTED, "acknowledgement": among("overdue")},
    ),
    Rule(
        "cured",
        Light.GREEN,
        Text("逾期后已补报", "reported late, made good"),
        {"progress": SUBMITTED, "timeliness": among("late")},
    ),
    Rule(
        "resubmission-cured",
        Light.GREEN,
        Text("退回后逾期重报，已补", "resubmitted late, made good"),
        {"progress": SUBMITTED, "resubmission": among("late")},
    ),
    Rule(
        "acknowledgement-cured",
        Light.GREEN,
        Text("逾期后已补签收", "acknowledged late, made good"),
        {"acknowledgement": among("late")},
    ),
    Rule("open", Light.GREEN, Text("在填报期内，尚未到期", "not due yet"), {"progress": among("open", "due_today")}),
    Rule(
        "awaiting-review",
        Light.GREEN,
        Text("已报送，待审核", "reported, awaiting review"),
        {"progress": among("awaiting_review")},
    ),
    Rule("accepted", Light.GREEN, Text("已通过", "accepted"), {"progress": among("accepted")}),
    Rule("scheduled", Light.GREY, Text("尚未到填报期", "not open yet"), {"progress": among("scheduled")}),
    Rule("excused", Light.GREY, Text("本期免报", "excused for this period"), {"progress": among("excused")}),
    Rule("not-asked", Light.GREY, Text("按需配合，无定期报告", "cooperates when asked"), {}),
)
PENDING = among("reply-pending", "supplement-pending")
"""Requested units that have not answered: never worse than grey, and never left unsaid."""
ORDER = {rule.code: place for place, rule in enumerate(RULES)}


@lru_cache(maxsize=1024)
def rule_of(standing: Standing) -> Rule:
    """The rule that explains one standing."""
    return next(rule for rule in RULES if fits(standing, rule.when))


class Tally(NamedTuple):
    """How many standings are alike, and one of those whom they concern, by name."""

    standing: Standing
    size: int
    example: Text


class Explained(NamedTuple):
    """A light, why, and by which rule."""

    light: Light
    cause: Text
    rule: str


@dataclass(frozen=True, slots=True)
class Counted:
    """How a sentence begins that is about one, some or all of what is counted."""

    one: Text
    several: Text
    every: Text


UNITS = Counted(
    Text("{example}", "{example}: "),
    Text("{example}等 {count} 个单位", "{example} and {others} more: "),
    Text("全部 {count} 个单位", "All {count} units: "),
)
MEASURES = Counted(
    Text("第 {example} 项措施", "Measure {example}: "),
    Text("第 {example} 项等 {count} 项措施", "Measure {example} and {others} more: "),
    Text("全部 {count} 项措施", "All {count} measures: "),
)
ASSIGNMENTS = Counted(
    UNITS.one,
    Text("{example}等 {count} 项交办事项", "{example} and {others} more: "),
    Text("全部 {count} 项交办事项", "All {count} assignments: "),
)
NOTHING = Explained(Light.GREY, Text("没有交办事项", "Nothing assigned"), "not-asked")


def explain(tallies: Iterable[Tally], counted: Counted) -> Explained:
    """The worst light among the standings, with its cause in words."""
    groups = _by_rule(tallies)
    if not groups:
        return NOTHING
    total = sum(group.size for group in groups.values())
    worst = min(groups, key=lambda code: (SEVERITY[RULES[ORDER[code]].light], ORDER[code]))
    causes = [worst, *sorted(PENDING & groups.keys() - {worst})]
    sentences = [_sentence(RULES[ORDER[code]], groups[code], total, counted) for code in causes]
    cause = Text("；".join(text.zh for text in sentences), "; ".join(text.en for text in sentences))
    return Explained(RULES[ORDER[worst]].light, cause, worst)


def explain_one(standing: Standing) -> Explained:
    """The light of one assignment."""
    rule = rule_of(standing)
    return Explained(rule.light, Text(rule.says.zh, rule.says.en[0].upper() + rule.says.en[1:]), rule.code)


def _by_rule(tallies: Iterable[Tally]) -> Mapping[str, Tally]:
    groups: dict[str, Tally] = {}
    for tally in tallies:
        code = rule_of(tally.standing).code
        before = groups.get(code)
        groups[code] = before._replace(size=before.size + tally.size) if before else tally
    return groups


def _sentence(rule: Rule, group: Tally, total: int, counted: Counted) -> Text:
    form = counted.one if group.size == 1 else counted.every if group.size == total else counted.several
    facts: dict[str, Any] = {"count": group.size, "others": group.size - 1}
    return Text(
        form.zh.format(example=group.example.zh, **facts) + rule.says.zh,
        form.en.format(example=group.example.en, **facts) + rule.says.en,
    )
