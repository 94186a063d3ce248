"""Bodies of amendments."""

from datetime import date
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from contracts.names import AssignmentRole
from services.task.amendment import Amendment, Effects
from services.task.models import Assignment, PlanAmendment
from services.task.schemas.plan_drafts import ChangeOut
from services.task.schemas.plan_file import Remark
from services.task.schemas.targets import Name
from services.task.schemas.times import Instant


class AmendIn(BaseModel):
    """`effective_from`: from today to the end of the plan as amended. The draft says what changes."""

    model_config = ConfigDict(extra="forbid")

    effective_from: date
    reason: Remark
    document_number: Annotated[Name | None, Field(description="of the notice that amends the plan")] = None


class AmendmentOut(BaseModel):
    """One amendment; its `changes` are all that it changed in the plan file."""

    number: int
    effective_from: date
    reason: str
    document_number: str | None
    by: str
    at: Instant
    changes: list[ChangeOut]

    @classmethod
    def from_record(cls, record: PlanAmendment) -> Self:
        same = {name: getattr(record, name) for name in AmendmentOut.model_fields if name != "changes"}
        return cls(**same, changes=[ChangeOut(**change) for change in record.changes])


class EffectOut(BaseModel):
    """What happens to a unit's part in a measure, with the periods that it will and will no longer report on."""

    measure: str
    unit: str
    unit_name: str
    role: AssignmentRole
    role_before: AssignmentRole | None = None
    added: list[str] = []
    excused: list[str] = []


class EffectsOut(BaseModel):
    issued: list[EffectOut]
    amended: list[EffectOut]
    superseded: list[EffectOut]

    @classmethod
    def of(cls, effects: Effects) -> Self:
        issued = [*effects.given_back, *effects.issued]
        return cls(
            issued=[_effect(of, event.role, added=event.obligations) for of, event in issued],
            amended=[
                _effect(of, event.role, event.role_before, added=event.added, excused=event.excused)
                for of, event in effects.amended
            ],
            superseded=[_effect(of, event.role, excused=event.excused) for of, event in effects.superseded],
        )


def _effect(
    of: Assignment, role: AssignmentRole, before: AssignmentRole | None = None, **periods: list[Any]
) -> EffectOut:
    return EffectOut(
        measure=of.measure,
        unit=of.unit,
        unit_name=of.unit_name,
        role=role,
        role_before=None if before == role else before,
        **{name: [owed.period for owed in owed_ones] for name, owed_ones in periods.items()},
    )


class AmendedOut(AmendmentOut):
    """`version` is the plan's from now on."""

    plan: str
    version: int
    effects: EffectsOut

    @classmethod
    def from_amendment(cls, amendment: Amendment) -> Self:
        record = AmendmentOut.from_record(amendment.record)
        return cls(
            **dict(record),
            plan=amendment.plan.plan,
            version=amendment.plan.version,
            effects=EffectsOut.of(amendment.effects),
        )


class KeptGroup(BaseModel):
    """A group whose members in a measure stay those of before, whatever the directory says by now."""

    measure: str
    group: str
    members: list[str]


class AmendmentPreview(BaseModel):
    """What amending the plan by its draft would do from a day on."""

    effective_from: date
    changes: list[ChangeOut]
    effects: EffectsOut
    kept_groups: list[KeptGroup]

    @classmethod
    def of(cls, amendment: Amendment) -> Self:
        return cls(
            effective_from=amendment.record.effective_from,
            changes=[ChangeOut(**vars(change)) for change in amendment.changes],
            effects=EffectsOut.of(amendment.effects),
            kept_groups=[
                KeptGroup(measure=measure, group=group, members=list(members))
                for (measure, group), members in amendment.kept.items()
            ],
        )
