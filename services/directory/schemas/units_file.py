"""The units file: the organisations of a city and the groups that plans name, as an office puts them."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from contracts.names import GroupKey, Relation, UnitKey, UnitKind
from shared.documents import read_document
from shared.errors import Text
from shared.validation import Place, Refusal, refuse

SCHEMA_ID = "urn:duban:schema:units-file"

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
CreditCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}$")]
"""Unified social credit code: 18 characters without I, O, S, V and Z (GB 32100-2015)."""


class UnitEntry(BaseModel):
    """An organisation. Its key is permanent; `name` is the official name, `short_name` the one that screens show."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: UnitKey
    name: Name
    name_en: str = ""
    short_name: Name | None = None
    kind: UnitKind
    relation: Relation
    parent: UnitKey | None = None
    aliases: Annotated[list[Name], Field(max_length=50)] = []
    credit_code: CreditCode | None = None

    @property
    def names(self) -> frozenset[str]:
        """Everything that this unit is called in documents."""
        return frozenset({self.name, self.short_name or self.name, *self.aliases})


class GroupEntry(BaseModel):
    """A name that stands for units (各区)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: GroupKey
    name: Name
    name_en: str = ""
    members: Annotated[list[UnitKey], Field(min_length=1, max_length=1000)]


class UnitsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, title="Units file")

    units: Annotated[list[UnitEntry], Field(min_length=1, max_length=10_000)]
    groups: Annotated[list[GroupEntry], Field(max_length=1000)] = []

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        refuse(
            UnitsFile,
            [
                *_keys_twice("units", "单位", "unit", (unit.key for unit in self.units)),
                *_keys_twice("groups", "单位组", "group", (group.key for group in self.groups)),
                *_unknown_parents(self),
                *_parents_in_a_circle(self),
                *_names_claimed_twice(self),
                *_members_unknown_or_twice(self),
            ],
        )
        return self


def read_units(content: str | bytes) -> UnitsFile:
    """The units that a YAML or JSON text holds. Raises UnreadableDocument or pydantic's ValidationError."""
    return UnitsFile.model_validate(read_document(content))


def json_schema() -> dict[str, Any]:
    """The contract in `contracts/units-file.schema.json`; rules across units are checked by the models only."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID}
    return schema | UnitsFile.model_json_schema()


def _keys_twice(part: str, noun_zh: str, noun: str, keys: Iterable[str]) -> Iterator[Refusal]:
    seen: set[str] = set()
    for n, key in enumerate(keys):
        if key in seen:
            sentence = Text(f"{noun_zh} {key} 重复出现。", f"The {noun} {key} occurs twice.")
            yield Refusal((part, n, "key"), f"duplicate_{noun}", sentence)
        seen.add(key)


def _unknown_parents(file: UnitsFile) -> Iterator[Refusal]:
    known = {unit.key for unit in file.units}
    for n, unit in enumerate(file.units):
        if unit.parent is not None and unit.parent not in known:
            sentence = Text(f"没有上级单位 {unit.parent}。", f"There is no unit {unit.parent} to be the parent.")
            yield Refusal(("units", n, "parent"), "unknown_parent", sentence)


def _parents_in_a_circle(file: UnitsFile) -> Iterator[Refusal]:
    """One refusal per circle, at its unit that comes first in the file."""
    parents = {unit.key: unit.parent for unit in file.units}
    position = {unit.key: n for n, unit in enumerate(file.units)}
    cleared: set[str] = set()
    for key in parents:
        line = _line_of(key, parents, cleared)
        cleared.update(line)
        closing = parents[line[-1]] if line else None
        if closing in line:
            circle = line[line.index(closing) :]
            path = " → ".join(circle)
            sentence = Text(f"上级单位成环：{path}。", f"The parents form a circle: {path}.")
            yield Refusal(("units", min(position[unit] for unit in circle), "parent"), "parent_circle", sentence)


def _line_of(key: str, parents: dict[str, str | None], cleared: set[str]) -> list[str]:
    """The unit and its parents upwards, until the top, a unit seen before, or the line closes in a circle."""
    line: list[str] = []
    step: str | None = key
    while step is not None and step in parents and step not in cleared and step not in line:
        line.append(step)
        step = parents[step]
    return line


def _names_claimed_twice(file: UnitsFile) -> Iterator[Refusal]:
    owners: dict[str, str] = {}
    for place, key, names in _claims(file):
        for name in sorted(names):
            owner = owners.setdefault(name, key)
            if owner != key:
                sentence = Text(
                    f"名称“{name}”已属于 {owner}，一个名称只能指一个单位。",
                    f"The name {name} already belongs to {owner}; a name stands for one unit only.",
                )
                yield Refusal(place, "name_claimed_twice", sentence)


def _claims(file: UnitsFile) -> Iterator[tuple[Place, str, frozenset[str]]]:
    for n, unit in enumerate(file.units):
        yield ("units", n), unit.key, unit.names
    for n, group in enumerate(file.groups):
        yield ("groups", n), f"group {group.key}", frozenset({group.name})


def _members_unknown_or_twice(file: UnitsFile) -> Iterator[Refusal]:
    known = {unit.key for unit in file.units}
    for g, group in enumerate(file.groups):
        for m, member in enumerate(group.members):
            if member not in known:
                sentence = Text(f"没有单位 {member}。", f"There is no unit {member}.")
                yield Refusal(("groups", g, "members", m), "unknown_member", sentence)
            elif member in group.members[:m]:
                sentence = Text(f"成员 {member} 重复出现。", f"The member {member} occurs twice.")
                yield Refusal(("groups", g, "members", m), "duplicate_member", sentence)
