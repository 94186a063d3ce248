"""The command line's side of the HTTP API."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from typing_extensions import TypedDict  # before Python 3.12 pydantic cannot read typing's own

from services.duban.failures import Failure
from services.duban.local_files import DamagedFile, read_json_file
from shared.addresses import NO_WEB_ADDRESS, is_web_address
from shared.errors import Text
from shared.files import write_secret

TIMEOUT = httpx.Timeout(30.0, connect=3.0)
PAGE = 200
"""The most that a list gives at once."""
TOKEN_ENDED = 401
SESSION_ENDED = {400, 401}
"""OAuth 2 answers 400 invalid_grant to a refresh token that no longer counts."""


SENDABLE = re.compile(r"[!-~]+")
"""What an HTTP header can carry."""
SIGN_IN_AGAIN = Text("请重新 duban login", "run duban login again")
LOAD_AGAIN = Text(
    "请删除它，再运行 duban demo load（演示账号会得到新密码）",
    "delete it and run duban demo load (the demo's accounts then get new passwords)",
)


class KeptSession(TypedDict):
    url: str
    refresh_token: str


class DemoAccount(TypedDict):
    username: str
    password: str
    roles: list[str]
    unit: str | None


class Refused(Failure):
    """The server refused; the sentence is its problem's detail."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = problem
        fields = [f"  {e.get('pointer') or e.get('parameter', '')}: {e['detail']}" for e in problem.get("errors", ())]
        super().__init__("\n".join([str(problem.get("detail") or problem.get("title") or f"HTTP {status}"), *fields]))


class NotReachable(Failure):
    """Duban does not answer at the address."""

    exit_code = 3


class NotSignedIn(Failure):
    """No session can be used; the sentence says what to do."""


def base_url() -> str:
    """`DUBAN_URL`, else this machine at `DUBAN_PORT`. Raises NotReachable for what is no address."""
    here = f"http://127.0.0.1:{os.environ.get('DUBAN_PORT', '8080')}"
    url = os.environ.get("DUBAN_URL", here)
    if not is_web_address(url):  # of DUBAN_PORT, where no other address is given
        name = "DUBAN_URL" if "DUBAN_URL" in os.environ else "DUBAN_PORT"
        shown = f"{name}={os.environ[name]}"
        raise NotReachable(f"{shown} {NO_WEB_ADDRESS.zh}，请修改。 {name} {NO_WEB_ADDRESS.en}; correct it.")
    return url.rstrip("/")


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
    sign_in_again: Callable[[], None] | None = field(default=None, repr=False)
    """For work that outlasts a token."""
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=TIMEOUT, trust_env=False), repr=False)

    def call(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **request: Any) -> Any:
        """The JSON of an answer. A token that has run out is renewed. Raises Refused or NotReachable."""
        answer = self._ask(method, path, headers, request)
        if answer.status_code == TOKEN_ENDED and self.token and self.sign_in_again:
            self.token = ""
            self.sign_in_again()
            answer = self._ask(method, path, headers, request)
        if answer.is_error:
            raise Refused(answer.status_code, _problem(answer))
        return _json(self.url, answer) if answer.content else None

    def _ask(
        self, method: str, path: str, headers: Mapping[str, str] | None, request: Mapping[str, Any]
    ) -> httpx.Response:
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        own["Accept-Language"] = self.language or _language()
        try:
            return self.http.request(method, self.url + path, headers={**own, **(headers or {})}, **request)
        except (httpx.TransportError, httpx.InvalidURL) as lost:
            raise NotReachable(f"{self.url} 无法连接 cannot be reached ({type(lost).__name__}).") from lost

    def items(self, path: str) -> Iterator[dict[str, Any]]:
        """All items of a list, page by page."""
        page = self.call("GET", path, params={"limit": PAGE})
        while True:
            yield from page["items"]
            if page["next"] is None:
                return
            page = self.call("GET", path, params={"limit": PAGE, "cursor": page["next"]})

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


