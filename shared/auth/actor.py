"""The caller as a service knows it, and what its roles allow. The tables of permissions are in each service."""

from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from shared.errors import MayNot, NotFound

SEES_EVERYTHING = frozenset({"office", "office_head", "leader", "auditor"})
"""Roles that read every unit's items. `admin` runs the system and is not among them: it sees no report."""


@dataclass(frozen=True, slots=True)
class Permission:
    """What may be done, in words for a refusal, and the roles that may do it.

    `anywhere`: to every unit's things. `own_unit`: to those of the caller's unit.
    `own_districts`: to those of the units that a district coordinator files for.
    """

    code: str
    zh: str
    en: str
    anywhere: frozenset[str] = frozenset()
    own_unit: frozenset[str] = frozenset()
    own_districts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Scope:
    """The units whose items a caller may see. Not those under the caller's: nobody but directory knows of parents yet."""

    everything: bool
    units: frozenset[str]

    def includes(self, unit: str) -> bool:
        return self.everything or unit in self.units


@dataclass(frozen=True)
class Actor:
    """An active account with its present roles. `plans` empty means every plan."""

    account_id: UUID
    account: str
    roles: frozenset[str]
    unit: str | None = None
    districts: frozenset[str] = frozenset()
    plans: frozenset[str] = frozenset()

    @cached_property
    def scope(self) -> Scope:
        own = frozenset({self.unit} if self.unit else ())
        return Scope(everything=not self.roles.isdisjoint(SEES_EVERYTHING), units=own | self.districts)

    def sees_plan(self, plan: str) -> bool:
        return not self.plans or plan in self.plans

    def reaches(self, plan: str, unit: str) -> bool:
        """Whether the unit's items in the plan are among what the caller may see."""
        return self.sees_plan(plan) and self.scope.includes(unit)

    def may(self, permission: Permission, unit: str | None = None) -> bool:
        """Whether a role allows it to `unit`'s things; without a unit, whether one allows it anywhere."""
        if not self.roles.isdisjoint(permission.anywhere):
            return True
        if unit is None:
            return False
        if unit == self.unit and not self.roles.isdisjoint(permission.own_unit):
            return True
        return unit in self.districts and not self.roles.isdisjoint(permission.own_districts)

    def must(self, permission: Permission, unit: str | None = None) -> None:
        """Raises NotFound where the unit is outside what the caller may see, MayNot where it is seen but not permitted."""
        if self.may(permission, unit):
            return
        if unit is not None and not self.scope.includes(unit):
            raise NotFound
        raise MayNot(what=permission.zh, what_en=permission.en)
