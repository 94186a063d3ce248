"""What a unit does with what it was assigned."""

from services.task.models import Assignment
from services.task.permissions import ACKNOWLEDGE
from services.task.queries.assignments import AssignmentKey, lock_assignment
from shared.auth import Actor
from shared.event_log import UnitOfWork


async def acknowledge_assignment(work: UnitOfWork, caller: Actor, key: AssignmentKey) -> Assignment:
    """Confirm receipt. Raises AssignmentNotFound (also where the caller's scope does not reach), MayNot, AlreadyAcknowledged."""
    assignment = await lock_assignment(work.connection, key, caller)
    caller.must(ACKNOWLEDGE, key.unit)
    return await work.record(assignment, assignment.acknowledge(by=caller.account, at=work.now))
