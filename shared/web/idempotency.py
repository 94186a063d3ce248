"""Idempotency keys: a POST repeated with the same key and body has one effect and one answer.

The key is claimed in the command's own transaction, so that the key, the change and the stored answer exist together or
not at all. A second request with the key waits for the first to end, by the row on PostgreSQL and by the one writer on
SQLite.
"""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from hashlib import sha256
from typing import Annotated, Any, TypeVar, get_type_hints

from fastapi import Depends, Header, Request, Response
from pydantic import TypeAdapter
from sqlalchemy import Row, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite

from shared.auth import Actor
from shared.clock import system_now
from shared.errors import AppError, Text
from shared.event_log.work import UnitOfWork
from shared.web.dependencies import DryRun

MAX_KEY_LENGTH = 255
JSON = "application/json"
BODY_DIGEST = "duban.body_digest"
"""Where in the scope a route that streams its body elsewhere leaves what tells it from others."""
F = TypeVar("F", bound=Callable[..., Awaitable[Any]])


class KeyReused(AppError):
    code, status = "idempotency-key-reused", 422
    title = Text("Idempotency-Key 已用于其他请求", "Idempotency-Key already used")
    detail = Text(
        "这个 Idempotency-Key 已用于另一个请求。重试请保持内容不变；新的请求请换一个新的值。",
        "This Idempotency-Key belongs to another request. Retry with the same body, or use a fresh key for a new request.",
    )


@dataclass(frozen=True, slots=True)
class _Exchange:
    """The request, the answer in the making, and the key that the caller gave."""

    request: Request
    response: Response
    key: str | None


async def _exchange(
    request: Request,
    response: Response,
    dry_run: DryRun = False,
    idempotency_key: Annotated[
        str | None,
        Header(min_length=1, max_length=MAX_KEY_LENGTH, description="Makes a retry safe: one key, one effect."),
    ] = None,
) -> _Exchange:
    return _Exchange(request, response, None if dry_run else idempotency_key)


def once_per_key(endpoint: F) -> F:
    """Put it below the route decorator of a JSON endpoint that has the parameters `caller: Caller` and `work: Work`."""
    signature = inspect.signature(endpoint)
    if not {"caller", "work"} <= signature.parameters.keys():
        raise TypeError(f"{endpoint.__name__} needs the parameters caller and work")
    answer_type: TypeAdapter[Any] = TypeAdapter(get_type_hints(endpoint).get("return", Any))

    @wraps(endpoint)
    async def once(*, exchange_: _Exchange, **given: Any) -> Any:
        if exchange_.key is None:
            return await endpoint(**given)
        claim = _Claim(given["work"], given["caller"], exchange_.key)
        stored = await claim.stored_answer(await _digest(exchange_.request))
        if stored is not None:
            return _replayed(stored)
        answer = _answer(await endpoint(**given), answer_type, exchange_)
        await claim.store(answer)
        return answer

    extra = inspect.Parameter(
        "exchange_", inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[_Exchange, Depends(_exchange)]
    )
    once.__signature__ = signature.replace(parameters=[*signature.parameters.values(), extra])  # type: ignore[attr-defined]
    return once  # type: ignore[return-value]


class _Claim:
    """A key of one account, claimed in the command's transaction."""

    def __init__(self, work: UnitOfWork, caller: Actor, key: str) -> None:
        self._connection = work.connection
        self._answers = work.tables.answers
        self._account, self._key = str(caller.account_id), key

    async def stored_answer(self, digest: bytes) -> Row[Any] | None:
        """The answer to an earlier request with this key; None where this is the first. Raises KeyReused."""
        first = {"account": self._account, "key": self._key, "request_digest": digest, "created_at": system_now()}
        claimed = await self._connection.execute(_insert_first(self._answers, self._connection.dialect.name), first)
        if claimed.first():
            return None
        stored = (await self._connection.execute(select(self._answers).where(*self._mine()))).one()
        if stored.request_digest != digest:
            raise KeyReused
        return stored

    async def store(self, answer: Response) -> None:
        values = {"status": answer.status_code, "etag": answer.headers.get("etag"), "body": bytes(answer.body)}
        await self._connection.execute(update(self._answers).where(*self._mine()).values(values))

    def _mine(self) -> tuple[Any, Any]:
        return self._answers.c.account == self._account, self._answers.c.key == self._key


async def _digest(request: Request) -> bytes:
    target = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return sha256(target + (request.scope.get(BODY_DIGEST) or await request.body())).digest()


def _answer(result: Any, answer_type: TypeAdapter[Any], exchange: _Exchange) -> Response:
    """What the framework would have made of the endpoint's result, as bytes that can be stored."""
    if isinstance(result, Response):
        return result
    status = exchange.response.status_code or exchange.request.scope["route"].status_code or 200
    answer = Response(answer_type.dump_json(result, by_alias=True), status, media_type=JSON)
    answer.headers.raw.extend(exchange.response.headers.raw)
    return answer


def _replayed(stored: Row[Any]) -> Response:
    headers = {"Idempotency-Replayed": "true"} | ({"ETag": stored.etag} if stored.etag else {})
    return Response(stored.body, stored.status, headers, JSON)


@lru_cache(maxsize=16)
def _insert_first(answers: Table, dialect: str) -> Any:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(answers).on_conflict_do_nothing().returning(answers.c.key)
