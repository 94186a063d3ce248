"""What routes ask for: a unit of work or a view, the caller, a precondition.

`Work` and `Reading` verify the token before they begin a transaction, so nobody unknown ever holds a connection; the
caller is then read in that transaction. `Work` commits before the answer is sent: with `scope="function"` the framework
leaves the dependency first, and a failing commit becomes the answer.
"""

import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.auth import Actor, Permission, Proof
from shared.errors import AppError, NotAuthenticated, Text
from shared.event_log.work import Cause, UnitOfWork
from shared.runtime import Service, View
from shared.web.language import Language, preferred

ETAG = re.compile(r'(?:W/)?"(\d{1,9})"')  # a proxy may have weakened it; the number means the same


class MalformedIfMatch(AppError):
    code, status = "malformed-if-match", 400
    title = Text("If-Match 格式有误", "Malformed If-Match")
    detail = Text('If-Match 应为带引号的版本号，如 "2"。', 'If-Match holds a version number in quotes, such as "2".')


def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


DryRun = Annotated[bool, Query(description="Do everything, answer the result, then undo it.")]


async def _work(request: Request, response: Response, dry_run: DryRun = False) -> AsyncIterator[UnitOfWork]:
    proof = await _verified(request)
    if dry_run:
        response.headers["Dry-Run"] = "true"
    with suppress(_Rehearsed):
        async with service_of(request).write(cause_of(request, proof)) as work:
            yield work
            if dry_run:
                raise _Rehearsed


class _Rehearsed(Exception):
    """Ends a dry run's transaction."""


async def _view(request: Request) -> AsyncIterator[View]:
    await _verified(request)
    async with service_of(request).read() as view:
        yield view


async def _verified(request: Request) -> Proof:
    """What the bearer token proves, also kept for the caller. Raises NotAuthenticated without one or for a bad one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise NotAuthenticated
    proof: Proof = await request.app.state.verifier.verify(token.strip())
    request.scope["duban.proof"] = proof
    return proof


Verified = Annotated[Proof, Depends(_verified)]
"""For a dependency that works on a body before the transaction begins: nobody's body is read."""
Work = Annotated[UnitOfWork, Depends(_work, scope="function")]
"""One transaction for a command, committed before the answer is sent; undone with `?dry_run=true`."""
Reading = Annotated[View, Depends(_view, scope="function")]
"""A consistent view for a query."""


async def _caller(request: Request, work: Work) -> Actor:
    return await actor_in(request, work.connection)


async def _reader(request: Request, view: Reading) -> Actor:
    return await actor_in(request, view.connection)


async def actor_in(request: Request, connection: AsyncConnection) -> Actor:
    """Who calls, once the token is verified. Raises NotAuthenticated."""
    proof: Proof = request.scope["duban.proof"]
    actor: Actor | None = await service_of(request).actors.find(connection, proof.account_id, proof.epoch)
    if actor is None:
        raise NotAuthenticated
    return actor


Caller = Annotated[Actor, Depends(_caller)]
"""Who calls a route that changes something; read in its `Work`."""
Reader = Annotated[Actor, Depends(_reader)]
"""Who calls a route that only reads; read in its `Reading`."""
SIGNED_IN = Depends(_reader)
"""For the `dependencies` of a route that any account may read and that does not ask which."""


def whoever_may(permission: Permission) -> Any:
    """For a dependency that takes long over what was sent: it refuses others before, in a short view of its own.

    The route's `Caller` and `Work` come after it, so that the transaction begins when only the command is left to do.
    """

    async def check(request: Request, _proof: Verified) -> None:
        async with service_of(request).read() as view:
            (await actor_in(request, view.connection)).must(permission)

    return Depends(check)


AUTHENTICATES = frozenset({_caller, _reader})


def cause_of(request: Request, proof: Proof) -> Cause:
    """Why a request changes something, for its events."""
    return Cause(
        actor=proof.username,
        correlation_id=request.scope["duban.request_id"],
        traceparent=request.scope["duban.traceparent"],
    )


async def _if_match(request: Request) -> int | None:
    value = request.headers.get("if-match")
    if value is None:
        return None
    version = ETAG.fullmatch(value.strip())
    if version is None:
        raise MalformedIfMatch
    return int(version[1])


IfMatch = Annotated[int | None, Depends(_if_match)]
"""The version that the caller last saw; None where it did not say."""


def etag(version: int) -> str:
    return f'"{version}"'


async def _language(request: Request) -> Language:
    return preferred(request.headers.get("accept-language", ""))


CallersLanguage = Annotated[Language, Depends(_language)]
