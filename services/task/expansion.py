"""From a plan file's units and groups to what publishing will issue: one item per measure and unit."""

from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import dataclass

from contracts.names import AssignmentRole, GroupKey, MeasureKey, UnitKey
from services.task.schemas.plan_file import Measure, MeasureUnit, PlanFile
from shared.errors import AppError, FieldError, Text


class Unresolved(AppError):
    """The plan file does not fit the directory; `errors` has every place."""

    status = 422

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__(errors=errors, count=len(errors))


class UnknownUnit(Unresolved):
    code = "unknown-unit"
    title = Text("未知单位", "Unknown unit")
    detail = Text(
        "方案中有 {count} 处单位不在单位目录里，见 errors。请先在目录中登记，或改正编号。",
        "{count} unit(s) of the plan are not in the directory, see errors. Register them first, or correct the keys.",
    )


class UnknownGroup(Unresolved):
    code = "unknown-group"
    title = Text("未知单位组", "Unknown group of units")
    detail = Text(
        "方案中有 {count} 处单位组不在单位目录里，见 errors。请先在目录中列出其成员。",
        "{count} group(s) of the plan are not in the directory, see errors. Define their members there first.",
    )


class DuplicateUnit(Unresolved):
    code = "duplicate-unit"
    title = Text("单位重复", "Unit named twice")
    detail = Text(
        "有 {count} 处单位在同一措施中重复（逐个列出，又在单位组中），见 errors。",
        "{count} unit(s) occur twice in one measure, by name or through groups, see errors.",
    )


@dataclass(frozen=True, slots=True)
class IssuedUnit:
    """A measure that goes to a unit, through `group` where the plan names the group.

    With `excused`, the reason why the measure does not apply to this member: it is shown but asked for nothing.
    """

    measure: MeasureKey
    unit: UnitKey
    role: AssignmentRole
    lead_inferred: bool = False
    group: GroupKey | None = None
    excused: str | None = None


Groups = Mapping[GroupKey, Collection[UnitKey]]
Kept = Mapping[tuple[MeasureKey, GroupKey], Collection[UnitKey]]


def expand(plan: PlanFile, groups: Groups, units: Container[UnitKey], kept: Kept | None = None) -> list[IssuedUnit]:
    """What publishing will issue, in the order of the plan, members of a group in the directory's order.

    `groups` and `units` are the directory's; `kept` are expansions that stay as they were, by measure and group.
    Raises UnknownUnit (office, owners and group members included), UnknownGroup or DuplicateUnit.
    """
    entries = list(_entries(plan, groups, kept or {}))
    _refuse_any(UnknownGroup, [*_unknown_groups(entries)])
    _refuse_any(UnknownUnit, [*_unknown_units(plan, entries, units)])
    _refuse_any(DuplicateUnit, [*_units_twice(entries)])
    return [issued for entry in entries for issued in entry.issued()]


def kept_expansions(before: PlanFile, after: PlanFile, expansion: Mapping[str, Collection[UnitKey]]) -> Kept:
    """Expansions of a plan in force that an amendment leaves as they are: the same group with the same part in a measure."""
    held = _group_parts(before)
    same = (place for place, part in _group_parts(after).items() if held.get(place) == part)
    return {(m, group): expansion.get(expansion_key(m, group), expansion.get(group, ())) for m, group in same}


def expansion_key(measure: MeasureKey, group: GroupKey) -> str:
    """Where the expansion is kept that an amendment gave to one measure; the others are kept by their group alone."""
    return f"{measure}/{group}"


def _group_parts(plan: PlanFile) -> dict[tuple[MeasureKey, GroupKey], tuple[AssignmentRole, dict[UnitKey, str]]]:
    return {
        (measure.key, unit.group): (unit.role, unit.excused)
        for measure in plan.measures
        for unit in measure.units
        if unit.group is not None
    }


@dataclass(frozen=True, slots=True)
class _Entry:
    """A unit or group in a measure, its place in the file, and whom it stands for; None where nobody knows."""

    pointer: str
    measure: Measure
    named: MeasureUnit
    members: Collection[UnitKey] | None

    def issued(self) -> Iterator[IssuedUnit]:
        for unit in self.members or ():
            yield IssuedUnit(
                self.measure.key,
                unit,
                self.named.role,
                self.named.lead_inferred,
                self.named.group,
                self.named.excused.get(unit),
            )


def _entries(plan: PlanFile, groups: Groups, kept: Kept) -> Iterator[_Entry]:
    for a, area in enumerate(plan.areas):
        for m, measure in enumerate(area.measures):
            for u, unit in enumerate(measure.units):
                pointer = f"/areas/{a}/measures/{m}/units/{u}"
                yield _Entry(pointer, measure, unit, _members(measure.key, unit, groups, kept))


def _members(measure: MeasureKey, unit: MeasureUnit, groups: Groups, kept: Kept) -> Collection[UnitKey] | None:
    if unit.group is None:
        return [unit.named]
    return kept.get((measure, unit.group), groups.get(unit.group))


def _refuse_any(situation: type[Unresolved], errors: list[FieldError]) -> None:
    if errors:
        raise situation(errors)


def _unknown_groups(entries: list[_Entry]) -> Iterator[FieldError]:
    for entry in entries:
        if entry.members is None:
            group = entry.named.group
            sentence = Text(f"单位目录里没有单位组 {group}。", f"The directory has no group {group}.")
            yield FieldError(f"{entry.pointer}/group", sentence)


def _unknown_units(plan: PlanFile, entries: list[_Entry], units: Container[UnitKey]) -> Iterator[FieldError]:
    for pointer, unit in _named_units(plan, entries):
        if unit not in units:
            yield FieldError(pointer, Text(f"单位目录里没有单位 {unit}。", f"The directory has no unit {unit}."))
    for entry in entries:
        for unit in entry.named.excused:
            if unit not in (entry.members or ()):
                sentence = Text(f"{unit} 不是该单位组的成员。", f"{unit} is not a member of this group.")
                yield FieldError(f"{entry.pointer}/excused/{unit}", sentence)


def _named_units(plan: PlanFile, entries: list[_Entry]) -> Iterator[tuple[str, UnitKey]]:
    yield "/office", plan.office
    if plan.group is not None:
        yield "/group", plan.group
    for entry in entries:
        part = "unit" if entry.named.group is None else "group"
        yield from ((f"{entry.pointer}/{part}", issued.unit) for issued in entry.issued())
    for n, indicator in enumerate(plan.indicators):
        if indicator.owner is not None:
            yield f"/indicators/{n}/owner", indicator.owner


def _units_twice(entries: list[_Entry]) -> Iterator[FieldError]:
    seen: set[tuple[MeasureKey, UnitKey]] = set()
    for entry in entries:
        for issued in entry.issued():
            if (issued.measure, issued.unit) in seen:
                yield FieldError(
                    entry.pointer,
                    Text(
                        f"措施 {issued.measure} 已经交给单位 {issued.unit}。",
                        f"Measure {issued.measure} already goes to {issued.unit}.",
                    ),
                )
            seen.add((issued.measure, issued.unit))
