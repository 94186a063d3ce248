"""Targets: which quantities bind, how they compare, by when; and dated milestones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from services.task.plan_import.numerals import PLACES
from services.task.plan_import.quantities import Quantity, Sentence, sentences
from services.task.plan_import.spans import Span
from services.task.plan_import.vocabulary import any_of


@dataclass(frozen=True)
class ComparatorRule:
    name: str
    sign: str
    words: tuple[str, ...]


# First match wins: 不突破 before 突破, 达到 before a bare number.
BEFORE_RULES = (
    ComparatorRule("comparator.at-least", ">=", ("不少于", "不低于", "不得少于", "不得低于", "不小于", "不弱于", "不能少于", "不能低于", "至少", "最少", "最低", "≥")),
    ComparatorRule("comparator.at-most", "<=", ("不超过", "不得超过", "不能超过", "不突破", "不高于", "不得高于", "不大于", "不多于", "控制在", "限制在", "最多", "最高", "不超", "最长", "≤")),
    ComparatorRule("comparator.more-than", ">", ("超过", "超", "突破", "大于", "高于", "多于", "逾", "超出")),
    ComparatorRule("comparator.less-than", "<", ("低于", "小于", "少于")),
    ComparatorRule("comparator.about", "~", ("约", "大约", "近", "接近", "约为")),
    ComparatorRule("comparator.reach", ">=", ("达到", "达", "达至", "达成", "超过或达到", "迈上", "跨上", "跃上", "站上", "迈入")),
    ComparatorRule("comparator.keep", "=", ("保持", "保持在", "稳定在", "维持在", "稳定保持在")),
)  # fmt: skip
AFTER_RULES = (
    ComparatorRule("comparator.or-more", ">=", ("以上", "及以上", "或以上")),
    ComparatorRule("comparator.or-less", "<=", ("以内", "之内", "以下", "及以下", "内")),
    ComparatorRule("comparator.or-so", "~", ("左右", "上下")),
)
YIELDS_TO_AFTER = {
    "comparator.reach",
    "comparator.keep",
    "comparator.at-most",
    "comparator.at-least",
    "comparator.about",
}
FAR_RULES = (  # 不低于县道每公里1万元: these govern from a distance
    ComparatorRule("comparator.at-least.far", ">=", ("不少于", "不低于", "不得少于", "不得低于", "至少")),
    ComparatorRule("comparator.at-most.far", "<=", ("不超过", "不得超过", "不高于", "不得高于", "不大于")),
    ComparatorRule("comparator.reach.far", ">=", ("分别达到", "分别达")),
    ComparatorRule("comparator.more-than.far", ">", ("分别超过", "分别突破", "分别超")),
)
_BEFORE = [(rule, re.compile(f"(?:{any_of(rule.words)})(?:了|到|至)?$")) for rule in BEFORE_RULES]
_AFTER = [(rule, re.compile(any_of(rule.words))) for rule in AFTER_RULES]
_AFTER_NAMES = frozenset(rule.name for rule in AFTER_RULES)
AT_LEAST = "comparator.at-least"  # demands, also of what is there already: 已建成小区不少于15平方米
GO_ON = (AT_LEAST, "comparator.at-most", "comparator.parallel")
_FAR = [(rule, re.compile(any_of(rule.words))) for rule in FAR_RULES]
LISTS_ON = re.compile("[ ]*(?:、|,|和|及|与|以及)?[ ]*")
OBJECT_AND_NEXT = re.compile("[^,、。;0-9]{2,10}(?:、|和|及)")  # 至少1次指导、3次推荐
PARALLEL = re.compile("[,、和及][^,、。;]{1,14}")
TELLS = re.compile(
    "增加|增长|提高|提升|下降|降低|达到|超过|突破|新增|新建|建成|培育|保持|实现|扩大"
)  # a verb of its own
BREAK = re.compile("[,:]")
PER_EACH = re.compile("每[\u4e00-\u9fff]{1,6}$")  # 达到每千人5批次
INCLUSIVE = re.compile(r"\(不?含[^()]{0,8}\)")  # 67个(含)以上, 6亩以下(不含6亩)

MOST_SHARED = 10  # quantities of a list that 分别 speaks of

YEAR = re.compile("(?<![0-9])(20[0-9]{2})年(?!以后|以来|起)")
NOT_A_DEADLINE = frozenset("自从由较比与同以")  # 自2022年起 says when, not by when
LONGEST_PARAGRAPH = 1000  # characters back to look for the paragraph's year, where a text has no line breaks
BINDS = re.compile("实现|确保|完成")
ASPIRES = re.compile("力争|争取|努力|探索|鼓励|支持|研究|引导")


@dataclass(frozen=True)
class Target:
    """A quantity that binds: the text of its clause, and the comparator as the document writes it."""

    span: Span
    text: Span
    low: Decimal | None
    value: Decimal
    unit: str
    comparator: str
    rules: tuple[str, ...]
    strength: str
    deadline: str | None
    deadline_span: Span | None


@dataclass(frozen=True)
class _Seen:
    """A quantity with what stands around it."""

    text: str
    sentence: Sentence
    quantity: Quantity
    clause: Span  # between commas
    sign: str
    rule: str
    far: bool = False

    @property
    def before(self) -> str:
        return self.text[self.clause.start : self.quantity.span.start]

    @property
    def after(self) -> str:
        return INCLUSIVE.sub("", self.text[self.quantity.span.end : self.clause.end], count=1)


def find_targets(text: str, span: Span) -> Iterator[Target]:
    """The targets that a stretch of text sets, in order."""
    for sentence in sentences(text, span):
        previous: _Seen | None = None
        for index, quantity in enumerate(sentence.quantities):
            following = sentence.quantities[index + 1 : index + MOST_SHARED]
            seen = _see(text, sentence, quantity, previous, following)
            if not excluded_by(seen):
                yield _target(seen, span)
            previous = seen


def _see(
    text: str, sentence: Sentence, quantity: Quantity, previous: _Seen | None, following: Sequence[Quantity]
) -> _Seen:
    clause = _between_commas(text, sentence.span, quantity.span)
    seen = _Seen(text, sentence, quantity, clause, *_comparator(text, clause, quantity))
    if quantity.low is not None:
        return seen
    bare = seen.rule == "comparator.none"
    far = _shared_after(seen, following) if bare or seen.rule in YIELDS_TO_AFTER else None
    far = far or (_far_comparator(seen, previous) or _inherited(seen, previous) if bare else None)
    return _Seen(text, sentence, quantity, clause, *far, far=True) if far else seen


def _between_commas(text: str, sentence: Span, at: Span) -> Span:
    start = max((match.end() for match in BREAK.finditer(text, sentence.start, at.start)), default=sentence.start)
    following = BREAK.search(text, at.end, sentence.end)
    return Span(start, following.start() if following else sentence.end)


# -- comparators -------------------------------------------------------------------------------------------------------


def _comparator(text: str, clause: Span, quantity: Quantity) -> tuple[str, str]:
    if quantity.low is not None:
        return "range", "comparator.range"
    printed = text[max(clause.start, quantity.span.start - 14) : quantity.span.start].rstrip()
    before = _rule_before(printed) or _rule_before(PER_EACH.sub("", printed))
    inclusive = INCLUSIVE.match(text, quantity.span.end)
    end = inclusive.end() if inclusive else quantity.span.end
    after = next((rule for rule, pattern in _AFTER if pattern.match(text, end)), None)
    if after and after.words[-1] == "内" and not quantity.is_duration and text.startswith("内", quantity.span.end):
        after = None
    if after and (before is None or before.name in YIELDS_TO_AFTER):
        return after.sign, after.name
    if before:
        return before.sign, before.name
    return (">", "comparator.and-more") if quantity.more else ("=", "comparator.none")


def _rule_before(before: str) -> ComparatorRule | None:
    return next((rule for rule, pattern in _BEFORE if pattern.search(before)), None)


def _far_comparator(seen: _Seen, previous: _Seen | None) -> tuple[str, str] | None:
    """A negated comparator earlier in the same clause, with no other quantity between."""
    start = max(seen.clause.start, previous.quantity.span.end if previous else 0)
    gap = seen.text[start : seen.quantity.span.start]
    return next(((rule.sign, rule.name) for rule, pattern in _FAR if pattern.search(gap)), None)


def _inherited(seen: _Seen, previous: _Seen | None) -> tuple[str, str] | None:
    """不低于13%和8%, 分别达到…, and lists that run parallel to a governed one share the comparator before them."""
    if previous is None or previous.rule == "comparator.none" or previous.quantity.low is not None:
        return None
    between = seen.text[previous.quantity.span.end : seen.quantity.span.start]
    respectively = "分别" in seen.text[seen.sentence.span.start : previous.quantity.span.start] and not TELLS.search(
        between
    )
    if previous.rule in GO_ON and seen.quantity.unit == previous.quantity.unit and OBJECT_AND_NEXT.fullmatch(between):
        return previous.sign, "comparator.parallel"
    if LISTS_ON.fullmatch(between) or (respectively and len(between) < 20 and PARALLEL.fullmatch(between)):
        return previous.sign, "comparator.respectively"
    same_kind = seen.quantity.is_money == previous.quantity.is_money and "每" in between and "每" in previous.before
    if previous.far and same_kind and PARALLEL.fullmatch(between):
        return previous.sign, "comparator.parallel"
    return None


def _shared_after(seen: _Seen, following: Sequence[Quantity]) -> tuple[str, str] | None:
    """分别提高15个、13个百分点以上: what stands behind the last holds for each."""
    if "分别" not in seen.text[seen.sentence.span.start : seen.quantity.span.start]:
        return None
    for quantity, later in pairwise((seen.quantity, *following)):
        if not LISTS_ON.fullmatch(seen.text, quantity.span.end, later.span.start):
            return None
        sign, rule = _comparator(seen.text, seen.clause, later)
        if rule in _AFTER_NAMES:
            return sign, "comparator.respectively"
    return None


# -- what is not a target ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Exclusion:
    """A reason why a number stays out, with a text whose number it excludes."""

    name: str
    applies: Callable[[_Seen], object]
    example: str


SET_UP = "新增|新建|新设|建成|建设|培育|引进|打造|组建|设立|建立|举办|开展|创建|形成|培养|遴选|认定|推出|布局"
SHORTENS = re.compile("压缩|缩短|压减|缩减|减少|降低|降至|控制|提速|不超过|不少于|不低于|至少")
OF_THE_DOCUMENT = re.compile(
    "(?:重点|主要|具体|重大|改革|工作|方面|关键|项|大|条|个|类|专项)*(?:措施|任务|方面|举措|原则|阶段|环节|步骤|部分|领域|内容|要点|层面|维度|目标|指标|行动|(?:民生)?实事|问题|要求|条款|意见|统一|转变|文件|附件|标准)"
)
ROUTINE = re.compile(
    "每(?:月|周|季度?|半年|年|两?周)[^,]{0,12}(?:调度|通报|报告|召开|研究|会商|报送|更新|督导|检查|听取|公布|例会|汇总|评估)|(?:调度|通报|报告|召开|会商|报送|例会)[^,]{0,6}$"
)
THRESHOLD_NOUN = re.compile("(?:以上|以下|及以上)?的?(?!以上|以下|及以上)(?:[A-Za-z\u4e00-\u9fff])")
THRESHOLD_OF = re.compile(
    "(?:以上|以下|及以上)的|(?:以上|以下)?的?(?:企业|项目|品牌|单位|机构|园区|集群|产业|平台|市场|龙头|商户|制造业|工业|独角兽|大型|区域|村|镇|县)"
)
FUND = re.compile("(?:以上|左右)?的?[^,。;的]{0,12}基金")  # 设立总规模100亿元的产业基金
SIZE_OF = re.compile("(?:以上|以下)的?[^,。;、和及与或]{1,12}")
SUBSIDY = re.compile("支持最高|最高支持|资金支持|奖励|补助|补贴|资助|奖补|贴息|给予|扶持|罚款|补偿|免收|减免|收取")
MEASURED = re.compile("达到?|占|率拟?按|提高|提升|保持|稳定|覆盖|降")  # 按病种付费占比达到85% is no rate of a payment
RATE = re.compile("按(?:照)?[^,]{0,20}的?$|(?:给予|补贴|补助|奖励|资助|贴息|支持比例)[^,]{0,12}$")
ALREADY = re.compile("目前|截至|截止|现有|已建成|已有|已达|累计已|已经|现已|(?<![比较与于])(?:去年|上年)")
BASELINE = re.compile("(?:从|由)[^,。]{0,24}$")
BASELINE_END = re.compile(
    "[^,。]{0,10}?(?:提高|提升|增加|增长|扩大|上升|下降|降|压缩|压减|缩短|减少|调整|缩减|缩小|收窄|放宽|延长|上调|下调|跃升|攀升|扩展|增|升|减|提)(?:到|至|为)"
)
EXISTING = re.compile(
    "(?:全省|全市|全国|全区|全县|我市|我省|本市|辖区|上述|以下|下列|这|该|前述|等|前|世界|排名|其余|另外|原有|周边|沿线|所有|全部|[”》](?:规划|纲要)|(?:确定|明确|提出|部署|列入)的)$"
)
CONDITION = re.compile("(?:^|[,;:])(?:对|凡)(?![标接外口比照])[^;]*$")  # 对…的企业,给予: says for whom
GRANTED = re.compile("给予|予以|奖励|补助|补贴|资助|减免")
PROHIBITS = re.compile("禁止|严禁|不再|不得新建|淘汰|取缔|关停|拆除")
SIZED_OBJECT = re.compile("(?:及?以[上下])的?[\u4e00-\u9fff]{2}")  # 淘汰35蒸吨以下锅炉: which, not how many
PUSHES = re.compile("(?:抓好|推进|推动|加快|启动|谋划)$")
PROJECT = re.compile("[\u4e00-\u9fff]{1,10}(?:项目|工程)")  # 推进80万吨乙烯项目: its name
OBJECT_OF_WORK = re.compile("[^,]{0,20}为(?:主要|重点)?(?:对象|主体|载体|基础|依托|重点)")
IN_YEARS = re.compile("年限|寿命|年龄")  # what is measured in years or in age
ALREADY_SO_LONG = re.compile("(?:满|达|超过|不足)$")  # 使用满20年的管道: which, not how long
OF_A_SIZE = re.compile("(?:以下|及以上)的?[\u4e00-\u9fff]{2}")  # 120米以下空域, 35蒸吨及以上锅炉
GRANTED_RATE = re.compile("的?(?:贴息|补贴|补助|奖励|优惠|政策|税率|费率)")
OF_WHOM = re.compile("(?:以上|以内|以下)?的,")
SURELY_COUNTED = 20  # 两个市场, 十个方面 are figures of speech; above the teens a number in words is an amount
PERSONS = ("人", "名", "户")
SIZED_BY_PERSONS = re.compile("(?:以上|以下|及以上)的?[^,、]{0,4}(?:企业|单位|机构|村|社区|学校|园区)")
PROVIDES = re.compile(f"(?:{SET_UP}|提供|供应|整备|盘活|释放|腾出)(?:不少于|不低于|至少)$")
SOFT_BOUND = re.compile(f"(?:{SET_UP})[^,。]{{0,6}}$")


def _is_year(seen: _Seen) -> bool:
    quantity = seen.quantity
    if quantity.unit not in ("年", "日", "月") or IN_YEARS.search(seen.before):
        return False
    bare = seen.rule == "comparator.none" or seen.sign == "range"
    dated = seen.before.endswith(("月", "年")) or (1900 <= quantity.value <= 2100 and quantity.unit == "年")
    return bare or dated


def _is_surely_counted(seen: _Seen) -> bool:
    """一百二十家, 五万亩; not 千家万户, 二十届三中全会."""
    quantity = seen.quantity
    if quantity.unit == "届" or seen.text[quantity.span.start] in PLACES:
        return False
    return quantity.value >= SURELY_COUNTED or (quantity.unit[0] in "万亿" and not quantity.is_bare_scale)


def _is_unbounded_chinese(seen: _Seen) -> bool:
    if not seen.quantity.chinese or _is_surely_counted(seen):
        return False
    if seen.rule == "comparator.none":
        return True
    return seen.rule in ("comparator.or-more", "comparator.and-more") and not SOFT_BOUND.search(seen.before)


def _is_idle_duration(seen: _Seen) -> bool:
    loose = seen.rule == "comparator.none" or seen.sign == "range" or seen.text.startswith("内", seen.quantity.span.end)
    measured = SHORTENS.search(seen.before) or IN_YEARS.search(seen.before)
    if ALREADY_SO_LONG.search(seen.before) and seen.after.startswith("的"):
        return seen.quantity.is_duration
    return seen.quantity.is_duration and loose and not measured


def _is_threshold(seen: _Seen) -> bool:
    """年产值10亿元以上的企业20家: the first quantity only says which are counted."""
    if seen.quantity.unit == "%":
        return False
    if any(
        sizes(seen) for sizes in (_sizes_what_is_counted, _sizes_by_persons, _sizes_what_is_named, _sizes_an_object)
    ):
        return True
    if seen.quantity.is_count or (PROVIDES.search(seen.before) and not seen.quantity.is_money):
        return False
    if FUND.match(seen.after):
        return False
    if THRESHOLD_OF.match(seen.after):
        return True
    counted = any(other.is_count and other.span != seen.quantity.span for other in _in_clause(seen))
    return (
        counted
        and seen.quantity.is_money
        and THRESHOLD_NOUN.match(seen.after) is not None
        and not seen.after.startswith(("左右", "和", "及", "、"))
    )


def _sizes_what_is_counted(seen: _Seen) -> bool:
    """存栏3000头以上牧场30个, 480千瓦以上超充桩300根: so many of a size."""
    if not seen.after.startswith(("以上", "以下")):
        return False
    counted = next((other for other in _in_clause(seen) if other.span > seen.quantity.span and other.is_count), None)
    between = seen.text[seen.quantity.span.end : counted.span.start] if counted else ""
    return SIZE_OF.fullmatch(between) is not None


def _sizes_by_persons(seen: _Seen) -> bool:
    """职工30人以下的企业, 编制67个以上的事业单位: how large, not how many."""
    if seen.quantity.unit in PERSONS and seen.before.endswith("编制"):
        return True
    staffed = seen.quantity.unit in PERSONS or "编制" in seen.before
    return staffed and SIZED_BY_PERSONS.match(seen.after) is not None


def _sizes_what_is_named(seen: _Seen) -> bool:
    """禁止新建10蒸吨以下锅炉, 推进80万吨乙烯项目: which ones."""
    prohibited = PROHIBITS.search(seen.before) and SIZED_OBJECT.match(seen.after)
    named = not seen.quantity.is_count and PUSHES.search(seen.before) and PROJECT.match(seen.after)
    return bool(prohibited or named)


def _sizes_an_object(seen: _Seen) -> bool:
    """120米以下空域, 35蒸吨及以上锅炉: which, unless something is brought down to it."""
    counted = seen.quantity.is_count or seen.quantity.unit in ("%", "个百分点")
    return not counted and OF_A_SIZE.match(seen.after) is not None and not SHORTENS.search(seen.before)


def _is_condition(seen: _Seen) -> bool:
    """对年产值5亿元、10亿元的企业分别给予支持: who is granted something."""
    sentence = seen.sentence.span
    for_whom = seen.text.find("的", seen.quantity.span.end, sentence.end)
    said_for_whom = OF_WHOM.match(seen.text, seen.quantity.span.end)
    return (
        for_whom >= 0
        and bool(said_for_whom or CONDITION.search(seen.text[sentence.start : seen.quantity.span.start]))
        and GRANTED.search(seen.text, for_whom, sentence.end) is not None
    )


def _in_clause(seen: _Seen) -> Iterator[Quantity]:
    return (other for other in seen.sentence.quantities if seen.clause.start <= other.span.start < seen.clause.end)


def _is_aside(seen: _Seen) -> bool:
    """(含技工院校2所) counts a part of what was just counted."""
    opening = seen.text.rfind("(", seen.sentence.span.start, seen.quantity.span.start)
    closed = seen.text.find(")", opening, seen.quantity.span.start) >= 0
    return opening >= 0 and not closed and seen.text.startswith(("含", "包括", "不含", "其中"), opening + 1)


def _is_quoted(seen: _Seen) -> bool:
    opening = max(seen.text.rfind(mark, seen.sentence.span.start, seen.quantity.span.start) for mark in "《“")
    if opening < 0:
        return False
    closing = seen.text.find("》" if seen.text[opening] == "《" else "”", opening, seen.sentence.span.end)
    return closing >= seen.quantity.span.end


def _demands_a_share(seen: _Seen) -> bool:
    """按不低于装机容量的10%配置, but not 可按不低于最低价的70%."""
    return seen.rule == "comparator.at-least.far" and not re.search("可以?按", seen.before)


def _counts_the_document(seen: _Seen) -> bool:
    in_brackets = seen.before.endswith("(") and seen.after.startswith(")") and seen.quantity.unit in ("条", "项", "个")
    return in_brackets or (seen.sign in ("=", "range") and OF_THE_DOCUMENT.match(seen.after) is not None)


EXCLUSIONS = (
    Exclusion("year-or-date", _is_year, "自2022年起执行。"),
    Exclusion("quoted", _is_quoted, "落实《三年提升50项计划》。"),
    Exclusion("age", lambda seen: seen.quantity.unit in ("岁", "周岁") and not IN_YEARS.search(seen.before), "服务60岁以上老年人。"),
    Exclusion("grade", lambda seen: seen.after.startswith("级"), "培育百亿元级企业。"),
    Exclusion("extent", lambda seen: seen.after.startswith(("范围", "光纤", "宽带")), "覆盖5公里范围。"),
    Exclusion("condition", _is_condition, "对年产值5亿元、10亿元的企业,分别给予支持。"),
    Exclusion("object-of-work", lambda seen: "以" in seen.before and OBJECT_OF_WORK.match(seen.after), "以7600名老年人为主要对象。"),
    Exclusion("aside", _is_aside, "遴选高水平学校(含技工院校2所)。"),
    Exclusion("ordinal", lambda seen: re.search(r"第\s*$", seen.before) or seen.after.startswith("号"), "落实第3项要求。"),
    Exclusion("denominator", lambda seen: re.search(r"每\s*$", seen.before), "每25公里设站。"),
    Exclusion("chinese-count", _is_unbounded_chinese, "统筹两个市场。"),
    Exclusion("counts-the-document", _counts_the_document, "共23条措施。"),
    Exclusion("existing", lambda seen: seen.sign == "=" and EXISTING.search(seen.before), "覆盖全市11个区。"),
    Exclusion("already", lambda seen: seen.rule != AT_LEAST and ALREADY.search(seen.text, seen.sentence.span.start, seen.quantity.span.start), "目前已建成30个站点。"),
    Exclusion("baseline", lambda seen: BASELINE.search(seen.before) and BASELINE_END.match(seen.after), "由2020年的30%提高至较高水平。"),
    Exclusion("threshold", _is_threshold, "支持产值10亿元以上的企业发展。"),
    Exclusion("subsidy", lambda seen: seen.quantity.is_money and SUBSIDY.search(seen.text, *seen.clause), "给予最高50万元奖励。"),
    Exclusion("ceiling-of-subsidy", lambda seen: seen.quantity.is_money and seen.sign == "<=" and SUBSIDY.search(seen.text, seen.sentence.span.start, seen.quantity.span.start), "给予贴息,每家企业最高50万元。"),
    Exclusion("rate-of-subsidy", lambda seen: seen.quantity.unit == "%" and not _demands_a_share(seen) and RATE.search(seen.before) and not MEASURED.search(seen.before), "按投资额的20%给予补助。"),
    Exclusion("granted-rate", lambda seen: seen.quantity.unit in ("%", "个百分点") and GRANTED_RATE.match(seen.after), "给予2个百分点的贴息。"),
    Exclusion("relaxed", lambda seen: re.search("放宽[到至]", seen.before), "裁员率放宽到不超过20%。"),
    Exclusion("idle-duration", _is_idle_duration, "提供24小时服务。"),
    Exclusion("routine", lambda seen: seen.sign == "=" and seen.quantity.unit == "次" and ROUTINE.search(seen.before), "每月调度1次。"),
)  # fmt: skip


def excluded_by(seen: _Seen) -> str | None:
    """The name of the first reason why a quantity is no target."""
    return next((exclusion.name for exclusion in EXCLUSIONS if exclusion.applies(seen)), None)


# -- the rest of a target ----------------------------------------------------------------------------------------------


def _target(seen: _Seen, within: Span) -> Target:
    clause = _trimmed(seen.text, seen.clause)
    year = _deadline(seen.text, seen.sentence.span, seen.quantity.span, within)
    return Target(
        span=seen.quantity.span,
        text=clause,
        low=seen.quantity.low,
        value=seen.quantity.value,
        unit=seen.quantity.unit,
        comparator=seen.sign,
        rules=(seen.rule,),
        strength=_strength(seen),
        deadline=year.group(1) if year else None,
        deadline_span=Span(*year.span()) if year else None,
    )


def _trimmed(text: str, span: Span) -> Span:
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)


def _deadline(text: str, sentence: Span, at: Span, within: Span) -> re.Match[str] | None:
    """The year that the sentence prints before the quantity, else after it, else the last one of its paragraph so far."""
    reach = max(within.start, at.start - LONGEST_PARAGRAPH)
    paragraph = max(text.rfind("\n", reach, at.start) + 1, reach)
    earlier = _last_year(text, Span(sentence.start, at.start))
    later = next(_years(text, Span(at.end, sentence.end)), None)
    return earlier or later or _last_year(text, Span(paragraph, sentence.start))


def _last_year(text: str, span: Span) -> re.Match[str] | None:
    return max(_years(text, span), key=lambda match: match.start(), default=None)


def _years(text: str, span: Span) -> Iterator[re.Match[str]]:
    return (
        match for match in YEAR.finditer(text, *span) if text[match.start() - 1 : match.start()] not in NOT_A_DEADLINE
    )


def _strength(seen: _Seen) -> str:
    """实现 and 不少于 bind even in a sentence that opens with 力争 or 支持."""
    if BINDS.search(seen.before) or seen.rule in ("comparator.at-least", "comparator.at-most"):
        return "binding"
    return "aspire" if ASPIRES.search(seen.text, seen.sentence.span.start, seen.quantity.span.start) else "binding"
