"""The command line's side of the HTTP API."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

DEFAULT_URL = "http://127.0.0.1:8080"
TIMEOUT = httpx.Timeout(30.0, connect=3.0)


class Refused(Exception):
    """The server refused; the sentence is its problem's detail."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = problem
        fields = [f"  {e.get('pointer') or e.get('parameter', '')}: {e['detail']}" for e in problem.get("errors", ())]
        super().__init__("\n".join([str(problem.get("detail") or problem.get("title") or f"HTTP {status}"), *fields]))


class NotReachable(Exception):
    """Nothing answers at the address."""


class NotSignedIn(Exception):
    """No session is kept and no demo account can be used."""


def base_url() -> str:
    return os.environ.get("DUBAN_URL", DEFAULT_URL).rstrip("/")


def session_file() -> Path:
    """Where `duban login` keeps the tokens of the last sign-in, for the owner only."""
    config = Path(os.environ.get("XDG_CONFIG_HOME", Path.home() / ".config"))
    return config / "duban" / "session.json"


@dataclass(slots=True)
class Client:
    """One address, and a token once signed in."""

    url: str
    token: str = ""
    language: str = ""
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=TIMEOUT, trust_env=False), repr=False)

    def call(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **request: Any) -> Any:
        """The JSON of an answer. Raises Refused or NotReachable."""
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        own["Accept-Language"] = self.language or _language()
        try:
            answer = self.http.request(method, self.url + path, headers={**own, **(headers or {})}, **request)
        except httpx.TransportError as lost:
            raise NotReachable(f"{self.url} 无法连接 cannot be reached ({type(lost).__name__}).") from lost
        if answer.is_error:
            raise Refused(answer.status_code, _problem(answer))
        return answer.json() if answer.content else None

    def sign_in(self, username: str, password: str) -> dict[str, Any]:
        """Get tokens and use them from now on."""
        form = {"grant_type": "password", "username": username, "password": password}
        tokens: dict[str, Any] = self.call("POST", "/api/directory/v1/token", data=form)
        self.token = tokens["access_token"]
        return tokens

    def renew(self, refresh_token: str) -> dict[str, Any]:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        tokens: dict[str, Any] = self.call("POST", "/api/directory/v1/token", data=form)
        self.token = tokens["access_token"]
        return tokens


def signed_in(demo_account: str | None = None) -> Client:
    """A client with a token: DUBAN_TOKEN, else the kept session, else in the demo one of its accounts.

    Raises NotSignedIn, Refused or NotReachable.
    """
    client = Client(base_url())
    if token := os.environ.get("DUBAN_TOKEN"):
        client.token = token
    elif session_file().exists() and demo_account is None:
        _resume(client)
    else:
        _sign_in_to_demo(client, demo_account or "office-head")
    return client


def keep_session(tokens: Mapping[str, Any]) -> Path:
    """Remember a sign-in for later commands."""
    path = session_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(json.dumps({"url": base_url(), "refresh_token": tokens["refresh_token"]}))
    return path


def demo_accounts_file() -> Path:
    return Path(os.environ.get("DUBAN_DATA", "data")) / "demo-accounts.json"


def _resume(client: Client) -> None:
    kept = json.loads(session_file().read_text())
    try:
        keep_session(client.renew(kept["refresh_token"]))
    except Refused as ended:
        raise NotSignedIn("登录已过期，请重新 duban login。 The session has ended; run duban login.") from ended


def _sign_in_to_demo(client: Client, username: str) -> None:
    if not demo_accounts_file().exists():
        raise NotSignedIn(
            "请先 duban login USERNAME，或设置 DUBAN_TOKEN。 Run duban login USERNAME first, or set DUBAN_TOKEN."
        )
    accounts = {account["username"]: account for account in json.loads(demo_accounts_file().read_text())}
    client.sign_in(username, accounts[username]["password"])


def _language() -> str:
    return "en" if os.environ.get("LANG", "").lower().startswith("en") else "zh-CN"


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        problem = answer.json()
    except ValueError:
        return {"detail": f"HTTP {answer.status_code}"}
    return problem if isinstance(problem, dict) else {"detail": f"HTTP {answer.status_code}"}
