"""Accounts of people. Routes that answer a password keep no stored answer: the password is told once."""

from fastapi import APIRouter, Request, Response
from pydantic import SecretStr

from services.directory.commands import accounts as commands
from services.directory.permissions import MANAGE_ACCOUNTS
from services.directory.queries import get_account, list_accounts
from services.directory.schemas.accounts import AccountOut, AccountWithPassword, DutiesIn, NewAccount, NewPassword
from shared.web import Caller, IfMatch, Page, Paged, Reader, Reading, Work, etag, once_per_key

router = APIRouter(prefix="/accounts", tags=["accounts"])


@router.get("")
async def list_people(caller: Reader, view: Reading, paging: Paged) -> Page[AccountOut]:
    """Accounts of people by name."""
    caller.must(MANAGE_ACCOUNTS)
    accounts = await list_accounts(view.connection, paging, machines=False)
    return paging.page(accounts, AccountOut.of, lambda account: [account.username])


@router.post("", status_code=201)
async def create_account(request: Request, body: NewAccount, caller: Caller, work: Work) -> AccountWithPassword:
    """Create an account. A name is used once, so trying again is safe: 409 says that it exists."""
    issued = await commands.create_account(
        work,
        caller,
        request.app.state.passwords,
        body.username,
        body.display_name,
        body.duties(),
        _chosen(body.password),
    )
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
    request: Request, name: str, caller: Caller, work: Work, body: NewPassword | None = None
) -> AccountWithPassword:
    """Set or generate another password and end all sessions."""
    passwords = request.app.state.passwords
    return _with_password(
        await commands.reset_password(work, caller, passwords, name, _chosen(body.password if body else None))
    )


def _chosen(password: SecretStr | None) -> str | None:
    return password.get_secret_value() if password else None


def _with_password(issued: commands.Issued) -> AccountWithPassword:
    return AccountWithPassword(**AccountOut.of(issued.account).model_dump(), password=issued.secret)
