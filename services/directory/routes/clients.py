"""Machine clients. Routes that answer a secret keep no stored answer: the secret is told once."""

from fastapi import APIRouter

from services.directory.commands import accounts as commands
from services.directory.permissions import MANAGE_CLIENTS
from services.directory.queries import list_accounts
from services.directory.schemas.accounts import AccountOut, ClientWithSecret, NewClient
from shared.web import Caller, Page, Paged, Reader, Reading, Work, once_per_key

router = APIRouter(prefix="/clients", tags=["accounts"])


@router.get("")
async def list_clients(caller: Reader, view: Reading, paging: Paged) -> Page[AccountOut]:
    """Machine clients by name."""
    caller.must(MANAGE_CLIENTS)
    accounts = await list_accounts(view.connection, paging, machines=True)
    return paging.page(accounts, AccountOut.of, lambda account: [account.username])


@router.post("", status_code=201)
async def create_client(body: NewClient, caller: Caller, work: Work) -> ClientWithSecret:
    """Create a machine client and its secret. A name is used once, so trying again is safe: 409 says that it exists."""
    issued = await commands.create_client(work, caller, body.client_id, body.display_name, body.duties())
    return _with_secret(issued)


@router.post("/{name}/renew-secret")
async def renew_secret(name: str, caller: Caller, work: Work) -> ClientWithSecret:
    """Replace a client's secret; the old one and its tokens are refused at once."""
    return _with_secret(await commands.renew_secret(work, caller, name))


@router.post("/{name}/disable")
@once_per_key
async def disable_client(name: str, caller: Caller, work: Work) -> AccountOut:
    return AccountOut.of(await commands.disable(work, caller, MANAGE_CLIENTS, name))


@router.post("/{name}/enable")
@once_per_key
async def enable_client(name: str, caller: Caller, work: Work) -> AccountOut:
    return AccountOut.of(await commands.enable(work, caller, MANAGE_CLIENTS, name))


def _with_secret(issued: commands.Issued) -> ClientWithSecret:
    return ClientWithSecret(**AccountOut.of(issued.account).model_dump(), client_secret=issued.secret or "")
