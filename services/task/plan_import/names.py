"""Names of units: what can be one, which stand for a group, and which prefix was left out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.task.plan_import.vocabulary import (
    FUNCTIONS,
    GROUP_OPENINGS,
    NATIONAL_OPENINGS,
    NEVER_ELIDED_ENDINGS,
    PARTY_ORGANS,
    PROVINCES,
    REGIONS,
    UNIT_ENDINGS,
    any_of,
)

NESTED = "\ue000"  # stands for a character of a bracket inside a name
SHORTEST, LONGEST = 2, 40

OWN_BRACKET = re.compile(r"[(\[〔【〈][^()\[\]〔〕【】〈〉]{1,30}[)\]〕】〉]")  # 各乡镇(街道)
_ENDS = re.compile(f"(?:{any_of(UNIT_ENDINGS)})$")
_WHOLE_ENDINGS = frozenset(UNIT_ENDINGS)
_BARE = frozenset(
    {"部门", "单位", "地区", "地方", "机构", "企业", "主体", "区", "县", "市", "省", "局", "委", "办", "部", "场所"}
)
_GROUP = re.compile(
    f"(?:{any_of(GROUP_OPENINGS)})|.*(?:部门|单位|地区|成员|级人民政府)$|[省市州县区乡镇]级?{NESTED}.*政府$"
)
_FUNCTION = re.compile(any_of(FUNCTIONS))
_NATIONAL = re.compile("(?:总局|总署|监会|税务局)$")
_OFFICE = re.compile("[局委办厅部署]$")
_LEVEL = re.compile("自治区|自治州|省|市|区|县|州|旗|盟|兵团")
_MARKET = re.compile("市场|市容|市政(?![府务协数研法策])")  # words that begin with 市 without naming a level
_NOT_A_LEVEL = re.compile(
    "市直|省直|区直|县直|市级|省级|区级|县级|市属|省属|区属|市区|县区|市县|区县|州市(?!场)|省市(?!场)|区块|区域|县域|市域|省际"
)
_PLACE = re.compile(any_of((*PROVINCES, *NATIONAL_OPENINGS)))
_NEVER = re.compile(f"(?:{any_of(NEVER_ELIDED_ENDINGS)})$")
_VERTICAL = re.compile(".{2,}(?:海事局|税务局|证监局|监管局|管理局|调查队|监察局|调查总队|办事处)$")
_LEVEL_INSIDE = re.compile("省|市|区|县|州|旗|街道|镇|乡|村")
_ALWAYS_PARTY = frozenset({"组织部", "宣传部", "统战部", "政法委"})
_PARTY = frozenset(PARTY_ORGANS)
_BRANCH = re.compile(f"(?:{any_of(FUNCTIONS)})+(?P<place>.*)分局$")
_PLACED = re.compile(f"(?:{any_of(FUNCTIONS)})(?:{any_of((*PROVINCES, *REGIONS))})")  # 民航西南管理局
_COMMITTEE = re.compile("党委.{2,}[部办委]$")  # 自治区发展改革委、党委网信办
LONGEST_ELIDED = 4  # of a name that opens with no known function; a longer one may open with a place


@dataclass(frozen=True)
class Prefix:
    """The level that opens a run of names: 市, 省 or 市委 …"""

    level: str
    party: bool = False


def is_unit(name: str) -> bool:
    """Whether the name ends as names of units do."""
    plain = OWN_BRACKET.sub("", name.replace(NESTED, "")).strip()
    return SHORTEST <= len(plain) <= LONGEST and plain not in _BARE and _ENDS.search(plain) is not None


def is_cut_apart(left: str, right: str) -> bool:
    """Whether a space between two words fell inside a word that names of units hold: 市市 场监管局, 集团 有限公司."""
    return right in _WHOLE_ENDINGS or any(
        match.start() < len(left) < match.end() for match in _FUNCTION.finditer(f"{left}{right}")
    )


def is_named_unit(name: str) -> bool:
    """Whether the name is that of one unit beyond doubt: it opens with its level, its place, or its function."""
    return is_unit(name) and bool(prefix_of(name) or _PLACE.match(name) or _FUNCTION.match(name))


def is_office(name: str) -> bool:
    """Whether the name is an authority's even where nothing but a word stands before it: 市商务局, 财政部, 各区."""
    by_ending = _NATIONAL.search(name) or (_FUNCTION.match(name) and _OFFICE.search(name))
    return is_group(name) or (is_unit(name) and bool(prefix_of(name) or _PLACE.match(name) or by_ending))


def is_group(name: str) -> bool:
    """Whether the name stands for members that the directory has to supply (各区, 有关部门)."""
    return _GROUP.match(name) is not None


def prefix_of(name: str) -> Prefix | None:
    """The level that a name prints at its head, which the names after it may leave out."""
    level = _LEVEL.match(name)
    if level is None or _MARKET.match(name) or _NOT_A_LEVEL.match(name):
        return None
    rest = name[level.end() :]
    if not is_unit(rest) and not rest.startswith(("委", "政府")):
        return None
    return Prefix(level.group(), party=rest.startswith("委") and len(rest) > 1)


def takes_prefix(name: str) -> bool:
    """Whether a name that follows a prefixed one left its prefix out."""
    if is_group(name) or _PLACE.match(name) or _NEVER.search(name.replace(NESTED, "")):
        return False
    if branch := _BRANCH.match(name):
        return not branch["place"]  # 环保城东分局 names its place, 规划分局 does not
    if _PLACED.match(name):
        return False
    if _FUNCTION.match(name) or _COMMITTEE.match(name):
        return True
    if _VERTICAL.match(name) or _LEVEL_INSIDE.search(name):
        return False
    return is_unit(name) and len(name) <= LONGEST_ELIDED


def restored(name: str, prefix: Prefix) -> str:
    """The name with the prefix of its run: 市 + 财政局; a party organ takes 市委."""
    party = name in _ALWAYS_PARTY or (prefix.party and name in _PARTY)
    return f"{prefix.level}{'委' if party else ''}{name}"
