"""What every page carries besides its content: security headers, and the session where it was renewed on the way."""

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.portal.visits import LANGUAGE_COOKIE, YEAR_SECONDS, Visit, is_secure

POLICY = "; ".join(
    (
        "default-src 'none'",  # no script at all: every page works without
        "style-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
STATIC = "/static/"
NEVER_KEPT = "no-store"
KEPT_FOR_AN_HOUR = "public, max-age=3600"


class PageHeaders:
    """Plain ASGI, so that it also covers the pages that tell a failure."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _complete(scope, MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _complete(scope: Scope, headers: MutableHeaders) -> None:
    for name, value in HEADERS.items():
        headers[name] = value
    headers["Cache-Control"] = KEPT_FOR_AN_HOUR if scope["path"].startswith(STATIC) else NEVER_KEPT
    for cookie in _cookies(Request(scope)):
        headers.append("Set-Cookie", cookie)


def _cookies(request: Request) -> list[str]:
    response = Response()
    if renewed := getattr(request.state, "renewed", None):
        Visit(request).remember(response, renewed)
    if "lang" in request.query_params:
        chosen = Visit(request).language
        response.set_cookie(
            LANGUAGE_COOKIE, chosen, YEAR_SECONDS, samesite="lax", secure=is_secure(request), httponly=True
        )
    return response.headers.getlist("set-cookie")
