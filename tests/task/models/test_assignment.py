"""The rule of assignments, without a database."""

from datetime import date
from uuid import UUID

import pytest

from contracts.names import AssignmentRole, Relation
from contracts.task import AssignmentAcknowledged
from services.task.errors import AlreadyAcknowledged
from services.task.models import Assignment, AssignmentState
from tests.task.facts import instant


def an_assignment() -> Assignment:
    return Assignment(
        plan_id=UUID(int=1),
        plan="harbour",
        measure="1",
        unit="futian",
        unit_name="福田区",
        relation=Relation.SUBORDINATE,
        role=AssignmentRole.LEAD,
        lead_inferred=False,
        zone="Asia/Shanghai",
        issued_at=instant("2023-12-01"),
        acknowledge_due=date(2023, 12, 5),
    )


def acknowledge(assignment: Assignment, at: str = "2023-12-04") -> AssignmentAcknowledged:
    return assignment.acknowledge(by="futian", at=instant(at))


def test_receipt_is_confirmed_by_whom_and_when() -> None:
    assignment = an_assignment()
    event = acknowledge(assignment)
    assert assignment.state is AssignmentState.ACKNOWLEDGED
    assert (assignment.acknowledged_by, assignment.acknowledged_at) == ("futian", instant("2023-12-04"))
    assert (event.by, event.acknowledged_at, event.by_report) == ("futian", instant("2023-12-04"), False)


@pytest.mark.parametrize(("at", "on_time"), [("2023-12-05T23:59:59", True), ("2023-12-06T00:00", False)])
def test_receipt_is_on_time_through_the_whole_of_its_day(at: str, on_time: bool) -> None:
    assert acknowledge(an_assignment(), at).on_time is on_time


def test_a_second_receipt_is_refused_and_says_who_was_first_and_when_in_local_time() -> None:
    assignment = an_assignment()
    acknowledge(assignment)
    with pytest.raises(AlreadyAcknowledged, match=r"futian acknowledged it at 2023-12-04 09:00"):
        assignment.acknowledge(by="futian-head", at=instant("2023-12-05"))
    assert assignment.acknowledged_by == "futian"
