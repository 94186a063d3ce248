"""Every SELECT of directory: get_ raises, find_ may be None, list_ pages."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Text, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.names import Role
from services.directory.errors import AccountNotFound, GroupNotFound, UnitNotFound
from services.directory.models import Account, Name, Unit, UnitGroup
from shared.auth import Actor
from shared.db import table_of
from shared.db.bulk import rows_in
from shared.event_log import Aggregate, loaded
from shared.paging import Paging

A = TypeVar("A", bound=Aggregate)


UNITS, GROUPS, ACCOUNTS, NAMES = table_of(Unit), table_of(UnitGroup), table_of(Account), table_of(Name)


async def find_unit(connection: AsyncConnection, key: str, *, lock: bool = False) -> Unit | None:
    return await _find(connection, Unit, key, lock=lock)


async def find_group(connection: AsyncConnection, key: str, *, lock: bool = False) -> UnitGroup | None:
    return await _find(connection, UnitGroup, key, lock=lock)


async def get_unit(connection: AsyncConnection, called: str) -> Unit:
    """The unit with this key, or with this name, alias, short name or credit code."""
    unit = await find_unit(connection, called)
    if unit is None:
        key = await _find_key(connection, Unit.noun, called)
        unit = await find_unit(connection, key) if key else None
    if unit is None:
        raise UnitNotFound(unit=called)
    return unit


async def get_group(connection: AsyncConnection, called: str) -> UnitGroup:
    """The group with this key or name."""
    group = await find_group(connection, called)
    if group is None:
        key = await _find_key(connection, UnitGroup.noun, called)
        group = await find_group(connection, key) if key else None
    if group is None:
        raise GroupNotFound(group=called)
    return group


async def list_units(connection: AsyncConnection, paging: Paging, kind: str | None, relation: str | None) -> list[Unit]:
    wanted = {"kind": kind, "relation": relation}
    filters = [UNITS.c[column] == value for column, value in wanted.items() if value is not None]
    return await _page(connection, Unit, UNITS.c.key, paging, filters)


async def list_groups(connection: AsyncConnection, paging: Paging) -> list[UnitGroup]:
    return await _page(connection, UnitGroup, GROUPS.c.key, paging, [])


async def load_units(connection: AsyncConnection, keys: Iterable[str]) -> dict[str, Unit]:
    return {row["key"]: loaded(Unit, row) for row in await rows_in(connection, UNITS, "key", keys)}


async def load_groups(connection: AsyncConnection, keys: Iterable[str]) -> dict[str, UnitGroup]:
    return {row["key"]: loaded(UnitGroup, row) for row in await rows_in(connection, GROUPS, "key", keys)}


async def load_parents(connection: AsyncConnection) -> dict[str, str | None]:
    """Every unit and its parent."""
    rows = await connection.execute(select(UNITS.c.key, UNITS.c.parent))
    return {row.key: row.parent for row in rows}


async def owners_of(connection: AsyncConnection, names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Noun and key of what these names already stand for."""
    return {row["name"]: (row["noun"], row["key"]) for row in await rows_in(connection, NAMES, "name", names)}


async def unknown_units(connection: AsyncConnection, keys: Sequence[str]) -> list[str]:
    known = await load_units(connection, set(keys))
    return [key for key in keys if key not in known]


async def find_account(connection: AsyncConnection, username: str, *, lock: bool = False) -> Account | None:
    statement = select(ACCOUNTS).where(ACCOUNTS.c.username == username)
    row = (await connection.execute(statement.with_for_update() if lock else statement)).mappings().one_or_none()
    return loaded(Account, row) if row else None


async def find_account_by_id(connection: AsyncConnection, account_id: UUID) -> Account | None:
    row = (await connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.id == account_id))).mappings().one_or_none()
    return loaded(Account, row) if row else None


async def get_account(connection: AsyncConnection, username: str, *, lock: bool = False) -> Account:
    account = await find_account(connection, username, lock=lock)
    if account is None:
        raise AccountNotFound(account=username)
    return account


async def list_accounts(connection: AsyncConnection, paging: Paging, *, machines: bool) -> list[Account]:
    is_machine = ACCOUNTS.c.secret_digest.is_not(None)
    return await _page(connection, Account, ACCOUNTS.c.username, paging, [is_machine if machines else ~is_machine])


async def other_admins(connection: AsyncConnection, account: Account) -> int:
    """How many active administrators there are besides this account."""
    administers = type_coerce(ACCOUNTS.c.roles, Text).contains(f'"{Role.ADMIN}"')
    among = ACCOUNTS.c.active & (ACCOUNTS.c.id != account.id) & administers
    return int((await connection.execute(select(func.count()).where(among))).scalar_one())


class OwnAccounts:
    """Directory finds callers in its own accounts; see `shared.auth.ActorSource`."""

    async def find(self, connection: AsyncConnection, account_id: UUID, epoch: int) -> Actor | None:
        account = await find_account_by_id(connection, account_id)
        if account is None or not account.active or epoch != account.auth_epoch:
            return None
        return Actor(
            account_id=account.id,
            account=account.username,
            roles=frozenset(account.roles),
            unit=account.unit,
            districts=frozenset(account.districts),
            plans=frozenset(account.plans),
        )


async def _find(connection: AsyncConnection, cls: type[A], key: str, *, lock: bool) -> A | None:
    table = table_of(cls)
    statement = select(table).where(table.c.key == key)
    row = (await connection.execute(statement.with_for_update() if lock else statement)).mappings().one_or_none()
    return loaded(cls, row) if row else None


async def _find_key(connection: AsyncConnection, noun: str, called: str) -> str | None:
    named = select(NAMES.c.key).where(NAMES.c.name == called, NAMES.c.noun == noun)
    return (await connection.execute(named)).scalar_one_or_none()


async def _page(
    connection: AsyncConnection, cls: type[A], column: Any, paging: Paging, filters: Iterable[Any]
) -> list[A]:
    """In the order of a unique column."""
    statement = select(table_of(cls)).where(*filters).order_by(column).limit(paging.fetch)
    if after := paging.key(str):
        statement = statement.where(column > after[0])
    return [loaded(cls, row) for row in (await connection.execute(statement)).mappings()]