def signed_in(demo_account: str = "office-head") -> Client:
    """A client with a token: DUBAN_TOKEN, else the session kept for this address, else this account of the demo.

    Raises NotSignedIn, Refused or NotReachable.
    """
    client = Client(base_url())
    if token := os.environ.get("DUBAN_TOKEN"):
        client.token = _sendable(token)
        return client
    client.sign_in_again = partial(_sign_in, client, demo_account)
    client.sign_in_again()
    return client


def demo_operator() -> Client:
    """Whoever may move the demo's clock, whoever is signed in. Raises NotSignedIn, Refused or NotReachable."""
    if os.environ.get("DUBAN_TOKEN") or not demo_accounts_file().exists():
        return signed_in("admin")
    client = Client(base_url())
    _sign_in_to_demo(client, "admin")
    return client


def keep_session(tokens: Mapping[str, Any]) -> Path:
    """Remember a sign-in for later commands."""
    path = session_file()
    write_secret(path, json.dumps({"url": base_url(), "refresh_token": tokens["refresh_token"]}))
    return path


def end_session() -> None:
    """Forget the kept session, and end it where it was begun, so that a copy of it renews nothing.

    Raises Refused or NotReachable where it could not be ended; it is forgotten all the same.
    """
    kept: KeptSession | None = None
    try:
        kept = read_json_file(session_file(), KeptSession, SIGN_IN_AGAIN)
    except FileNotFoundError:
        return
    except DamagedFile:
        pass
    session_file().unlink()
    if kept:
        Client(kept["url"]).call("POST", "/api/directory/v1/token/revoke", data={"token": kept["refresh_token"]})


def demo_accounts_file() -> Path:
    return Path(os.environ.get("DUBAN_DATA", "data")) / "demo-accounts.json"


def read_demo_accounts(path: Path) -> list[DemoAccount]:
    """The accounts of a loaded demo. Raises FileNotFoundError where none was loaded here, or DamagedFile."""
    return read_json_file(path, list[DemoAccount], LOAD_AGAIN)


def _sendable(token: str) -> str:
    if not SENDABLE.fullmatch(token):
        raise NotSignedIn(
            "DUBAN_TOKEN 含有令牌里不会有的字符，请重新获取。 DUBAN_TOKEN holds what no token does; get a new one."
        )
    return token


def _kept_session() -> str | None:
    """The refresh token for this address; a session at another address stays where it is."""
    try:
        kept = read_json_file(session_file(), KeptSession, SIGN_IN_AGAIN)
    except FileNotFoundError:
        return None
    return kept["refresh_token"] if kept["url"] == base_url() else None


def _sign_in(client: Client, demo_account: str) -> None:
    if refresh_token := _kept_session():
        _resume(client, refresh_token)
    else:
        _sign_in_to_demo(client, demo_account)


def _resume(client: Client, refresh_token: str) -> None:
    try:
        keep_session(client.renew(refresh_token))
    except Refused as ended:
        if ended.status not in SESSION_ENDED:
            raise
        raise NotSignedIn("登录已过期，请重新 duban login。 The session has ended; run duban login.") from ended


def _sign_in_to_demo(client: Client, username: str) -> None:
    if not demo_accounts_file().exists():
        raise NotSignedIn(
            "请先 duban login USERNAME，或设置 DUBAN_TOKEN。 Run duban login USERNAME first, or set DUBAN_TOKEN."
        )
    accounts = {account["username"]: account for account in read_demo_accounts(demo_accounts_file())}
    if username not in accounts:
        raise NotSignedIn(f"演示没有账号 {username}。 The demo has no account {username}.")
    client.sign_in(username, accounts[username]["password"])


def _language() -> str:
    return "en" if os.environ.get("LANG", "").lower().startswith("en") else "zh-CN"


def _json(url: str, answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError as foreign:
        raise NotReachable(
            f"{url} 有应答，但不是 Duban，请检查 DUBAN_URL。 {url} answers, but not as Duban; check DUBAN_URL."
        ) from foreign


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    without_reason = f"HTTP {answer.status_code}：服务器没有说明原因。 The server gave no reason."
    return problem if isinstance(problem, dict) else {"detail": without_reason}
