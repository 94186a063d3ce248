"""Accounts of people and machines: who they are, what they are for, and the end of old tokens when that changes."""

from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import delete

from contracts.names import Role
from services.directory.errors import AccountExists, AccountNotFound, InvalidAccount, LastAdmin
from services.directory.models import Account, Duties, RefreshToken
from services.directory.passwords import HashedPassword, make_secret
from services.directory.permissions import MANAGE_ACCOUNTS, MANAGE_CLIENTS
from services.directory.queries import find_account, get_account, other_admins, unknown_units
from shared.auth import Actor, Permission
from shared.db import table_of
from shared.errors import FieldError, Text
from shared.event_log import UnitOfWork
from shared.events import Event

NEEDS_UNIT = frozenset({Role.LIAISON, Role.UNIT_HEAD})
REFRESH_TOKENS = table_of(RefreshToken)


class Issued(NamedTuple):
    """An account and a secret that was made for it: told once and kept nowhere. None where the caller chose it."""

    account: Account
    secret: str | None


async def create_account(
    work: UnitOfWork, caller: Actor, name: str, display_name: str, duties: Duties, password: HashedPassword
) -> Issued:
    """Raises MayNot, AccountExists, InvalidAccount."""
    caller.must(MANAGE_ACCOUNTS)
    await _check_new(work, name, duties)
    account = await work.add(*Account.register(name, duties, display_name=display_name, password_hash=password.hash))
    return Issued(account, password.made)


async def create_client(work: UnitOfWork, caller: Actor, name: str, display_name: str, duties: Duties) -> Issued:
    """A machine client with a fresh secret. Raises MayNot, AccountExists, InvalidAccount."""
    caller.must(MANAGE_CLIENTS)
    await _check_new(work, name, duties)
    secret = make_secret()
    born = Account.register(name, duties, display_name=display_name, secret_digest=secret_digest(secret))
    return Issued(await work.add(*born), secret)


async def change_duties(work: UnitOfWork, caller: Actor, name: str, duties: Duties, expected: int | None) -> Account:
    """Give an account other roles, another unit or other plans; it acts on them from its next token on.

    Raises MayNot, AccountNotFound, InvalidAccount, PreconditionRequired, PreconditionFailed, LastAdmin.
    """
    account = await _load_person(work, caller, name)
    if account.already_says(duties.as_columns()):
        return account
    account.must_match(expected)
    await _check_duties(work, duties)
    if Role.ADMIN not in duties.roles:
        await _keep_one_admin(work, account)
    return await work.record(account, account.change_duties(duties))


async def disable(work: UnitOfWork, caller: Actor, permission: Permission, name: str) -> Account:
    """End an account's sessions and refuse new ones. Disabling it again changes nothing.

    Raises MayNot, AccountNotFound, LastAdmin.
    """
    account = await _load(work, caller, permission, name)
    await _keep_one_admin(work, account)
    await _end_sessions(work, account)
    return await _record(work, account, account.disable())


async def enable(work: UnitOfWork, caller: Actor, permission: Permission, name: str) -> Account:
    """Raises MayNot, AccountNotFound."""
    account = await _load(work, caller, permission, name)
    return await _record(work, account, account.enable())


async def reset_password(work: UnitOfWork, caller: Actor, name: str, password: HashedPassword) -> Issued:
    """Give a person another password and end all sessions. Raises MayNot, AccountNotFound."""
    account = await _load_person(work, caller, name)
    await _end_sessions(work, account)
    return Issued(await work.record(account, account.change_password(password.hash)), password.made)


async def renew_secret(work: UnitOfWork, caller: Actor, name: str) -> Issued:
    """Give a machine client another secret; the old one is refused at once. Raises MayNot, AccountNotFound."""
    account = await _load(work, caller, MANAGE_CLIENTS, name)
    secret = make_secret()
    return Issued(await work.record(account, account.change_secret(secret_digest(secret))), secret)


def secret_digest(secret: str) -> bytes:
    """Made secrets have 192 random bits, so a plain hash keeps them; only chosen passwords need a slow one."""
    return sha256(secret.encode()).digest()


async def _load(work: UnitOfWork, caller: Actor, permission: Permission, name: str) -> Account:
    """The account to change, which is of the kind that the permission is about."""
    caller.must(permission)
    account = await get_account(work.connection, name, lock=True)
    if account.is_machine is not (permission is MANAGE_CLIENTS):
        raise AccountNotFound(account=name)
    return account


async def _load_person(work: UnitOfWork, caller: Actor, name: str) -> Account:
    return await _load(work, caller, MANAGE_ACCOUNTS, name)


async def _record(work: UnitOfWork, account: Account, events: list[Event]) -> Account:
    return await work.record(account, events) if events else account


async def _check_new(work: UnitOfWork, name: str, duties: Duties) -> None:
    await _check_duties(work, duties)
    if await find_account(work.connection, name):
        raise AccountExists(account=name)


async def _check_duties(work: UnitOfWork, duties: Duties) -> None:
    wrong: list[FieldError] = []
    if duties.unit is None and NEEDS_UNIT.intersection(duties.roles):
        wrong.append(
            FieldError(
                "/unit", Text("联络员和单位负责人必须属于一个单位。", "A liaison or unit head belongs to a unit.")
            )
        )
    if Role.DISTRICT_COORDINATOR in duties.roles and not duties.districts:
        wrong.append(
            FieldError(
                "/districts",
                Text("区协调员必须至少负责一个区。", "A district coordinator files for at least one district."),
            )
        )
    named = [("/unit", duties.unit), *((f"/districts/{n}", key) for n, key in enumerate(duties.districts))]
    unknown = set(await unknown_units(work.connection, [key for _, key in named if key]))
    for pointer, key in named:
        if key in unknown:
            wrong.append(FieldError(pointer, Text(f"没有单位 {key}。", f"There is no unit {key}.")))
    if wrong:
        raise InvalidAccount(wrong)


async def _keep_one_admin(work: UnitOfWork, account: Account) -> None:
    if account.is_admin and not await other_admins(work.connection, account):
        raise LastAdmin(account=account.username)


async def _end_sessions(work: UnitOfWork, account: Account) -> None:
    await work.connection.execute(delete(REFRESH_TOKENS).where(REFRESH_TOKENS.c.account_id == account.id))
