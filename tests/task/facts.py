"""A small city as directory tells of it, and the plan that its office publishes."""

from collections import Counter
from collections.abc import Iterable
from copy import deepcopy
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from contracts.directory import AccountChanged, AccountRegistered, UnitChanged, UnitGroupDefined, UnitRegistered
from contracts.names import Relation, Role, UnitKind
from services.task.days import zone
from shared.auth import Actor
from shared.events import Event, Recorded

SHANGHAI = zone("Asia/Shanghai")
PLAN, Q4, Q1, Q2 = "harbour", "2023-Q4", "2024-Q1", "2024-Q2"
DISTRICTS = ("futian", "luohu", "nanshan")
Document = dict[str, Any]

UNITS = {
    "lg-office": ("领导小组办公室", UnitKind.OFFICE, Relation.SUBORDINATE),
    "commerce": ("市商务局", UnitKind.MUNICIPAL, Relation.SUBORDINATE),
    "education": ("市教育局", UnitKind.MUNICIPAL, Relation.SUBORDINATE),
    "customs": ("深圳海关", UnitKind.VERTICAL, Relation.REQUESTED),
    "futian": ("福田区", UnitKind.DISTRICT, Relation.SUBORDINATE),
    "luohu": ("罗湖区", UnitKind.DISTRICT, Relation.SUBORDINATE),
    "nanshan": ("南山区", UnitKind.DISTRICT, Relation.SUBORDINATE),
}
"""education takes no part in the plan."""

PEOPLE: dict[str, dict[str, Any]] = {
    "office": {"roles": [Role.OFFICE], "unit": "lg-office"},
    "office-head": {"roles": [Role.OFFICE_HEAD], "unit": "lg-office"},
    "host": {"roles": [Role.OFFICE, Role.LIAISON], "unit": "commerce"},
    "leader": {"roles": [Role.LEADER]},
    "auditor": {"roles": [Role.AUDITOR]},
    "admin": {"roles": [Role.ADMIN]},
    "elsewhere": {"roles": [Role.OFFICE], "plans": ["another-plan"]},
    "coordinator": {"roles": [Role.DISTRICT_COORDINATOR], "districts": ["futian", "luohu"]},
    "futian": {"roles": [Role.LIAISON], "unit": "futian"},
    "futian-head": {"roles": [Role.UNIT_HEAD], "unit": "futian"},
    "futian-robot": {"roles": [Role.MACHINE], "unit": "futian"},
    "feed-robot": {"roles": [Role.MACHINE]},
    "luohu": {"roles": [Role.LIAISON], "unit": "luohu"},
    "nanshan": {"roles": [Role.LIAISON], "unit": "nanshan"},
    "customs": {"roles": [Role.LIAISON], "unit": "customs"},
    "commerce": {"roles": [Role.LIAISON], "unit": "commerce"},
    "education": {"roles": [Role.LIAISON], "unit": "education"},
}
"""host is the commerce bureau's colleague in the office, as where the bureau hosts it."""


def instant(text: str) -> datetime:
    """A local day or time, e.g. `2024-04-08` (09:00) or `2024-04-08T23:59:59`."""
    return datetime.fromisoformat(text if "T" in text else f"{text}T09:00").replace(tzinfo=SHANGHAI)


def account_id(username: str) -> UUID:
    return uuid5(NAMESPACE_URL, username)


def actor(username: str) -> Actor:
    """As task finds the account of somebody."""
    facts = {"unit": None, "districts": (), "plans": (), **PEOPLE[username]}
    return Actor(
        account_id(username),
        username,
        frozenset(str(role) for role in facts["roles"]),
        facts["unit"],
        frozenset(facts["districts"]),
        frozenset(facts["plans"]),
    )


class Directory:
    """Records facts as directory does: one subject per aggregate, versions without a gap."""

    def __init__(self) -> None:
        self._versions: Counter[str] = Counter()

    def everything(self) -> list[Recorded[Any]]:
        """The whole city."""
        units = [self.unit(key) for key in UNITS]
        return [*units, self.group("districts", DISTRICTS), *(self.account(username) for username in PEOPLE)]

    @classmethod
    def after_everything(cls) -> "Directory":
        """The directory of a copied city, which has been told everything once."""
        told = cls()
        told.everything()
        return told

    def unit(self, key: str, **changed: Any) -> Recorded[Any]:
        """Registered the first time, changed after that; so too an account."""
        name, kind, relation = UNITS[key]
        fact = UnitChanged if self._versions[f"unit/{key}"] else UnitRegistered
        facts = {"unit": key, "name": name, "kind": kind, "relation": relation, **changed}
        return self._record(f"unit/{key}", fact(**facts))

    def group(self, key: str, members: Iterable[str], name: str | None = None) -> Recorded[Any]:
        facts = UnitGroupDefined(group=key, name=name or key, members=list(members))
        return self._record(f"unit_group/{key}", facts)

    def account(self, username: str, **changed: Any) -> Recorded[Any]:
        subject = f"account/{account_id(username)}"
        kind = AccountChanged if self._versions[subject] else AccountRegistered
        facts = {"account": account_id(username), "username": username, "auth_epoch": 1, **PEOPLE[username], **changed}
        return self._record(subject, kind(**facts))

    def _record(self, subject: str, data: Event) -> Recorded[Any]:
        self._versions[subject] += 1
        version = self._versions[subject]
        id_ = uuid5(NAMESPACE_URL, f"{subject}/{version}")
        return Recorded(id_, subject, version, instant("2023-11-01"), "admin", data)


def plan_file(**changed: Any) -> Document:
    """Two areas, three measures, a group of three districts, one requested unit, two indicators; reported quarterly."""
    return deepcopy(_PLAN_FILE) | changed


_PLAN_FILE: Document = {
    "key": PLAN,
    "title": "港口发展行动方案",
    "title_en": "Harbour plan",
    "issuer": "示例市商务局",
    "starts": "2023-01-01",
    "ends": "2024-12-31",
    "office": "lg-office",
    "reporting": {"cycle": "quarterly", "due": {"working_days_after_period_end": 5}},
    "areas": [
        {
            "number": "一",
            "title": "仓储",
            "measures": [
                {
                    "key": "1",
                    "title": "建设海外仓",
                    "strength": "binding",
                    "units": [{"unit": "commerce", "role": "lead"}, {"group": "districts", "role": "responsible"}],
                },
                {
                    "key": "2",
                    "title": "提升通关效率",
                    "strength": "aspire",
                    "units": [{"unit": "customs", "role": "lead"}, {"unit": "commerce", "role": "cooperating"}],
                },
            ],
        },
        {
            "number": "二",
            "title": "金融",
            "measures": [
                {
                    "key": "3",
                    "title": "创新金融服务",
                    "strength": "encourage",
                    "units": [{"unit": "futian", "role": "lead", "lead_inferred": True}],
                }
            ],
        },
    ],
    "indicators": [
        {
            "key": "exports",
            "title": "出口额",
            "unit": "亿元",
            "kind": "flow",
            "target": {"comparator": ">=", "value": "3000", "strength": "binding", "deadline": "2024-12-31"},
        },
        {
            "key": "warehouses",
            "title": "海外仓数量",
            "measure": "1",
            "unit": "个",
            "kind": "stock",
            "target": {
                "comparator": "range",
                "low": "5",
                "high": "10",
                "strength": "aspire",
                "deadline": "2024-12-31",
            },
        },
    ],
}
