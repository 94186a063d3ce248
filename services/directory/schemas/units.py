"""Bodies of units and groups."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.names import GroupKey, Relation, UnitKey, UnitKind
from services.directory.models import Unit, UnitGroup
from services.directory.schemas.units_file import CreditCode, GroupEntry, Name, UnitEntry


class UnitIn(BaseModel):
    """A unit without its key, which is in the address."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    name_en: Annotated[str, Field(max_length=200)] = ""
    short_name: Name | None = None
    kind: UnitKind
    relation: Relation
    parent: UnitKey | None = None
    aliases: Annotated[list[Name], Field(max_length=50)] = []
    credit_code: CreditCode | None = None


class GroupIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name
    name_en: Annotated[str, Field(max_length=200)] = ""
    members: Annotated[list[UnitKey], Field(min_length=1, max_length=1000)]


def unit_facts(entry: UnitIn | UnitEntry) -> dict[str, Any]:
    """The columns that a body or an entry of a units file says; two bodies are the same where these are."""
    return {
        "name": entry.name,
        "name_en": entry.name_en,
        "short_name": entry.short_name or "",
        "kind": entry.kind,
        "relation": entry.relation,
        "parent": entry.parent,
        "aliases": list(entry.aliases),
        "credit_code": entry.credit_code or "",
    }


def group_facts(entry: GroupIn | GroupEntry) -> dict[str, Any]:
    return {"name": entry.name, "name_en": entry.name_en, "members": list(entry.members)}


class UnitOut(BaseModel):
    id: UUID
    key: UnitKey
    name: str
    name_en: str
    short_name: str
    kind: UnitKind
    relation: Relation
    parent: UnitKey | None
    aliases: list[str]
    credit_code: str
    version: int

    @classmethod
    def of(cls, unit: Unit) -> Self:
        return cls.model_validate(unit, from_attributes=True)


class GroupOut(BaseModel):
    id: UUID
    key: GroupKey
    name: str
    name_en: str
    members: list[UnitKey]
    version: int

    @classmethod
    def of(cls, group: UnitGroup) -> Self:
        return cls.model_validate(group, from_attributes=True)


class UnitsPut(BaseModel):
    """What a units file changed, by key."""

    registered: list[str]
    changed: list[str]
    unchanged: int
