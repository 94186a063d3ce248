"""The checker finds what it is there to find: each damage to a copy of a healthy system's data breaks its invariant."""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.bus.open import open_bus
from tests.faults.conftest import Arena
from tests.faults.invariants import Finding, check, same_after_rebuild
from tests.faults.load import Command
from tests.faults.systems import EmbeddedSystem

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]

A_SUBMISSION = "type = 'report.submitted' AND seq = (SELECT max(seq) FROM event_log WHERE type = 'report.submitted')"
ITS_ID = f"(SELECT event_id FROM event_log WHERE {A_SUBMISSION})"
THE_LAST = "rowid = (SELECT max(rowid) FROM log)"
OF_THE_BOARD = "consumer = 'reporting.board'"
ONE_BOARD_STATE = f"{OF_THE_BOARD} AND subject = (SELECT min(subject) FROM key_state WHERE {OF_THE_BOARD})"


@pytest.fixture(scope="module")
def healthy(embedded_arena: Arena) -> Iterator[Path]:
    """The data of a system that has worked, come to rest, and ended."""
    with embedded_arena.load() as load:
        load.until_acked(20)
    embedded_arena.settle()
    (process,) = embedded_arena.system.processes.values()
    process.stop()
    yield embedded_arena.system.folder
    embedded_arena.system.start_again(process)


@pytest.fixture
def copied(healthy: Path, tmp_path: Path) -> Path:
    for database in healthy.glob("*.db*"):
        shutil.copy(database, tmp_path)
    return tmp_path


def damage(folder: Path, service: str, statement: str) -> None:
    """As a bug or a hand could: past the rules that protect the log."""
    database = sqlite3.connect(folder / f"{service}.db")
    with database:
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {trigger}")
        assert database.execute(statement).rowcount > 0, "nothing was damaged"
    database.close()


def look(folder: Path, arena: Arena, without: Command | None = None, extra: Command | None = None) -> list[Finding]:
    """Check a copy against the ledger, from which a command may be missing or in which one too many may be."""

    async def checked() -> list[Finding]:
        system = EmbeddedSystem(folder)
        bus = open_bus(system.bus_url)
        await bus.start()
        services = system.services(bus)
        sent = [command for command in arena.ledger.sent() if command != without]
        try:
            return await check(services, bus, arena.ledger.acked() + ([extra] if extra else []), sent)
        finally:
            for service in services:
                await service.database.close()
            await bus.stop()

    return asyncio.run(checked())


def test_healthy_data_gives_no_finding(copied: Path, embedded_arena: Arena) -> None:
    assert look(copied, embedded_arena) == []


@pytest.mark.parametrize(
    ("invariant", "service", "statement"),
    [
        ("I1", "task", "UPDATE reports SET state = 'accepted' WHERE state = 'submitted'"),
        ("I1", "task", "UPDATE reports SET revision = revision + 1 WHERE state = 'submitted'"),
        ("I1", "task", "UPDATE reports SET revision = 1 WHERE version = 0"),
        ("I2", "task", f"DELETE FROM event_log WHERE {A_SUBMISSION}"),
        ("I2", "task", f"DELETE FROM published WHERE event_id = {ITS_ID}"),
        ("I4", "reporting", f"UPDATE key_state SET last_version = last_version - 1 WHERE {ONE_BOARD_STATE}"),
        (
            "I4",
            "reporting",
            f"UPDATE key_state SET last_event_id = '00000000000000000000000000000000' WHERE {ONE_BOARD_STATE}",
        ),
        ("I4", "reporting", f"DELETE FROM key_state WHERE {ONE_BOARD_STATE}"),
        ("I5", "reporting", f"UPDATE key_state SET held = 'gap' WHERE {ONE_BOARD_STATE}"),
        ("I5", "task", "UPDATE published SET position = position + 100000 WHERE position = 3"),
        ("I5", "bus", f"UPDATE log SET value = (SELECT value FROM log ORDER BY rowid LIMIT 1) WHERE {THE_LAST}"),
        ("I9", "task", "INSERT INTO outbox SELECT seq, event_id FROM event_log ORDER BY seq DESC LIMIT 1"),
        ("I9", "reporting", "UPDATE consumer_offset SET next_offset = next_offset - 1 WHERE next_offset > 0"),
        (
            "I10",
            "task",
            f"UPDATE event_log SET payload = CAST(replace(payload, '稿', '搞') AS BLOB) WHERE {A_SUBMISSION}",
        ),
        ("I10", "task", f"UPDATE event_log SET payload = CAST(payload AS TEXT) WHERE {A_SUBMISSION}"),
        ("I10", "task", "UPDATE assignments SET head = zeroblob(32) WHERE id = (SELECT min(id) FROM assignments)"),
        ("I10", "directory", "DELETE FROM event_log WHERE seq = (SELECT max(seq) FROM event_log)"),
    ],
)
def test_damage_is_found(copied: Path, embedded_arena: Arena, invariant: str, service: str, statement: str) -> None:
    damage(copied, service, statement)
    assert invariant in {finding.invariant for finding in look(copied, embedded_arena)}


def test_an_acknowledged_command_without_an_event_is_found(copied: Path, embedded_arena: Arena) -> None:
    (finding,) = look(copied, embedded_arena, extra=Command("1", "futian", "submit", 999))
    assert finding.invariant == "I2"


def test_an_event_without_a_command_is_found(copied: Path, embedded_arena: Arena) -> None:
    command = embedded_arena.ledger.acked()[-1]
    (finding,) = look(copied, embedded_arena, without=command)
    assert finding.invariant == "I3"


def test_an_event_of_the_bus_that_no_log_holds_is_found(copied: Path, embedded_arena: Arena) -> None:
    damage(copied, "task", f"DELETE FROM event_log WHERE {A_SUBMISSION}")
    assert "I3" in {finding.invariant for finding in look(copied, embedded_arena)}


def test_a_rebuild_that_differs_from_the_live_rows_is_found() -> None:
    answer = {"projection": "reporting.board", "hash": "a", "replaced_hash": "b", "same": False}
    assert [finding.invariant for finding in same_after_rebuild([answer, answer | {"same": True}])] == ["I8"]
