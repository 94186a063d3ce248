"""The services' APIs as the portal uses them, always with the user's own token and language."""

from collections.abc import Mapping
from typing import Any, TypeVar

import httpx
from pydantic import ValidationError

from services.portal.errors import ApiProblem, ServiceSilent
from services.portal.schemas import (
    Assignment,
    Board,
    History,
    HistoryEntry,
    IndicatorPage,
    Page,
    Plans,
    ProblemAnswer,
    Report,
    Tokens,
)
from services.portal.settings import PortalSettings

TIMEOUT_SECONDS = 10.0
DIRECTORY, TASK, REPORTING = "/api/directory/v1", "/api/task/v1", "/api/reporting/v1"
A = TypeVar("A")
Query = Mapping[str, str]


class Http:
    """One pool of connections to the services. Proxies in the environment are not used: the services are neighbours."""

    def __init__(self, settings: PortalSettings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._bases = {DIRECTORY: settings.directory_url, TASK: settings.task_url, REPORTING: settings.reporting_url}
        self._client = httpx.AsyncClient(
            transport=transport, timeout=TIMEOUT_SECONDS, trust_env=False, follow_redirects=False
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def send(self, method: str, api: str, path: str, **sent: Any) -> httpx.Response:
        """Raises ServiceSilent where there is no answer, ApiProblem where the answer is a refusal."""
        try:
            answer = await self._client.request(method, f"{self._bases[api]}{api}{path}", **sent)
        except httpx.HTTPError as lost:
            raise ServiceSilent from lost
        if answer.is_success:
            return answer
        raise _problem(answer)


class DirectoryClient:
    """Tokens for passwords and for older tokens, until the session ends."""

    def __init__(self, http: Http, language: str, visitor: str) -> None:
        """`visitor` is whose attempts directory counts, instead of all people's together."""
        self._http = http
        self._headers = {"Accept-Language": language} | ({"X-Forwarded-For": visitor} if visitor else {})

    async def sign_in(self, username: str, password: str) -> Tokens:
        return await self._token(grant_type="password", username=username, password=password)

    async def refresh(self, refresh_token: str) -> Tokens:
        return await self._token(grant_type="refresh_token", refresh_token=refresh_token)

    async def end_session(self, refresh_token: str) -> None:
        await self._http.send("POST", DIRECTORY, "/token/revoke", data={"token": refresh_token}, headers=self._headers)

    async def _token(self, **form: str) -> Tokens:
        answer = await self._http.send("POST", DIRECTORY, "/token", data=form, headers=self._headers)
        return _read(Tokens, answer)


class ReportingClient:
    """The board and what is behind its figures."""

    def __init__(self, http: Http, token: str, language: str) -> None:
        self._http = http
        self._headers = _headers(token, language)

    async def plans(self) -> Plans:
        return _read(Plans, await self._get("/plans", {}))

    async def board(self, plan: str, query: Query) -> Board:
        return _read(Board, await self._get(f"/plans/{plan}/board", query))

    async def reports(self, plan: str, query: Query) -> Page[Assignment]:
        return _read(Page[Assignment], await self._get(f"/plans/{plan}/reports", query))

    async def indicator(self, plan: str, indicator: str, query: Query) -> IndicatorPage:
        return _read(IndicatorPage, await self._get(f"/plans/{plan}/indicators/{indicator}", query))

    async def _get(self, path: str, query: Query) -> httpx.Response:
        return await self._http.send("GET", REPORTING, path, params=dict(query), headers=self._headers)


class TaskClient:
    """Reports as their unit wrote them."""

    def __init__(self, http: Http, token: str, language: str) -> None:
        self._http = http
        self._headers = _headers(token, language)

    async def report(self, plan: str, measure: str, unit: str, period: str) -> Report:
        return _read(Report, await self._get(_report(plan, measure, unit, period)))

    async def history(self, plan: str, measure: str, unit: str, period: str) -> list[HistoryEntry]:
        """Every version and review, for those who may read the report."""
        return _read(History, await self._get(_report(plan, measure, unit, period) + "/history")).root

    async def _get(self, path: str) -> httpx.Response:
        return await self._http.send("GET", TASK, path, headers=self._headers)


def _report(plan: str, measure: str, unit: str, period: str) -> str:
    return f"/plans/{plan}/measures/{measure}/units/{unit}/reports/{period}"


def _headers(token: str, language: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept-Language": language}


def _read(model: type[A], answer: httpx.Response) -> A:
    """Raises ServiceSilent where the answer is not what the service promises: a proxy may have spoken for it."""
    try:
        return model.model_validate_json(answer.content)  # type: ignore[attr-defined, no-any-return]
    except ValidationError as broken:
        raise ServiceSilent from broken


def _problem(answer: httpx.Response) -> Exception:
    try:
        told = ProblemAnswer.model_validate_json(answer.content)
    except ValidationError:
        return ServiceSilent()
    return ApiProblem(answer.status_code, told.title, told.detail, told.request_id)
