"""Putting units and groups, one by one or as a whole file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import delete

from services.directory.errors import InvalidUnit
from services.directory.models import Facts, Unit, UnitGroup
from services.directory.permissions import MANAGE_UNITS
from services.directory.queries import (
    NAMES,
    find_group,
    find_unit,
    load_groups,
    load_parents,
    load_units,
    owners_of,
    unknown_units,
)
from services.directory.schemas.units import group_facts, unit_facts
from services.directory.schemas.units_file import UnitsFile
from shared.auth import Actor
from shared.db.bulk import insert_rows
from shared.errors import FieldError, Text
from shared.event_log import UnitOfWork
from shared.events import Event
from shared.revisions import must_match

Named = TypeVar("Named", Unit, UnitGroup)


@dataclass(slots=True)
class FileResult:
    """What a units file changed, by key."""

    registered: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: int = 0


async def put_unit(work: UnitOfWork, caller: Actor, key: str, facts: Facts, expected: int | None) -> Unit:
    """Register a unit or change it. The same facts again change nothing.

    Raises MayNot, PreconditionRequired, PreconditionFailed, InvalidUnit.
    """
    caller.must(MANAGE_UNITS)
    unit = await find_unit(work.connection, key, lock=True)
    if unit is not None and unit.already_says(facts):
        return unit
    await _check_parent(work, key, facts["parent"])
    if unit is None:
        must_match(0, expected)
        unit = await work.add(*Unit.register(key, facts))
    else:
        unit.must_match(expected)
        await work.record(unit, unit.change(facts))
    await _claim_names(work, [unit])
    return unit


async def put_group(work: UnitOfWork, caller: Actor, key: str, facts: Facts, expected: int | None) -> UnitGroup:
    """Define a group or change it. Plans already published keep the members that they were published with.

    Raises MayNot, PreconditionRequired, PreconditionFailed, InvalidUnit.
    """
    caller.must(MANAGE_UNITS)
    group = await find_group(work.connection, key, lock=True)
    if group is not None and group.already_says(facts):
        return group
    await _check_members(work, facts["members"])
    if group is None:
        must_match(0, expected)
        group = await work.add(*UnitGroup.define(key, facts))
    else:
        group.must_match(expected)
        await work.record(group, group.change(facts))
    await _claim_names(work, [group])
    return group


async def put_units(work: UnitOfWork, caller: Actor, file: UnitsFile) -> FileResult:
    """Make the directory say what the file says. What it does not name stays. The same file again changes nothing.

    Raises MayNot, InvalidUnit.
    """
    caller.must(MANAGE_UNITS)
    done = FileResult()
    units = await load_units(work.connection, [entry.key for entry in file.units])
    groups = await load_groups(work.connection, [entry.key for entry in file.groups])
    put_now: list[Unit | UnitGroup] = [
        *[await _put(work, done, units.get(it.key), Unit.register, it.key, unit_facts(it)) for it in file.units],
        *[await _put(work, done, groups.get(it.key), UnitGroup.define, it.key, group_facts(it)) for it in file.groups],
    ]
    await _claim_names(work, put_now)
    return done


async def _put(
    work: UnitOfWork,
    done: FileResult,
    stored: Named | None,
    begin: Callable[[str, Facts], tuple[Named, list[Event]]],
    key: str,
    facts: Facts,
) -> Named:
    if stored is None:
        done.registered.append(key)
        return await work.add(*begin(key, facts))
    if events := stored.change(facts):
        done.changed.append(key)
        return await work.record(stored, events)
    done.unchanged += 1
    return stored


async def _claim_names(work: UnitOfWork, owners: Sequence[Unit | UnitGroup]) -> None:
    """Give each unit and group its names, all at once, so that a name may move from one to another."""
    claimed = {name: owner for owner in owners for name in owner.names}
    for noun in {owner.noun for owner in owners}:
        keys = [owner.key for owner in owners if owner.noun == noun]
        await work.connection.execute(delete(NAMES).where(NAMES.c.noun == noun, NAMES.c.key.in_(keys)))
    taken = await owners_of(work.connection, claimed)
    if taken:
        raise InvalidUnit([_name_taken(name, key) for name, (_, key) in sorted(taken.items())])
    rows = [{"name": name, "noun": owner.noun, "key": owner.key} for name, owner in claimed.items()]
    await insert_rows(work.connection, NAMES, rows)


async def _check_parent(work: UnitOfWork, key: str, parent: str | None) -> None:
    if parent is None:
        return
    parents = await load_parents(work.connection)
    if parent not in parents:
        raise InvalidUnit([_unknown_unit("/parent", parent)])
    above: str | None = parent
    for _ in parents:
        if above == key:
            sentence = Text(
                f"{key} 已是 {parent} 的上级，上级单位不能成环。",
                f"{key} is above {parent}; parents may not form a circle.",
            )
            raise InvalidUnit([FieldError("/parent", sentence)])
        above = parents.get(above) if above else None


async def _check_members(work: UnitOfWork, members: Sequence[str]) -> None:
    unknown = set(await unknown_units(work.connection, members))
    wrong = [_unknown_unit(f"/members/{n}", key) for n, key in enumerate(members) if key in unknown]
    wrong += [_twice(n, key) for n, key in enumerate(members) if key in members[:n]]
    if wrong:
        raise InvalidUnit(wrong)


def _unknown_unit(pointer: str, key: str) -> FieldError:
    return FieldError(pointer, Text(f"没有单位 {key}。", f"There is no unit {key}."))


def _twice(position: int, key: str) -> FieldError:
    return FieldError(f"/members/{position}", Text(f"成员 {key} 重复出现。", f"The member {key} occurs twice."))


def _name_taken(name: str, key: str) -> FieldError:
    return FieldError(
        "",
        Text(
            f"名称“{name}”已属于 {key}，一个名称只能指一个单位。",
            f"The name {name} already belongs to {key}; a name stands for one unit only.",
        ),
    )
