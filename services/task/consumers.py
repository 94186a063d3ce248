"""What task subscribes to: units, groups and accounts, kept as read models of its own."""

from contracts.directory import (
    AccountChanged,
    AccountRegistered,
    AccountState,
    GroupState,
    UnitChanged,
    UnitGroupChanged,
    UnitGroupDefined,
    UnitRegistered,
    UnitState,
)
from services.task.models import Account, groups, units
from shared.auth.accounts import know_account
from shared.consumer import Projection, Row
from shared.db import table_of
from shared.events import Recorded
from shared.events.topics import topic_of

directory = Projection("task.directory", topics=[topic_of("directory")])
known_units = directory.table(units)
known_groups = directory.table(groups)
known_accounts = directory.table(table_of(Account))


@known_units.on(UnitRegistered, UnitChanged)
def know_unit(row: Row, event: Recorded[UnitState]) -> Row:
    unit = event.data
    names = {"name": unit.name, "name_en": unit.name_en, "short_name": unit.short_name, "aliases": list(unit.aliases)}
    return row.with_(unit=unit.unit, kind=unit.kind, relation=unit.relation, **names)


@known_groups.on(UnitGroupDefined, UnitGroupChanged)
def know_group(row: Row, event: Recorded[GroupState]) -> Row:
    return row.with_(group=event.data.group, name=event.data.name, members=list(event.data.members))


@known_accounts.on(AccountRegistered, AccountChanged)
def know_who_may_act(row: Row, event: Recorded[AccountState]) -> Row:
    return row.with_(**know_account(event.data))


CONSUMERS = (directory,)
