"""Whether what a notice asks for has been done meanwhile, or is asked for no longer. A notice that only tells something is never moot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

ISSUED, ACKNOWLEDGED, SUPERSEDED = "issued", "acknowledged", "superseded"
EXPECTED, SUBMITTED, RETURNED, ACCEPTED, EXCUSED = "expected", "submitted", "returned", "accepted", "excused"


@dataclass(frozen=True, slots=True)
class Duty:
    """How far a unit is with an assignment or a report."""

    state: str
    revision: int


Facts = Mapping[str, Any]
Test = Callable[[Duty, Facts], bool]


def _acknowledged(duty: Duty, _facts: Facts) -> bool:
    return duty.state in (ACKNOWLEDGED, SUPERSEDED)


def _submitted_once(duty: Duty, _facts: Facts) -> bool:
    return duty.revision > 0 or duty.state == EXCUSED


def _resubmitted(duty: Duty, _facts: Facts) -> bool:
    return duty.state != RETURNED


def _reviewed_or_replaced(duty: Duty, facts: Facts) -> bool:
    return duty.state != SUBMITTED or duty.revision != facts.get("revision", duty.revision)


TESTS: Mapping[str, Test] = {
    "acknowledge_reminder": _acknowledged,
    "acknowledge_overdue": _acknowledged,
    "acknowledge_awaited": _acknowledged,
    "report_reminder": _submitted_once,
    "report_overdue": _submitted_once,
    "report_awaited": _submitted_once,
    "resubmit_reminder": _resubmitted,
    "resubmit_overdue": _resubmitted,
    "resubmit_awaited": _resubmitted,
    "report_submitted": _reviewed_or_replaced,
}


def is_moot(template: str, facts: Facts, duty: Duty | None) -> bool:
    """What is not known of the duty counts as not done: a reminder too many beats one too few."""
    test = TESTS.get(template)
    return test is not None and duty is not None and test(duty, facts)
