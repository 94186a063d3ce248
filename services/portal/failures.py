"""Every failure as a page with a plain sentence, in the user's language."""

from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.portal.errors import ApiProblem, PageNotFound, SignInNeeded
from services.portal.sessions import COOKIE
from services.portal.visits import Visit, back_to, redirect
from shared.errors import AppError
from shared.web.problems import BadRequest


def install_failure_pages(app: FastAPI) -> None:
    app.add_exception_handler(SignInNeeded, _sign_in)
    app.add_exception_handler(ApiProblem, _refused)
    app.add_exception_handler(AppError, _known)
    app.add_exception_handler(HTTPException, _of_the_router)
    app.add_exception_handler(RequestValidationError, _invalid)


async def _sign_in(_request: Request, error: Exception) -> Response:
    assert isinstance(error, SignInNeeded)
    return redirect("/sign-in" if error.back_to == "/" else f"/sign-in?{urlencode({'back': error.back_to})}")


async def _refused(request: Request, error: Exception) -> Response:
    """A token that a service no longer takes, e.g. after a change of duties, needs signing in again."""
    assert isinstance(error, ApiProblem)
    if error.status == 401:
        return await _sign_in(request, SignInNeeded(back_to(request)))
    return _page(request, error.status, error.title, error.detail, error.request_id)


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    language = Visit(request).language
    return _page(request, error.status, error.title.in_language(language), error.sentence(language))


async def _of_the_router(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, AppError):
        return await _known(request, error.__cause__)
    return await _known(request, PageNotFound() if error.status_code in (404, 405) else BadRequest())


async def _invalid(request: Request, _error: Exception) -> Response:
    return await _known(request, BadRequest())


def _page(request: Request, status: int, title: str, detail: str, request_id: str = "") -> Response:
    visit, shown_id = Visit(request), request_id or request.scope.get("duban.request_id", "")
    session = visit.sessions.open(request.cookies.get(COOKIE))
    shown = {"title": title, "detail": detail, "request_id": shown_id}
    return visit.page("failure.html", status=status, session=session, **shown)
