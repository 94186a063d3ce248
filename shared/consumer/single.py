"""One record on its own: applied, dropped or parked, so that its failure concerns nothing but its aggregate."""

from enum import Enum, auto

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.consumer.applying import Consumer, try_to_apply
from shared.consumer.standing import park
from shared.consumer.tables import ConsumerTables
from shared.consumer.triage import Incoming, KeyStates, Reason, Verdict
from shared.consumer.waiting import alarm_fork, apply_waiting


class Outcome(Enum):
    """What became of a record, as far as it tells whether this build and the producer understand each other."""

    APPLIED = auto()
    FAILED = auto()
    NEITHER = auto()


async def apply_single(
    connection: AsyncConnection, tables: ConsumerTables, consumer: Consumer, states: KeyStates, incoming: Incoming
) -> Outcome:
    """Apply a record and what waited for it, or set it aside. Raises the database's transient errors."""
    gap = states.fills_gap(incoming)
    verdict = states.judge(incoming)
    if verdict is not Verdict.APPLY:
        return await set_aside(connection, tables, consumer.name, incoming, verdict)
    if error := await try_to_apply(connection, consumer, incoming):
        states.hold(incoming.subject)
        await park(connection, tables, consumer.name, incoming, Reason.FAILED, error)
        return Outcome.FAILED
    states.applied(incoming)
    if gap and await apply_waiting(connection, tables, consumer, states, incoming.subject):
        return Outcome.FAILED
    return Outcome.APPLIED if incoming.event else Outcome.NEITHER


async def set_aside(
    connection: AsyncConnection, tables: ConsumerTables, name: str, incoming: Incoming, verdict: Verdict
) -> Outcome:
    """Drop a duplicate; park everything else, with its reason."""
    if verdict is Verdict.DUPLICATE:
        return Outcome.NEITHER
    reason = incoming.reason or Reason.WAITING
    if verdict is Verdict.FORK:
        reason = Reason.FORK
        alarm_fork(name, incoming.subject, incoming.version)
    await park(connection, tables, name, incoming, reason, incoming.error)
    return Outcome.FAILED if reason in (Reason.FAILED, Reason.UNDECODABLE) else Outcome.NEITHER
