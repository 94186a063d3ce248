"""The invariants that must hold after every fault, checked over all databases, the bus and the ledger of the senders.

I1 an aggregate's state is what its events say. I2 what was acknowledged is in the log. I3 nothing else is. I4 and I5 each
consumer has applied each event once and in order. I8 a rebuild gives the live rows. I9 nothing is left on its way.
I10 the chains verify. (I6 and I7 concern poison events: tests/shared; I11 concerns mail: tests/notification.)
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Row, func, select

from services.task.models.report import Report
from shared.bus import Bus, Record
from shared.consumer.standing import count_parked, read_offsets
from shared.db import table_of
from shared.event_log.verify import verify_chains
from shared.events.cloudevents import decode
from shared.events.topics import topic_of
from shared.ids import new_id
from shared.runtime import Service
from tests.faults.load import PLAN, Command

Subject = str
REPORT = table_of(Report)
REPORT_STATES = {"report.submitted": "submitted", "report.returned": "returned", "report.accepted": "accepted"}
VERBS = {"assignment.acknowledged": "acknowledge", "report.submitted": "submit", "report.returned": "return"}


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant that does not hold, and where."""

    invariant: str
    says: str


@dataclass(frozen=True, slots=True)
class Logged:
    """What a service's log says it has published."""

    service: str
    rows: Sequence[Row[Any]]

    def by_subject(self) -> Mapping[Subject, list[Row[Any]]]:
        found: dict[Subject, list[Row[Any]]] = defaultdict(list)
        for row in self.rows:
            found[row.subject].append(row)
        return found


async def check(
    services: Sequence[Service], bus: Bus, acked: Iterable[Command], sent: Iterable[Command]
) -> list[Finding]:
    """Everything but I8, which the system itself must answer. The system may run, but nobody may work on it."""
    logs = {service.name: await _logged(service) for service in services}
    findings: list[Finding] = []
    for service in services:
        findings += await _chains(service)
        findings += await _nothing_left(service)
        findings += await _outbox_and_positions(service, logs[service.name])
        findings += await _on_the_bus(bus, logs[service.name])
        findings += await _applied(service, logs)
    (task,) = (service for service in services if service.name == "task")
    findings += await _states_follow_events(task, logs["task"])
    findings += _commands_and_events(logs["task"], Counter(acked), Counter(sent))
    return findings


