"""The office's directory, as far as an import needs it: units with their names over time, and groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

CLOSE = 0.6  # similarity of names above which a unit is worth proposing
MOST_PROPOSALS = 3


@dataclass(frozen=True)
class DirectoryUnit:
    """A unit; `successors` are the keys that took over its duties."""

    key: str
    name: str
    aliases: tuple[str, ...] = ()
    successors: tuple[str, ...] = ()


@dataclass(frozen=True)
class DirectoryGroup:
    key: str
    name: str
    members: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Match:
    """What a printed name stands for; without a key, the proposals are close names and nothing is decided."""

    key: str | None
    rule: str
    is_group: bool = False
    proposals: tuple[str, ...] = ()


class UnitDirectory:
    """Finds units and groups by name. Exact names and aliases match; anything closer is only proposed."""

    def __init__(self, units: Iterable[DirectoryUnit], groups: Iterable[DirectoryGroup] = ()) -> None:
        self.units = {unit.key: unit for unit in units}
        self.groups = {group.key: group for group in groups}
        self._names = {name: unit for unit in self.units.values() for name in (*unit.aliases, unit.name)}
        self._group_names = {name: group for group in self.groups.values() for name in (*group.aliases, group.name)}
        self._proposed: dict[str, tuple[str, ...]] = {}

    @classmethod
    def from_mapping(cls, document: Mapping[str, Any]) -> UnitDirectory:
        """From a units.yaml or a list of the directory's API: `units` and `groups`, each with key and name."""
        units = [
            DirectoryUnit(unit["key"], unit["name"], _names_of(unit), tuple(unit.get("successors", ())))
            for unit in document.get("units", ())
        ]
        groups = [
            DirectoryGroup(
                group["key"], group["name"], tuple(group.get("members", ())), tuple(group.get("aliases", ()))
            )
            for group in document.get("groups", ())
        ]
        return cls(units, groups)

    def find(self, *names: str) -> Match:
        """The unit or group of the first of the names that is known; an abolished unit leads to its one successor."""
        for name in names:
            if group := self._group_names.get(name):
                return Match(group.key, "directory.group", is_group=True)
            if unit := self._names.get(name):
                return self._present(unit, "directory.name" if unit.name == name else "directory.alias")
        return Match(
            None, "directory.close" if self._close(names[0]) else "directory.unknown", proposals=self._close(names[0])
        )

    def _present(self, unit: DirectoryUnit, rule: str) -> Match:
        if not unit.successors:
            return Match(unit.key, rule)
        if len(unit.successors) == 1:
            return Match(unit.successors[0], "directory.succession")
        return Match(None, "directory.split", proposals=unit.successors)

    def _close(self, name: str) -> tuple[str, ...]:
        if name not in self._proposed:
            scored = ((SequenceMatcher(a=name, b=known).ratio(), unit.key) for known, unit in self._names.items())
            best = sorted(((score, key) for score, key in scored if score >= CLOSE), reverse=True)
            self._proposed[name] = tuple(dict.fromkeys(key for _, key in best))[:MOST_PROPOSALS]
        return self._proposed[name]


def _names_of(unit: Mapping[str, Any]) -> tuple[str, ...]:
    short = unit.get("short_name")
    return (*unit.get("aliases", ()), *([short] if short else ()))
