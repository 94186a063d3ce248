"""Facts that directory publishes. Each carries the whole state, so that a reader needs only the latest."""

from uuid import UUID

from contracts.names import AccountName, GroupKey, Relation, Role, UnitKey, UnitKind
from shared.events import Event, event


class UnitState(Event):
    unit: UnitKey
    name: str
    name_en: str = ""
    short_name: str = ""
    kind: UnitKind
    relation: Relation
    parent: UnitKey | None = None
    """The unit that it is under. It gives that unit's people no rights yet."""
    aliases: list[str] = []
    credit_code: str = ""


@event("unit.registered", version="1.0")
class UnitRegistered(UnitState):
    """A unit entered the directory."""


@event("unit.changed", version="1.0")
class UnitChanged(UnitState):
    """A unit's names, kind, relation or parent changed; its key never does."""


class GroupState(Event):
    group: GroupKey
    name: str
    name_en: str = ""
    members: list[UnitKey]


@event("unit_group.defined", version="1.0")
class UnitGroupDefined(GroupState):
    """A name that stands for units was entered."""


@event("unit_group.changed", version="1.0")
class UnitGroupChanged(GroupState):
    """Name or members changed; plans already published keep their expansion."""


class AccountState(Event):
    """Names, phones and addresses of people stay out of events; consumers know accounts by id."""

    account: UUID
    username: AccountName
    roles: list[Role]
    unit: UnitKey | None = None
    districts: list[UnitKey] = []
    """Units that a district coordinator files for."""
    plans: list[str] = []
    """Empty: every plan."""
    auth_epoch: int
    """Tokens of an older epoch are refused."""
    active: bool = True


@event("account.registered", version="1.0")
class AccountRegistered(AccountState):
    """An account or machine client was created."""


@event("account.changed", version="1.0")
class AccountChanged(AccountState):
    """Roles, unit or state of an account changed."""