def same_after_rebuild(answers: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """I8, from what the rebuild of each projection answered."""
    return [
        Finding("I8", f"{answer['projection']}: rebuilt {answer['hash']} is not live {answer['replaced_hash']}")
        for answer in answers
        if not answer["same"]
    ]


async def _logged(service: Service) -> Logged:
    async with service.database.read() as connection:
        return Logged(service.name, (await connection.execute(service.tables.log.select().order_by("seq"))).all())


async def _chains(service: Service) -> list[Finding]:
    async with service.database.read() as connection:
        broken = (await verify_chains(connection, service.tables, dict(service.aggregates))).broken
    return [Finding("I10", f"{service.name}: {fault.subject} v{fault.version} {fault.problem}") for fault in broken]


async def _nothing_left(service: Service) -> list[Finding]:
    left = await service.work_left()
    left.pop("deliveries", None)  # a notice for a role that nobody has yet is looked at again and again, by system time
    left = {kind: count for kind, count in left.items() if count}
    async with service.database.read() as connection:
        parked = await count_parked(connection, service.consuming)
    return [Finding("I9", f"{service.name}: {kind} {count}") for kind, count in (*left.items(), *parked.items())]


async def _outbox_and_positions(service: Service, logged: Logged) -> list[Finding]:
    """Each event was sent and has one position; positions have no hole."""
    published = service.tables.published
    async with service.database.read() as connection:
        rows = (await connection.execute(select(published).order_by(published.c.position))).all()
    findings = []
    if [row.position for row in rows] != list(range(1, len(rows) + 1)):
        findings.append(Finding("I5", f"{service.name}: positions have holes"))
    if {row.event_id for row in rows} != {row.event_id for row in logged.rows}:
        findings.append(Finding("I2", f"{service.name}: what was published is not what was logged"))
    return findings


async def _on_the_bus(bus: Bus, logged: Logged) -> list[Finding]:
    """The bus holds each event of the log and no other, those of a subject first in their order."""
    firsts: dict[Subject, list[int]] = defaultdict(list)
    known = {str(row.event_id) for row in logged.rows}
    seen: set[str] = set()
    findings = []
    for record in await read_topic(bus, topic_of(logged.service)):
        envelope = decode(record.headers, record.value)
        if str(envelope.id) not in known:
            findings.append(
                Finding("I3", f"the bus holds {envelope.subject} v{envelope.aggregate_version}, no log does")
            )
        elif str(envelope.id) not in seen:
            seen.add(str(envelope.id))
            firsts[envelope.subject].append(envelope.aggregate_version)
    for subject, rows in logged.by_subject().items():
        expected = [row.aggregate_version for row in rows]
        if firsts[subject] != expected:
            findings.append(Finding("I5", f"the bus holds {subject} as {firsts[subject]} instead of {expected}"))
    return findings


async def read_topic(bus: Bus, topic: str) -> list[Record]:
    """Every record, in the order of each partition."""
    ends = {place: end for place, end in (await bus.end_offsets([topic])).items() if end}
    if not ends:
        return []
    reader = await bus.subscribe(f"test.{new_id()}", [topic])
    records: list[Record] = []
    epoch, sought = -1, 0
    while len(records) < sum(ends.values()):
        if reader.epoch != epoch:
            assert sought == 0, "the group changed while it was being read"
            epoch, sought = reader.epoch, len(reader.assignment())
            for place in reader.assignment():
                await reader.seek(place, 0)
        for found in (await reader.fetch(5000, 1.0)).values():
            records += found
    await reader.close()
    return records


async def _applied(service: Service, logs: Mapping[str, Logged]) -> list[Finding]:
    """Each consumer stands at the last event of every subject of its topics, and at the end of each partition."""
    findings = []
    by_topic = {topic_of(name): logged for name, logged in logs.items()}
    for consumer in service.consumers:
        expected = {
            subject: (rows[-1].aggregate_version, rows[-1].event_id)
            for topic in consumer.topics
            for subject, rows in by_topic[topic].by_subject().items()
        }
        state = service.consuming.key_state
        async with service.database.read() as connection:
            rows = (await connection.execute(state.select().where(state.c.consumer == consumer.name))).all()
            offsets = await read_offsets(connection, service.consuming, consumer.name)
        stands = {row.subject: (row.last_version, row.last_event_id) for row in rows}
        findings += [
            Finding(
                "I4",
                f"{consumer.name} stands at {stands.get(subject)} of {subject}, its log at {expected.get(subject)}",
            )
            for subject in stands.keys() | expected.keys()
            if stands.get(subject) != expected.get(subject)
        ]
        findings += [Finding("I5", f"{consumer.name} holds {row.subject}: {row.held}") for row in rows if row.held]
        if offsets != await service.bus.end_offsets(consumer.topics):
            findings.append(Finding("I9", f"{consumer.name} has not read to the end"))
    return findings


async def _states_follow_events(task: Service, logged: Logged) -> list[Finding]:
    """A report's state is what its last event says, and its revision counts what was submitted."""
    async with task.database.read() as connection:
        rows = (await connection.execute(select(REPORT.c.id, REPORT.c.state, REPORT.c.revision))).all()
        orphans = (await connection.execute(_reports_without_version())).scalar_one()
    events = logged.by_subject()
    findings = [Finding("I1", f"{orphans} reports have a revision but no event")] if orphans else []
    for row in rows:
        types = [event.type for event in events.get(f"report/{row.id}", []) if event.type in REPORT_STATES]
        expected = (REPORT_STATES[types[-1]] if types else None, types.count("report.submitted"))
        if types and (row.state, row.revision) != expected:
            findings.append(Finding("I1", f"report {row.id} is {row.state} {row.revision}, its events say {expected}"))
    return findings


def _reports_without_version() -> Any:
    return select(func.count()).select_from(REPORT).where(REPORT.c.version == 0, REPORT.c.revision > 0)


def _commands_and_events(logged: Logged, acked: Counter[Command], sent: Counter[Command]) -> list[Finding]:
    """Each acknowledged command has its one event; each event that people cause has its command."""
    done: Counter[Command] = Counter()
    for row in logged.rows:
        data = orjson.loads(row.payload)
        if row.type in VERBS and data["plan"] == PLAN:
            done[Command(data["measure"], data["unit"], VERBS[row.type], data.get("revision", 0))] += 1  # type: ignore[arg-type]
    return [
        *(Finding("I2", f"{command} was acknowledged, but not logged") for command in (acked - done)),
        *(Finding("I3", f"{command} was logged, but never sent") for command in (done - sent)),
        *(Finding("I4", f"{command} was logged {times} times") for command, times in done.items() if times > 1),
    ]
