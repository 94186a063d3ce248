"""Plan import: from an official document to a draft plan that a person checks and confirms.

    draft = draft_plan(document, "方案.docx", directory)

A pure library: deterministic, offline, no database. Every item of a draft leads back to the characters it came from.
"""

from services.task.plan_import.directory import DirectoryGroup, DirectoryUnit, UnitDirectory
from services.task.plan_import.draft import Draft, Item, Status
from services.task.plan_import.errors import PlanImportError
from services.task.plan_import.json_form import to_json
from services.task.plan_import.pipeline import draft_plan

__all__ = [
    "DirectoryGroup",
    "DirectoryUnit",
    "Draft",
    "Item",
    "PlanImportError",
    "Status",
    "UnitDirectory",
    "draft_plan",
    "to_json",
]
