"""The ladder of each deadline, from the clocks of its plan (DOMAIN.md section 5)."""

from contracts.names import DeadlineKind, Relation, Role
from services.task.ladders import Ladder, Rung
from services.task.schemas.clocks import Clocks, LateLadder

LIAISON = (Role.LIAISON,)
SHORT_REMINDERS = {DeadlineKind.ACKNOWLEDGE: (0,), DeadlineKind.RESUBMIT: (-1, 0)}
"""Duties of two or three working days are not reminded of five days before."""


def ladder_of(clocks: Clocks, kind: DeadlineKind, relation: Relation) -> Ladder:
    """Reminders to the liaison, then the plan's late rungs for units of this relation.

    Only a report's ladder repeats: a missing receipt or resubmission is the office's to follow up.
    """
    late: LateLadder = clocks.late.subordinate if relation is Relation.SUBORDINATE else clocks.late.requested
    reminders = clocks.report_reminders if kind is DeadlineKind.REPORT else SHORT_REMINDERS[kind]
    rungs = (
        *(Rung(at, LIAISON) for at in sorted(set(reminders))),
        *(Rung(rung.at, rung.audience) for rung in late.rungs),
    )
    return Ladder(rungs, late.repeat_every if kind is DeadlineKind.REPORT else None)
