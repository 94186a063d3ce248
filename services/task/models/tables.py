"""The metadata of task's database and its read models of directory."""

from sqlalchemy import Column, MetaData, String, Table
from sqlmodel import SQLModel

from shared.auth.accounts import KnownAccount
from shared.clock import clock_table
from shared.consumer import ConsumerTables
from shared.consumer.projection import current_columns
from shared.db.columns import JsonText
from shared.db.naming import NAMING
from shared.event_log import EventLogTables


class TaskTable(SQLModel):
    """Base of task's tables; services never share a MetaData."""

    metadata = MetaData(naming_convention=NAMING)


class Account(KnownAccount, TaskTable, table=True):
    """Who may act, from directory's events."""

    __tablename__ = "accounts"


EVENT_LOG = EventLogTables(TaskTable.metadata)
CONSUMING = ConsumerTables(TaskTable.metadata)
CLOCK = clock_table(TaskTable.metadata)

units = Table(
    "units",
    TaskTable.metadata,
    *current_columns(),
    Column("unit", String(63), nullable=False, unique=True),
    Column("name", String(120), nullable=False),
    Column("name_en", String(200), nullable=False),
    Column("short_name", String(200), nullable=False),
    Column("aliases", JsonText, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("relation", String(20), nullable=False),
)
groups = Table(
    "unit_groups",
    TaskTable.metadata,
    *current_columns(),
    Column("group", String(63), nullable=False, unique=True),
    Column("name", String(120), nullable=False),
    Column("members", JsonText, nullable=False),
)
