"""Reporting's tables. A history table holds every row that was ever true, from `since` until `until`.

Rows are keyed by the subject of their events and nothing else, so they are joined by plan, measure, unit and period when
they are read.
"""

from enum import StrEnum
from typing import Any

from sqlalchemy import Boolean, Column, Date, Index, Integer, MetaData, String, Table, Text
from sqlmodel import SQLModel

from shared.auth.accounts import KnownAccount
from shared.clock import clock_table
from shared.consumer import ConsumerTables
from shared.consumer.projection import history_columns
from shared.db.columns import BigId, JsonText, UtcDateTime
from shared.db.naming import NAMING
from shared.event_log import EventLogTables


class ReportingTable(SQLModel):
    """Base of reporting's tables; services never share a MetaData."""

    metadata = MetaData(naming_convention=NAMING)


class Account(KnownAccount, ReportingTable, table=True):
    """Who may read, from directory's events."""

    __tablename__ = "accounts"


def _history(name: str, *columns: Any) -> Table:
    return Table(name, ReportingTable.metadata, *history_columns(), *columns)


def _key(name: str, length: int) -> Column[str]:
    return Column(name, String(length), nullable=False)


BOARD, DIRECTORY = "reporting.board", "reporting.directory"
"""The projections whose history tables have generations, by their consumer groups."""
REBUILDABLE = (BOARD, DIRECTORY)
EVENT_LOG = EventLogTables(ReportingTable.metadata)
CONSUMING = ConsumerTables(ReportingTable.metadata)
CLOCK = clock_table(ReportingTable.metadata)

unit_history = _history(
    "unit_history",
    _key("unit", 63),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("short_name", Text, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("relation", String(20), nullable=False),
)
group_history = _history(
    "group_history",
    _key("group", 63),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("members", JsonText, nullable=False),
)
plan_history = _history(
    "plan_history",
    _key("plan", 63),
    Column("title", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("zone", String(40), nullable=False),
    Column("starts", Date, nullable=False),
    Column("ends", Date, nullable=False),
    Column("cycle", String(20), nullable=False),
    Column("first_period", String(8), nullable=False),
    Column("areas", JsonText, nullable=False),
    Column("periods", JsonText, nullable=False),
    Column("indicators", JsonText, nullable=False),
    Column("sample", Boolean, nullable=False),
    Index("plan_history_by_plan", "plan", "generation"),
)
measure_history = _history(
    "measure_history",
    _key("plan", 63),
    _key("measure", 12),
    Column("position", Integer, nullable=False),
    Column("area", String(20), nullable=False),
    Column("title", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("strength", String(20), nullable=False),
    Column("ended_on", Date),
    Index("measure_history_by_plan", "plan", "measure", "generation"),
)
assignment_history = _history(
    "assignment_history",
    _key("plan", 63),
    _key("measure", 12),
    _key("unit", 63),
    Column("unit_name", Text, nullable=False),
    Column("relation", String(20), nullable=False),
    Column("role", String(20), nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("acknowledge_due", Date, nullable=False),
    Column("acknowledged_at", UtcDateTime),
    Column("acknowledged_on_time", Boolean),
    Column("ended_on", Date),
    Index("assignment_history_by_plan", "plan", "measure", "unit", "generation"),
)
obligation_history = _history(
    "obligation_history",
    _key("plan", 63),
    _key("period", 8),
    Column("opens", Date, nullable=False),
    Column("due", Date, nullable=False),
    Column("locks", Date, nullable=False),
    Column("excused", Boolean),
    Index("obligation_history_by_period", "plan", "period", "generation"),
)
"""One row per period of an assignment: same subject, the period as its part."""
report_history = _history(
    "report_history",
    _key("plan", 63),
    _key("measure", 12),
    _key("unit", 63),
    _key("period", 8),
    Column("state", String(20), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("first_submitted_at", UtcDateTime),
    Column("submitted_at", UtcDateTime, nullable=False),
    Column("on_time", Boolean),
    Column("resubmission_late", Boolean),
    Column("resubmit_due", Date),
    Column("returns", Integer, nullable=False),
    Column("accepted_at", UtcDateTime),
    Column("self_assessment", String(20), nullable=False),
    Column("same_unit_review", Boolean, nullable=False),
    Index("report_history_by_period", "plan", "period", "measure", "unit", "generation"),
)
reading_history = _history(
    "reading_history",
    _key("plan", 63),
    _key("measure", 12),
    _key("unit", 63),
    _key("period", 8),
    _key("indicator", 63),
    Column("revision", Integer, nullable=False),
    Column("value", String(40)),
    Column("accepted", Boolean, nullable=False),
    Index("reading_history_by_plan", "plan", "indicator", "generation"),
)
"""One row per indicator that a report gives a value for: same subject, the indicator as its part."""
rebuilds = Table(
    "rebuilds",
    ReportingTable.metadata,
    Column("projection", String(80), primary_key=True),
    Column("state", String(20), nullable=False),
    Column("asked_by", String(80), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("owner", String(40)),
    Column("lease_until", UtcDateTime),
    Column("events", BigId, nullable=False),
    Column("total", BigId, nullable=False),
    Column("generation", Integer),
    Column("rows", BigId),
    Column("hash", String(64)),
    Column("replaced_hash", String(64)),
    Column("problem", JsonText),
    Column("ended_at", UtcDateTime),
)
"""The rebuild of each projection that was asked for last. A worker claims it with a lease, by system time."""


class RebuildState(StrEnum):
    ASKED = "asked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


UNDER_WAY = (RebuildState.ASKED.value, RebuildState.RUNNING.value)
