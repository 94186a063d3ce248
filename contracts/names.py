"""Keys and words that the events of several services share."""

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""A permanent natural key: lower-case letters, digits and hyphens."""

PlanKey = Key
UnitKey = Key
GroupKey = Key
AccountName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{0,62}$")]
MeasureKey = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){0,2}$")]
"""The Arabic number where it is unique in the plan (`17`), else area and number (`7.17`)."""
PeriodKey = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{4}(-(0[1-9]|1[0-2])|-Q[1-4]|-H[12]|-W(0[1-9]|[1-4][0-9]|5[0-3]))?$")
]
"""`2024-03`, `2024-Q1`, `2024-H1`, `2024` or `2024-W14`."""


class UnitKind(StrEnum):
    MUNICIPAL = "municipal"
    DISTRICT = "district"
    VERTICAL = "vertical"
    BODY = "body"
    ENTERPRISE = "enterprise"
    OFFICE = "office"
    GROUP = "group"


class Relation(StrEnum):
    """How the office may speak to a unit: supervise it, or request its help."""

    SUBORDINATE = "subordinate"
    REQUESTED = "requested"


class Role(StrEnum):
    """What an account may do; see the table in docs/decisions on access."""

    OFFICE = "office"
    OFFICE_HEAD = "office_head"
    LEADER = "leader"
    UNIT_HEAD = "unit_head"
    LIAISON = "liaison"
    DISTRICT_COORDINATOR = "district_coordinator"
    AUDITOR = "auditor"
    ADMIN = "admin"
    MACHINE = "machine"


class AssignmentRole(StrEnum):
    LEAD = "lead"
    RESPONSIBLE = "responsible"
    COOPERATING = "cooperating"


class SelfAssessment(StrEnum):
    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    OFF_TRACK = "off_track"
    DONE = "done"


class ReturnKind(StrEnum):
    CORRECT = "correct"
    EMPTY = "empty"


class DeadlineKind(StrEnum):
    ACKNOWLEDGE = "acknowledge"
    REPORT = "report"
    RESUBMIT = "resubmit"


class RungKind(StrEnum):
    """What a rung of a deadline's ladder does."""

    REMINDER = "reminder"
    OVERDUE = "overdue"
    LOCKED = "locked"
    """The last one: what was never submitted can no longer be."""


class Channel(StrEnum):
    INBOX = "inbox"
    EMAIL = "email"
