"""Accounts of people. Routes that answer a password keep no stored answer: the password is told once."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import SecretStr

from services.directory.commands import accounts as commands
from services.directory.passwords import HashedPassword
from services.directory.permissions import MANAGE_ACCOUNTS
from services.directory.queries import get_account, list_accounts
from services.directory.schemas.accounts import AccountOut, AccountWithPassword, DutiesIn, NewAccount, NewPassword
from shared.web import Caller, IfMatch, Page, Paged, Reader, Reading, Work, etag, once_per_key, whoever_may

router = APIRouter(prefix="/accounts", tags=["accounts"])
Allowed = Annotated[None, whoever_may(MANAGE_ACCOUNTS)]


async def _new_account(request: Request, _allowed: Allowed, body: NewAccount) -> tuple[NewAccount, HashedPassword]:
    return body, await _hashed(request, body.password)


async def _new_password(request: Request, _allowed: Allowed, body: NewPassword | None = None) -> HashedPassword:
    return await _hashed(request, body.password if body else None)


async def _hashed(request: Request, chosen: SecretStr | None) -> HashedPassword:
    """Before the transaction begins: hashing takes some 50 ms, or a second behind others."""
    password: HashedPassword = await request.app.state.passwords.renew(chosen.get_secret_value() if chosen else None)
    return password


@router.get("")
async def list_people(caller: Reader, view: Reading, paging: Paged) -> Page[AccountOut]:
    """Accounts of people by name."""
    caller.must(MANAGE_ACCOUNTS)
    accounts = await list_accounts(view.connection, paging, machines=False)
    return paging.page(accounts, AccountOut.of, lambda account: [account.username])


@router.post("", status_code=201)
async def create_account(
    sent: Annotated[tuple[NewAccount, HashedPassword], Depends(_new_account)], caller: Caller, work: Work
) -> AccountWithPassword:
    """Create an account. A name is used once, so trying again is safe: 409 says that it exists."""
    body, password = sent
    issued = await commands.create_account(work, caller, body.username, body.display_name, body.duties(), password)
    return _with_password(issued)


@router.get("/{name}")
async def get_person(caller: Reader, view: Reading, response: Response, name: str) -> AccountOut:
    caller.must(MANAGE_ACCOUNTS)
    account = await get_account(view.connection, name)
    response.headers["ETag"] = etag(account.version)
    return AccountOut.of(account)


@router.put("/{name}/duties")
async def change_duties(
    name: str, body: DutiesIn, caller: Caller, work: Work, response: Response, expected: IfMatch
) -> AccountOut:
    """Give an account other roles, another unit or other plans. Its present tokens are refused from then on."""
    account = await commands.change_duties(work, caller, name, body.duties(), expected)
    response.headers["ETag"] = etag(account.version)
    return AccountOut.of(account)


@router.post("/{name}/disable")
@once_per_key
async def disable_account(name: str, caller: Caller, work: Work) -> AccountOut:
    """End all sessions of an account and refuse new ones."""
    return AccountOut.of(await commands.disable(work, caller, MANAGE_ACCOUNTS, name))


@router.post("/{name}/enable")
@once_per_key
async def enable_account(name: str, caller: Caller, work: Work) -> AccountOut:
    """Let a disabled account sign in again."""
    return AccountOut.of(await commands.enable(work, caller, MANAGE_ACCOUNTS, name))


@router.post("/{name}/reset-password")
async def reset_password(
    password: Annotated[HashedPassword, Depends(_new_password)], name: str, caller: Caller, work: Work
) -> AccountWithPassword:
    """Set or generate another password and end all sessions."""
    return _with_password(await commands.reset_password(work, caller, name, password))


def _with_password(issued: commands.Issued) -> AccountWithPassword:
    return AccountWithPassword(**AccountOut.of(issued.account).model_dump(), password=issued.secret)
