"""Tables of task and the transitions of its aggregates."""

from services.task.models.assignment import Assignment, AssignmentState
from services.task.models.deadline import Deadline
from services.task.models.plan import Measure, Plan, PlanAmendment, PlanDraft, PlanState
from services.task.models.plan_drafts import ImportDraft
from services.task.models.report import Report, ReportContent, ReportState, ShownState
from services.task.models.tables import CLOCK, CONSUMING, EVENT_LOG, Account, TaskTable, groups, units

__all__ = [
    "CLOCK",
    "CONSUMING",
    "EVENT_LOG",
    "Account",
    "Assignment",
    "AssignmentState",
    "Deadline",
    "ImportDraft",
    "Measure",
    "Plan",
    "PlanAmendment",
    "PlanDraft",
    "PlanState",
    "Report",
    "ReportContent",
    "ReportState",
    "ShownState",
    "TaskTable",
    "groups",
    "units",
]
