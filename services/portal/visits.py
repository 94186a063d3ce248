"""One request of one person: language, session, the services with the person's token, and the page that answers."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request, Response
from jinja2 import Environment
from starlette.responses import HTMLResponse, RedirectResponse

from services.portal.clients import DirectoryClient, Http, ReportingClient, TaskClient
from services.portal.errors import ApiProblem, SignInNeeded
from services.portal.schemas import Tokens
from services.portal.sessions import COOKIE, Session, Sessions, new_form_token
from services.portal.texts import Language, Words
from shared.web.language import preferred

LANGUAGE_COOKIE = "duban_lang"
REFRESH_BEFORE_SECONDS = 30.0
"""A token that ends sooner is renewed first, so that it outlives the calls of the page."""
SESSION_ENDED = (400, 401)
"""What directory answers to a refresh token that no longer counts; OAuth 2 has 400 for it. Anything else may pass."""
YEAR_SECONDS = 365 * 24 * 3600


class Visit:
    """A request before it is known whose it is."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.language = language_of(request)
        self.words = Words(self.language)

    @property
    def http(self) -> Http:
        http: Http = self.request.app.state.http
        return http

    @property
    def sessions(self) -> Sessions:
        sessions: Sessions = self.request.app.state.sessions
        return sessions

    @property
    def directory(self) -> DirectoryClient:
        visitor = self.request.client.host if self.request.client else ""
        return DirectoryClient(self.http, self.language, visitor)

    def page(self, template: str, *, status: int = 200, session: Session | None = None, **shown: Any) -> HTMLResponse:
        environment: Environment = self.request.app.state.templates
        html = environment.get_template(template).render(
            t=self.words, request=self.request, session=session, here=self, **shown
        )
        return HTMLResponse(html, status, {"Content-Language": self.language, "Vary": "Cookie, Accept-Language"})

    def address(self, **changes: str | None) -> str:
        """This page with some of its query changed; None leaves a parameter out."""
        return address_of(self.request.url.path, {**self.request.query_params, **changes})

    def remember(self, response: Response, session: Session) -> Response:
        """Keep the session in the browser until it is closed or the day is over."""
        response.set_cookie(
            COOKIE, self.sessions.seal(session), httponly=True, samesite="lax", secure=is_secure(self.request)
        )
        return response


class SignedIn(Visit):
    """A visit of somebody who has signed in."""

    def __init__(self, request: Request, session: Session) -> None:
        super().__init__(request)
        self.session = session

    @property
    def reporting(self) -> ReportingClient:
        return ReportingClient(self.http, self.session.access_token, self.language)

    @property
    def task(self) -> TaskClient:
        return TaskClient(self.http, self.session.access_token, self.language)

    def show(self, template: str, **shown: Any) -> HTMLResponse:
        return self.page(template, session=self.session, **shown)


def session_from(tokens: Tokens, username: str, before: Session | None = None) -> Session:
    """A new session, or the one before with fresh tokens."""
    expires_at = time.time() + tokens.expires_in
    if before:
        return replace(
            before, access_token=tokens.access_token, refresh_token=tokens.refresh_token, expires_at=expires_at
        )
    return Session(username, tokens.access_token, tokens.refresh_token, expires_at, time.time(), new_form_token())


async def _signed_in(request: Request) -> SignedIn:
    """Raises SignInNeeded. A renewed session is put into the cookie by `PageHeaders`, whatever answers."""
    visit = Visit(request)
    session = visit.sessions.open(request.cookies.get(COOKIE))
    if session is None:
        raise SignInNeeded(back_to(request))
    if session.expires_at - time.time() < REFRESH_BEFORE_SECONDS:
        session = await _renewed(visit, session)
        request.state.renewed = session
    return SignedIn(request, session)


async def _renewed(visit: Visit, session: Session) -> Session:
    try:
        tokens = await visit.directory.refresh(session.refresh_token)
    except ApiProblem as refused:
        if refused.status not in SESSION_ENDED:
            raise
        raise SignInNeeded(back_to(visit.request)) from refused
    return session_from(tokens, session.username, session)


Signed = Annotated[SignedIn, Depends(_signed_in)]


async def _anybody(request: Request) -> Visit:
    return Visit(request)


Anybody = Annotated[Visit, Depends(_anybody)]


def language_of(request: Request) -> Language:
    """As chosen by `?lang=`, else as chosen before, else as the browser prefers."""
    chosen = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    if chosen in ("zh", "zh-CN"):
        return "zh-CN"
    return "en" if chosen == "en" else preferred(request.headers.get("accept-language", ""))


def back_to(request: Request) -> str:
    """Where to go after signing in. What was not a plain page is not repeated."""
    return local(address_of(request.url.path, request.query_params)) if request.method == "GET" else "/"


def local(address: str) -> str:
    """The address if it is on this site, else the first page: a sign-in link must not lead elsewhere."""
    plain = address.startswith("/") and not address.startswith(("//", "/\\")) and "\\" not in address
    return address if plain and address.isprintable() else "/"


def is_secure(request: Request) -> bool:
    """By the address that users see: TLS may end at a proxy, and what that says of itself is not asked."""
    return str(request.app.state.url).startswith("https://")


def redirect(address: str) -> RedirectResponse:
    """To another page, always by GET."""
    return RedirectResponse(address, status_code=303)


def address_of(path: str, query: Mapping[str, str | None]) -> str:
    """A path with those parameters that have a value."""
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(given)}" if given else path
