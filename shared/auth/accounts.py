"""The accounts as a service knows them from the directory's events."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Table, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field, SQLModel

from shared.auth.actor import Actor
from shared.db.columns import JsonText
from shared.db.prepared import Prepared
from shared.errors import Unavailable


class KnownAccount(SQLModel):
    """Columns of a projected table of accounts: `class Account(KnownAccount, TaskTable, table=True)`."""

    subject: str = Field(primary_key=True, max_length=120)
    part: str = Field(default="", primary_key=True, max_length=40)
    version: int
    account: UUID = Field(unique=True)
    username: str = Field(index=True, max_length=63)
    roles: list[str] = Field(sa_type=JsonText)
    unit: str | None = Field(default=None, index=True, max_length=63)
    districts: list[str] = Field(sa_type=JsonText)
    plans: list[str] = Field(sa_type=JsonText)
    auth_epoch: int
    active: bool


class AccountFacts(Protocol):
    """What the directory's events say of an account; `contracts.directory.AccountState` has this shape."""

    @property
    def account(self) -> UUID: ...
    @property
    def username(self) -> str: ...
    @property
    def roles(self) -> Iterable[str]: ...
    @property
    def unit(self) -> str | None: ...
    @property
    def districts(self) -> Iterable[str]: ...
    @property
    def plans(self) -> Iterable[str]: ...
    @property
    def auth_epoch(self) -> int: ...
    @property
    def active(self) -> bool: ...


def know_account(event: AccountFacts) -> dict[str, Any]:
    """The columns of KnownAccount after an event; each carries the whole state, so only the latest counts."""
    return {
        "account": event.account,
        "username": event.username,
        "roles": [str(role) for role in event.roles],
        "unit": event.unit,
        "districts": list(event.districts),
        "plans": list(event.plans),
        "auth_epoch": event.auth_epoch,
        "active": event.active,
    }


class ActorSource(Protocol):
    """How a service finds the caller behind a token."""

    async def find(self, connection: AsyncConnection, account_id: UUID, epoch: int) -> Actor | None:
        """None where the account is unknown or inactive, or the token's epoch is lower than the account's.

        Raises Unavailable where it is higher: what ended the older tokens has not been heard here yet.
        """
        ...


class KnownAccounts:
    """The actors in a service's own table of accounts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def find(self, connection: AsyncConnection, account_id: UUID, epoch: int) -> Actor | None:
        return await find_actor(connection, self._table, account_id, epoch)


async def find_actor(connection: AsyncConnection, table: Table, account_id: UUID, epoch: int) -> Actor | None:
    """The active account with its present roles; None where it is unknown, inactive or has moved past `epoch`.

    Raises Unavailable where `epoch` is ahead: the roles in the table are those of before, and may have been taken away.
    """
    row = await _by_account(table).find_row(connection, {"account": account_id})
    if row is not None and epoch > row["auth_epoch"]:
        raise Unavailable
    if row is None or not row["active"] or epoch < row["auth_epoch"]:
        return None
    return _actor(account_id, row)


def _actor(account_id: UUID, row: dict[str, Any]) -> Actor:
    return Actor(
        account_id=account_id,
        account=row["username"],
        roles=frozenset(row["roles"]),
        unit=row["unit"],
        districts=frozenset(row["districts"]),
        plans=frozenset(row["plans"]),
    )


@lru_cache(maxsize=32)
def _by_account(table: Table) -> Prepared:
    c = table.c
    columns = (c.username, c.roles, c.unit, c.districts, c.plans, c.auth_epoch, c.active)
    return Prepared(select(*columns).where(c.account == bindparam("account", type_=c.account.type)))
