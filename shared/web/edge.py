"""The outermost layer of a service's web side, as plain ASGI: request id, log context, body limit, metrics, last resort."""

import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import AppError, Text
from shared.ids import new_id
from shared.telemetry.metrics import REQUEST_SECONDS
from shared.web.problems import InternalError, problem_response

MIB = 1024 * 1024
DEFAULT_MAX_BODY = 1 * MIB
REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
TRACEPARENT = re.compile(rb"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
F = TypeVar("F", bound=Callable[..., Any])
log = structlog.get_logger()


class BodyTooLarge(AppError):
    code, status = "body-too-large", 413
    title = Text("内容过大", "Content too large")
    detail = Text(
        "请求内容最多 {limit} 字节，请精简、分批，或把附件单独上传。",
        "A request may carry at most {limit} bytes here; shorten it, split it, or upload files separately.",
    )


def allow_body(max_bytes: int) -> Callable[[F], F]:
    """Let a route take a larger body than the usual 1 MiB. Put it directly on the function, below the route decorator."""

    def mark(endpoint: F) -> F:
        endpoint.max_body = max_bytes  # type: ignore[attr-defined]
        return endpoint

    return mark


class Edge:
    """Wraps the whole application of one service."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app = app
        self._service = service
        self._timers: dict[tuple[str, str, int], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange(scope, receive, send)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(service=self._service, **exchange.log_context())
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception as error:
            log.exception("request failed", method=scope["method"], path=scope["path"])
            await exchange.answer_failure(error)
        finally:
            self._timer(scope, exchange.status).observe(time.perf_counter() - exchange.started)

    def _timer(self, scope: Scope, status: int) -> Histogram:
        method = scope["method"] if scope["method"] in METHODS else "other"
        key = (method, getattr(scope.get("route"), "path", "unmatched"), status)
        timer = self._timers.get(key)
        if timer is None:
            timer = self._timers[key] = REQUEST_SECONDS.labels(self._service, *key)
        return timer


class Exchange:
    """One request and its answer."""

    __slots__ = (
        "_headers",
        "_receive",
        "_received",
        "_scope",
        "_send",
        "request_id",
        "started",
        "status",
        "traceparent",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.started = time.perf_counter()
        self.status = 0
        self._scope, self._receive, self._send = scope, receive, send
        self._received = 0
        self._headers = {name: value for name, value in scope["headers"] if name in WANTED_HEADERS}
        self.request_id = _accepted(REQUEST_ID, self._headers.get(b"x-request-id")) or new_id().hex
        self.traceparent = _accepted(TRACEPARENT, self._headers.get(b"traceparent"))
        scope["duban.request_id"], scope["duban.traceparent"] = self.request_id, self.traceparent

    def log_context(self) -> dict[str, str]:
        context = {"request_id": self.request_id}
        if self.traceparent:
            context["traceparent"] = self.traceparent
        return context

    async def receive(self) -> Message:
        """The next piece of the body. Raises BodyTooLarge, by what is declared before anything is read."""
        limit = getattr(self._scope.get("endpoint"), "max_body", DEFAULT_MAX_BODY)
        if not self._received and self._declared() > limit:
            raise BodyTooLarge(limit=limit)
        message = await self._receive()
        self._received += len(message.get("body", b""))
        if self._received > limit:
            raise BodyTooLarge(limit=limit)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.setdefault("headers", [])
            headers.append((b"x-request-id", self.request_id.encode()))
            if self.traceparent:
                headers.append((b"traceparent", self.traceparent.encode()))
        await self._send(message)

    async def answer_failure(self, error: Exception) -> None:
        """A problem without internals, unless the answer has begun; then the connection is all that can be cut."""
        if self.status:
            raise error
        await problem_response(self._scope, InternalError())(self._scope, self._receive, self.send)

    def _declared(self) -> int:
        length = self._headers.get(b"content-length", b"0")
        return int(length) if length.isdigit() else 0


WANTED_HEADERS = frozenset({b"x-request-id", b"traceparent", b"content-length"})


def _accepted(form: re.Pattern[bytes], value: bytes | None) -> str:
    return value.decode() if value and form.fullmatch(value) else ""
