"""Printed words that say who does what: verbs after units, and labels before them, as data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    LEAD = "lead"
    RESPONSIBLE = "responsible"
    COOPERATING = "cooperating"


@dataclass(frozen=True)
class RoleRule:
    name: str
    role: Role
    pattern: str
    examples: tuple[str, ...]


_DUTIES = r"(?:工作)?(?:职责权限|职责|职能|任务)"
BY_DUTY = rf"(?:按照?|依照?|依据|根据)(?:各自|本部门)?(?:的)?{_DUTIES}(?:[和与]?(?:任务)?分工)?|按照?分工|各司其职"
_BODY = "(?:单位|部门|地区|机构|主体|处室|科室|司局|地方|成员单位)"
_AT_THE_HEAD = "(?:总?牵头|主办|主责)(?:责任)?"
_ENDS_HERE = r"(?=[,;:。、\s)\]〕】]|$)"
_HOW = rf"(?:{BY_DUTY})?(?:分别|共同|具体|各自|联合|积极|密切|加强|做好|协同|结合实际|因地制宜|抓好|分级|分工)*"

VERB_RULES = (
    RoleRule(
        "verb.lead",
        Role.LEAD,
        rf"{_HOW}(?:负责)?总?牵头(?:负责|抓总|组织实施|组织|落实|实施|推进|办理|协调|督导|指导|统筹)?(?!{_BODY})|为{_AT_THE_HEAD}{_BODY}",
        ("牵头", "牵头负责", "共同牵头", "牵头督导", "为牵头单位"),
    ),
    RoleRule(
        "verb.lead-word", Role.LEAD, rf"(?:主办|主责|抓总|统筹(?:负责|协调|推进)?){_ENDS_HERE}", ("主办", "统筹协调")
    ),
    RoleRule(
        "verb.responsible",
        Role.RESPONSIBLE,
        rf"{_HOW}负责(?:落实|组织实施|实施|推进|推动|统筹|协调|办理)?(?![人的同])",
        ("负责", "按职责分工负责"),
    ),
    RoleRule(
        "verb.cooperating",
        Role.COOPERATING,
        rf"{_HOW}(?:负责)?(?:配合|协助)(?:落实|实施|推进|做好)?(?!{_BODY})|为(?:配合|协办|参与|协助){_BODY}",
        ("配合", "按职责分工配合", "协助", "为配合单位"),
    ),
    RoleRule(
        "verb.taking-part", Role.COOPERATING, rf"{_HOW}(?:参与|参加|协同|协办|支持){_ENDS_HERE}", ("参与", "协办")
    ),
    RoleRule(
        "verb.guiding",
        Role.COOPERATING,
        rf"{_HOW}(?:指导|督导|督促|监督)(?:落实|实施|推进)?{_ENDS_HERE}",
        ("指导", "督促落实", "加强指导"),
    ),
    RoleRule(
        "verb.implementing",
        Role.RESPONSIBLE,
        rf"{_HOW}(?:组织|抓)?(?:落实|实施|推进|承担|承办|办理|执行|组织){_ENDS_HERE}",
        ("落实", "结合实际落实"),
    ),
    RoleRule("verb.by-duty", Role.RESPONSIBLE, rf"(?:{BY_DUTY}){_ENDS_HERE}", ("按职责分工",)),
)
VERB = re.compile("|".join(f"(?P<v{index}>{rule.pattern})" for index, rule in enumerate(VERB_RULES)))
WITH = re.compile("会同|联合(?=.{2,20}(?:负责|牵头|落实))")  # A会同B负责: A leads, B cooperates

BESIDE_OTHERS = "label.member"  # of a leading group, unless it stands beside who leads the task
_SCOPE = "(?:市级|省级|区级|县级|市直|省直|区直|第一|主要)?"
_IN_A_LIST = (
    r"(?:^|(?<=[(\[〔【;,]))"  # where a bare 主办: speaks of units; at the foot of a web page it names the site's owner
)
_BOTH = "(?:(?:牵头|责任|主办|实施)(?:及|和|与|、|/)(?=(?:配合|责任|参与|协办|实施)))?"
LABEL_RULES = (
    RoleRule(
        "label.lead",
        Role.LEAD,
        f"{_SCOPE}总?牵头(?:责任|负责|落实|组织实施)?{_BODY}|牵头(?=[ ]*:)",
        ("牵头单位", "牵头责任部门", "省直牵头部门"),
    ),
    RoleRule(  # leads, but beside a 牵头单位 it is one of the others
        "label.main",
        Role.LEAD,
        f"{_SCOPE}(?:主办|主责|主要责任|主要负责|第一责任)(?:责任|负责|落实)?{_BODY}|{_IN_A_LIST}(?:主办|主责)(?=[ ]*:)",
        ("主责部门", "主办", "主要责任单位"),
    ),
    RoleRule(
        "label.responsible",
        Role.RESPONSIBLE,
        f"{_SCOPE}{_BOTH}(?:责任|负责|落实|承办|实施|分工|执行|组织实施|承担|(?<=[及和与、/])配合)(?:落实|实施)?{_BODY}|(?:负责|责任)(?=[ ]*:)",
        ("责任单位", "责任部门", "落实单位", "牵头及配合单位"),
    ),
    RoleRule(
        "label.cooperating",
        Role.COOPERATING,
        f"{_SCOPE}(?:责任)?(?:配合|协办|协同|协作|协助|参与|参加|支持|联合|会办)(?:配合|责任|实施)?{_BODY}|配合(?=[ ]*:)|{_IN_A_LIST}(?:协办|协助|参与|参加)(?=[ ]*:)",
        ("配合单位", "协办单位", "协同配合单位", "参与"),
    ),
    RoleRule(BESIDE_OTHERS, Role.COOPERATING, "成员单位(?=[ ]*:)", ("成员单位",)),
)
DEADLINE_LABEL = "(?:完成|办结|实施|推进|计划|任务)?(?:时限|时间节点|期限|时间进度|时间|进度安排)(?:要求|安排)?"
OTHER_LABEL = "(?:分管|包保|责任|牵头|督办|联系)?[省市县区州]?领导|(?:责任|牵头|联系|分管|负责)人|(?:督导|督办|监督|指导)(?:单位|部门)|资金来源|备注|联系电话|任务来源"
PROSE_LABEL = "完成(?:形式|标志)|工作目标|成果形式"  # what follows may set targets
_LABELS = "|".join(f"(?P<l{index}>{rule.pattern})" for index, rule in enumerate(LABEL_RULES))
LABEL = re.compile(
    rf"[\[【〔(]?[ ]*(?:{_LABELS}|(?P<deadline>{DEADLINE_LABEL})|(?P<other>{OTHER_LABEL})|(?P<prose>{PROSE_LABEL}))"
    r"[ ]*(?:\([^()]{1,12}\))?[ ]*(?:[\]】〕)][ ]*:?|:|为(?=[:省市县区州各])|(?=[ \t\n]))[ ]*"
)

_FIRST = "(?:(?:位|排)?(?:排|列)(?:名|序)?(?:在|于)?(?:第一|首|最前|前)(?:位|个|名|面)?|排名(?:第一|首位|靠前|在前)|第一个|首个|首位|第一责任)"
_LEADING = "(?:牵头|主责|主办)(?:责任)?(?:单位|部门)?"
FIRST_LISTED_RULES = (
    f"{_FIRST}(?:的|者)?(?:责任)?(?:部门|单位)?(?:为|是|即为|均为){_LEADING}[^,;。]{{0,6}}",
    f"{_LEADING}(?:均?为|是)?{_FIRST}的?(?:责任)?(?:部门|单位)?",
)  # 列第一位的为牵头单位; 牵头单位列首位
FIRST_LISTED_LEADS = re.compile(rf"[,;。]?(?:其中)?,?(?:{'|'.join(FIRST_LISTED_RULES)})(?:[,;]下同)?")


def role_of_verb(match: re.Match[str]) -> RoleRule:
    return next(rule for index, rule in enumerate(VERB_RULES) if match.group(f"v{index}") is not None)


def role_of_label(match: re.Match[str]) -> RoleRule | None:
    """The rule of a label of units; None for a label of anything else."""
    return next((rule for index, rule in enumerate(LABEL_RULES) if match.group(f"l{index}") is not None), None)
