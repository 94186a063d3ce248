"""Bodies of import drafts."""

from datetime import date
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, model_validator
from typing_extensions import TypedDict

from contracts.names import AssignmentRole, Key, PlanKey, UnitKey
from services.task.models import ImportDraft
from services.task.plan_import import to_json
from services.task.plan_import.comparison import Change, Difference
from services.task.plan_import.measures import Kind
from services.task.queries.plan_drafts import ListedDraft
from services.task.report_dates import Reporting
from services.task.schemas.clocks import Clocks
from services.task.schemas.plan_file import Title
from services.task.schemas.targets import Comparator, Name
from services.task.schemas.texts import ShortText, Spoken
from services.task.schemas.times import Instant
from shared.errors import Text
from shared.validation import Refusal, refuse

ItemId = Annotated[str, Field(max_length=500)]
MOST_OPERATIONS = 500
_PLAN_AND_OFFICE = Text("plan 和 office 须一起写。", "plan and office go together.")
_NOTHING_TO_CONFIRM = Text(
    "请写 all 为 true（一并确认），或写 plan 和 office（存为方案草稿），或都写。",
    "Give all as true to confirm everything, or plan and office to put the plan, or both.",
)


def _day(text: str) -> str:
    return date.fromisoformat(text).isoformat()


Day = Annotated[str, AfterValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]


class Changes(TypedDict, total=False):
    """What a person decides of an item; which fields it has depends on its kind."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]  # where pydantic looks for it

    value: Annotated[Spoken, Field(description="of a fact, or the number of a target as a decimal string")]
    title: Title
    kind: Kind
    name: Name
    key: Annotated[Key, Field(description="of the unit or group that is meant")]
    is_group: bool
    role: AssignmentRole
    text: Spoken
    low: Annotated[ShortText | None, Field(description="the lower bound of a range")]
    unit: Name
    comparator: Comparator
    strength: Literal["aspire", "binding"]
    deadline: Annotated[ShortText | None, Field(description="of a measure as text, of a target its year")]
    date: Day


class EditIn(BaseModel):
    """The item says something else; with that it counts as confirmed."""

    model_config = ConfigDict(extra="forbid")

    op: Literal["edit"]
    item: ItemId
    changes: Changes


class DecideIn(BaseModel):
    """`confirm`: right as it stands. `reject`: no part of the plan; a measure goes with its units and targets.

    `restore`: as it was imported, together with what had gone along.
    """

    model_config = ConfigDict(extra="forbid")

    op: Literal["confirm", "reject", "restore"]
    item: ItemId


class OperationsIn(BaseModel):
    """Applied in order, all or none. To confirm or edit what was rejected restores it first."""

    model_config = ConfigDict(extra="forbid")

    operations: Annotated[
        list[Annotated[EditIn | DecideIn, Field(discriminator="op")]],
        Field(min_length=1, max_length=MOST_OPERATIONS),
    ]


class ConfirmIn(BaseModel):
    """`all` confirms every certain and inferred item; `plan` and `office` make a plan file and put it as the plan's draft.

    The other fields are what the document does not say, or says otherwise than the office wants it.
    """

    model_config = ConfigDict(extra="forbid")

    all: bool = False
    plan: PlanKey | None = None
    office: UnitKey | None = None
    group: UnitKey | None = None
    reporting: Reporting | None = None
    clocks: Clocks | None = None
    title_en: ShortText | None = None
    issuer: Name | None = None
    document_number: Name | None = None
    starts: date | None = None
    ends: date | None = None
    zone: ShortText | None = None
    replaces: Annotated[int | None, Field(ge=1, description="version of the plan's draft that this one replaces")] = (
        None
    )

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if (self.plan is None) != (self.office is None):
            missing = "office" if self.office is None else "plan"
            refuse(ConfirmIn, [Refusal((missing,), "plan_and_office", _PLAN_AND_OFFICE)])
        if not self.all and self.plan is None:
            refuse(ConfirmIn, [Refusal((), "nothing_to_confirm", _NOTHING_TO_CONFIRM)])
        return self

    def chosen(self) -> dict[str, Any]:
        """Fields of the plan file that come before what the document says."""
        named = {"title_en", "issuer", "document_number", "starts", "ends", "zone", "clocks", "reporting"}
        chosen = self.model_dump(mode="json", include=named, exclude_none=True)
        days = {f"{name}_precision": "day" for name in ("starts", "ends") if name in chosen}
        return chosen | days


class PlanDraftListed(BaseModel):
    """An imported document. `counts` says how many items are certain, inferred, unresolved, confirmed and rejected."""

    id: UUID
    version: int
    document: str
    sha256: str
    title: str | None
    counts: dict[str, int]
    plan: str | None
    created_by: str
    created_at: Instant
    updated_by: str
    updated_at: Instant

    @classmethod
    def from_listed(cls, found: ListedDraft | ImportDraft) -> Self:
        return cls(**_same(found))


class PlanDraftOut(PlanDraftListed):
    """`draft` is the plan as it stands, and its `items` by certainty; spans are half-open ranges of `text`."""

    draft: dict[str, Any]
    text: str

    @classmethod
    def from_import(cls, found: ImportDraft) -> Self:
        return cls(**_same(found), draft=to_json(found.draft), text=found.text)


def _same(found: ListedDraft | ImportDraft) -> dict[str, Any]:
    names = PlanDraftListed.model_fields.keys() - {"version"}
    return {"version": found.revision, **{name: getattr(found, name) for name in names}}


class ChangeOut(BaseModel):
    """`before` is null for what is new, `after` for what is gone."""

    kind: str
    place: str
    before: Any
    after: Any


class DifferenceOut(BaseModel):
    """What the imported text would change. `becomes`: a plan in force can only be amended."""

    plan: str
    becomes: Literal["draft", "amendment"]
    changes: list[ChangeOut]

    @classmethod
    def of(cls, plan: str, changes: tuple[Change, ...], *, in_force: bool) -> Self:
        shown = [ChangeOut(**vars(change)) for change in changes]
        return cls(plan=plan, becomes="amendment" if in_force else "draft", changes=shown)


NEXT_STEP = Text(
    "方案 {plan} 已在执行，草稿已存好，尚未生效。请核对差异；由办公室主任以 POST plans/{plan}/amend 指定生效日后生效。",
    "Plan {plan} is in force; the draft is stored and changes nothing yet. Look at the difference; "
    "the office head puts it in force from a date with POST plans/{plan}/amend.",
)
NO_STEP = Text("与现行方案没有不同，无需修订。", "It says what is in force; there is nothing to amend.")


class ConfirmedOut(PlanDraftOut):
    """A confirmed import. Where the plan is in force: what the draft would change in it, and what to do next."""

    difference: DifferenceOut | None = None
    next: str | None = None

    @classmethod
    def of(cls, found: ImportDraft, difference: Difference | None, language: str) -> Self:
        shown = cls.from_import(found)
        if difference is None or found.plan is None:
            return shown
        step = (NEXT_STEP if difference else NO_STEP).in_language(language).format(plan=found.plan)
        compared = DifferenceOut.of(found.plan, difference.changes, in_force=True)
        return shown.model_copy(update={"difference": compared, "next": step})
