"""From an uploaded document to a plan's draft: import, decide, confirm."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.task.commands.plans import put_draft
from services.task.errors import PlanNotFound
from services.task.expansion import UnknownUnit
from services.task.models import ImportDraft
from services.task.permissions import IMPORT_PLAN
from services.task.plan_import import Draft, Status, UnitDirectory
from services.task.plan_import.carrying import carry_over
from services.task.plan_import.comparison import Change, Difference, compare
from services.task.plan_import.confirmation import confirm, confirm_all, edit, reject, require_resolved, restore
from services.task.plan_import.draft import DraftUnit
from services.task.plan_import.errors import (
    NotConfirmed,
    NothingToCompare,
    PlanHasAnotherDraft,
)
from services.task.plan_import.plan_file import to_plan_file
from services.task.plan_import.resolve import resolve_item
from services.task.queries.plan_drafts import IMPORT, directory_of, find_current_file, get_import
from services.task.schemas.plan_drafts import ConfirmIn, DecideIn, EditIn
from services.task.schemas.plan_file import PlanFile
from shared.auth import Actor
from shared.db.bulk import insert_rows
from shared.errors import FieldError, PreconditionFailed, PreconditionRequired, Text
from shared.event_log import UnitOfWork

Operation = EditIn | DecideIn


async def import_document(work: UnitOfWork, caller: Actor, draft: Draft, sha256: str) -> ImportDraft:
    """Keep what was read from a document. Raises MayNot."""
    caller.must(IMPORT_PLAN)
    imported = ImportDraft.of(draft, sha256, by=caller.account, at=work.now)
    await insert_rows(work.connection, IMPORT, [_columns(imported)])
    return imported


async def decide_items(
    work: UnitOfWork, caller: Actor, draft_id: UUID, operations: Iterable[Operation], expected: int | None
) -> ImportDraft:
    """Edit, confirm, reject or restore items, in order, all or none.

    Raises MayNot, PlanDraftNotFound, PreconditionRequired, PreconditionFailed, DraftItemNotFound, EditNotAllowed,
    NotResolved, UnknownUnit.
    """
    found = await _get(work, caller, draft_id, expected)
    directory = UnitDirectory.from_mapping(await directory_of(work.connection))
    draft, imported = found.draft, found.as_imported
    for place, operation in enumerate(operations):
        draft = _after(draft, imported, operation, directory, f"/operations/{place}")
    found.decide(draft, by=caller.account, at=work.now)
    return await _keep(work, found)


async def confirm_import(
    work: UnitOfWork, caller: Actor, draft_id: UUID, body: ConfirmIn, expected: int | None
) -> tuple[ImportDraft, Difference | None]:
    """Confirm every item, or put the confirmed draft as the draft of a plan, or both; all or none.

    Of a plan in force also what the draft would change in it. Raises MayNot, PlanDraftNotFound, PreconditionRequired,
    PreconditionFailed, NotResolved, NotConfirmed, PlanHasAnotherDraft, pydantic's ValidationError where the plan file
    lacks something, and what `put_draft` raises.
    """
    found = await _get(work, caller, draft_id, expected)
    draft = confirm_all(found.draft) if body.all else found.draft
    require_resolved(draft)
    difference = None
    if body.plan is not None and body.office is not None:
        _must_be_confirmed(draft)
        difference = await _put(work, caller, draft, body, body.plan, body.office)
        found.plan = body.plan
    found.decide(draft, by=caller.account, at=work.now)
    return await _keep(work, found), difference


async def revert_import(work: UnitOfWork, caller: Actor, draft_id: UUID, expected: int | None) -> ImportDraft:
    """Forget every decision. A plan's draft that was made from it stays.

    Raises MayNot, PlanDraftNotFound, PreconditionRequired, PreconditionFailed.
    """
    found = await _get(work, caller, draft_id, expected)
    found.revert(by=caller.account, at=work.now)
    return await _keep(work, found)


async def find_difference(
    connection: AsyncConnection, caller: Actor, found: ImportDraft, plan: str | None
) -> tuple[str, tuple[Change, ...], bool]:
    """The plan, what the import would change in its file, and whether that file is in force.

    Raises NothingToCompare, PlanNotFound, NotResolved.
    """
    plan = plan or found.plan
    if plan is None:
        raise NothingToCompare
    current, in_force = await find_current_file(connection, plan)
    if current is None or not caller.sees_plan(plan):
        raise PlanNotFound(plan=plan)
    directory = UnitDirectory.from_mapping(await directory_of(connection))
    imported = to_plan_file(
        found.draft, directory, key=plan, office=current["office"], ends=_last_day(found.draft, None, current)
    )
    return plan, compare(carry_over(imported, current, {}), current).changes, in_force


# -- one decision ------------------------------------------------------------------------------------------------------


def _after(draft: Draft, imported: Draft, operation: Operation, directory: UnitDirectory, pointer: str) -> Draft:
    item = operation.item
    if operation.op == "restore" or (operation.op != "reject" and _is_rejected(draft, item)):
        draft = restore(draft, imported, item)
    match operation:
        case EditIn():
            return _edited(draft, operation, directory, pointer)
        case DecideIn(op="confirm"):
            return confirm(draft, item)
        case DecideIn(op="reject"):
            return reject(draft, item)
    return draft


def _is_rejected(draft: Draft, item_id: str) -> bool:
    return any(item.id == item_id for item in draft.with_status(Status.REJECTED))


def _edited(draft: Draft, operation: EditIn, directory: UnitDirectory, pointer: str) -> Draft:
    """A unit whose name was edited is looked up under it; one that the directory still lacks stays unresolved."""
    changes: dict[str, Any] = dict(operation.changes)
    if any(isinstance(item, DraftUnit) and item.id == operation.item for item in draft.items):
        changes = {**_key_of(changes, directory, pointer), **changes}
    draft = edit(draft, operation.item, changes)
    return replace(
        draft,
        items=tuple(resolve_item(item, directory) if item.id == operation.item else item for item in draft.items),
    )


def _key_of(changes: Mapping[str, Any], directory: UnitDirectory, pointer: str) -> dict[str, Any]:
    key = changes.get("key")
    if key is None:
        return {"key": None, "is_group": False} if "name" in changes else {}
    if key not in directory.units and key not in directory.groups:
        sentence = Text(f"单位目录里没有 {key}。", f"The directory has no unit or group {key}.")
        raise UnknownUnit([FieldError(f"{pointer}/changes/key", sentence)])
    return {"is_group": key not in directory.units}


# -- the plan ----------------------------------------------------------------------------------------------------------


def _must_be_confirmed(draft: Draft) -> None:
    open_items = [*draft.certain, *draft.inferred]
    if open_items:
        raise NotConfirmed(count=len(open_items))


async def _put(
    work: UnitOfWork, caller: Actor, draft: Draft, body: ConfirmIn, plan: str, office: str
) -> Difference | None:
    """Put the plan's draft; what it would change where the plan is in force."""
    if not caller.sees_plan(plan):
        raise PlanNotFound(plan=plan)
    directory = UnitDirectory.from_mapping(await directory_of(work.connection))
    chosen = body.chosen() | ({"group": body.group} if body.group else {})
    current, in_force = await find_current_file(work.connection, plan)
    ends = _last_day(draft, body.ends, current if in_force else None)
    file = to_plan_file(draft, directory, key=plan, office=office, ends=ends)
    if current is not None and in_force:
        file = carry_over(file, current, chosen)
    try:
        put, _ = await put_draft(work, caller, PlanFile.model_validate(file | chosen), body.replaces)
    except (PreconditionRequired, PreconditionFailed) as other:
        raise PlanHasAnotherDraft(plan=plan, etag=other.facts["etag"]) from other
    return compare(put.file, current) if current is not None and in_force else None


def _last_day(draft: Draft, chosen: date | None, current: Mapping[str, Any] | None) -> date | None:
    """As the office chose it; else as it is in force, unless the document names another year, which is None here."""
    if chosen or current is None:
        return chosen
    ends = date.fromisoformat(current["ends"])
    return ends if draft.period is None or draft.period[1] == ends.year else None


# -- rows --------------------------------------------------------------------------------------------------------------


async def _get(work: UnitOfWork, caller: Actor, draft_id: UUID, expected: int | None) -> ImportDraft:
    caller.must(IMPORT_PLAN)
    found = await get_import(work.connection, draft_id, caller, lock=True)
    found.must_match(expected)
    return found


async def _keep(work: UnitOfWork, changed: ImportDraft) -> ImportDraft:
    await work.connection.execute(update(IMPORT).where(IMPORT.c.id == changed.id).values(_columns(changed)))
    return changed


def _columns(draft: ImportDraft) -> dict[str, Any]:
    return {column.name: getattr(draft, column.name) for column in IMPORT.columns}
