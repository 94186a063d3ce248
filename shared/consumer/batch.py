"""One batch of one partition in one transaction: offset, states, effects, parked events, states."""

from collections.abc import Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus.base import TopicPartition
from shared.consumer.applying import Consumer, is_transient, try_to_apply
from shared.consumer.parked import apply_waiting
from shared.consumer.standing import advance_offset, load_key_states, park, store_key_states
from shared.consumer.tables import ConsumerTables
from shared.consumer.triage import Incoming, KeyStates, Reason, Verdict, subjects
from shared.events.event import Event, Recorded
from shared.faultpoints import faultpoint
from shared.telemetry.metrics import FORKS

log = structlog.get_logger()


class StaleOffset(Exception):
    """Another runner of this consumer has moved on; what was fetched is discarded."""


class BatchFailed(Exception):
    """A handler failed somewhere in the batch; the transaction is lost and the records are taken one by one."""


async def apply_batch(
    connection: AsyncConnection,
    tables: ConsumerTables,
    consumer: Consumer,
    partition: TopicPartition,
    stored_offset: int,
    batch: Sequence[Incoming],
) -> None:
    """Apply all records together. Raises StaleOffset, BatchFailed or the database's own transient errors."""
    states = await _begin(connection, tables, consumer, partition, stored_offset, batch)
    if any(states.fills_gap(incoming) for incoming in batch):
        raise BatchFailed  # one by one, so that what waited is applied in its place
    events = []
    for incoming in batch:
        verdict = states.judge(incoming)
        if verdict is Verdict.APPLY:
            states.applied(incoming)
            if incoming.event:
                events.append(incoming.event)
        else:
            await _set_aside(connection, tables, consumer.name, incoming, verdict)
    if events:
        await _apply_all(connection, consumer, events)
    await store_key_states(connection, tables, consumer.name, states)
    faultpoint("consumer.before_commit")


async def apply_one_by_one(
    connection: AsyncConnection,
    tables: ConsumerTables,
    consumer: Consumer,
    partition: TopicPartition,
    stored_offset: int,
    batch: Sequence[Incoming],
) -> int:
    """Apply record by record, parking what fails and what comes after it of the same aggregate.

    Returns how many failed. Raises StaleOffset or the database's transient errors.
    """
    states = await _begin(connection, tables, consumer, partition, stored_offset, batch)
    failed = 0
    for incoming in batch:
        gap = states.fills_gap(incoming)
        verdict = states.judge(incoming)
        if verdict is not Verdict.APPLY:
            await _set_aside(connection, tables, consumer.name, incoming, verdict)
        elif error := await try_to_apply(connection, consumer, incoming):
            states.hold(incoming.subject)
            await park(connection, tables, consumer.name, incoming, Reason.FAILED, error)
            failed += 1
        else:
            states.applied(incoming)
            if gap:
                failed += await apply_waiting(connection, tables, consumer, states, incoming.subject)
    await store_key_states(connection, tables, consumer.name, states)
    return failed


async def _begin(
    connection: AsyncConnection,
    tables: ConsumerTables,
    consumer: Consumer,
    partition: TopicPartition,
    stored_offset: int,
    batch: Sequence[Incoming],
) -> KeyStates:
    to = batch[-1].record.offset + 1
    if not await advance_offset(connection, tables, consumer.name, partition, stored_offset, to):
        raise StaleOffset
    return await load_key_states(connection, tables, consumer.name, subjects(batch))


async def _apply_all(connection: AsyncConnection, consumer: Consumer, events: Sequence[Recorded[Event]]) -> None:
    try:
        await consumer.apply(connection, events)
    except Exception as error:
        if is_transient(error):
            raise
        raise BatchFailed from error


async def _set_aside(
    connection: AsyncConnection, tables: ConsumerTables, name: str, incoming: Incoming, verdict: Verdict
) -> None:
    if verdict is Verdict.DUPLICATE:
        return
    reason = incoming.reason or Reason.WAITING
    if verdict is Verdict.FORK:
        reason = Reason.FORK
        FORKS.labels(name).inc()
        log.critical(
            "fork: two events claim one version", consumer=name, subject=incoming.subject, version=incoming.version
        )
    await park(connection, tables, name, incoming, reason, incoming.error)
