"""Situations in directory that a caller can do something about."""

from collections.abc import Mapping
from typing import ClassVar

from shared.errors import AppError, Invalid, NotFound, Text


class UnitNotFound(NotFound):
    code = "unit-not-found"
    detail = Text("没有单位 {unit}。可用 GET units 查看全部单位。", "There is no unit {unit}. GET units lists them.")


class GroupNotFound(NotFound):
    code = "unit-group-not-found"
    detail = Text("没有单位组 {group}。", "There is no unit group {group}.")


class AccountNotFound(NotFound):
    code = "account-not-found"
    detail = Text("没有账号 {account}。", "There is no account {account}.")


class InvalidUnit(Invalid):
    """A unit or group that does not fit those already there."""


class InvalidAccount(Invalid):
    """Roles, unit and districts that do not fit together."""


class AccountExists(AppError):
    code, status = "account-exists", 409
    title = Text("账号已存在", "Account exists")
    detail = Text("账号 {account} 已存在，请换一个名称。", "The account {account} exists already; choose another name.")


class LastAdmin(AppError):
    code, status = "last-admin", 409
    title = Text("最后一个管理员", "Last administrator")
    detail = Text(
        "{account} 是最后一个可用的管理员，请先指定另一个管理员。",
        "{account} is the last active administrator; appoint another one first.",
    )


class LoginFailed(AppError):
    """One answer for an unknown name, a wrong password and a disabled account."""

    code, status = "login-failed", 401
    title = Text("登录失败", "Sign-in failed")
    detail = Text("用户名或密码不正确。", "The user name or password is not right.")
    members: ClassVar[Mapping[str, str]] = {"error": "invalid_grant"}


class ClientNotAuthenticated(AppError):
    code, status = "client-not-authenticated", 401
    title = Text("机器账号认证失败", "Client authentication failed")
    detail = Text("client_id 或 client_secret 不正确。", "The client_id or client_secret is not right.")
    members: ClassVar[Mapping[str, str]] = {"error": "invalid_client"}


class SessionEnded(AppError):
    code, status = "session-ended", 401
    title = Text("会话已结束", "Session ended")
    detail = Text("refresh_token 已失效，请重新登录。", "The refresh_token is no longer good; sign in again.")
    members: ClassVar[Mapping[str, str]] = {"error": "invalid_grant"}


class UnsupportedGrant(AppError):
    code, status = "unsupported-grant-type", 400
    title = Text("不支持的授权方式", "Unsupported grant type")
    detail = Text(
        "grant_type 应为 password、client_credentials 或 refresh_token，并带上各自的字段。",
        "grant_type is password, client_credentials or refresh_token, each with its own fields.",
    )
    members: ClassVar[Mapping[str, str]] = {"error": "unsupported_grant_type"}


class TooManyAttempts(AppError):
    code, status = "too-many-attempts", 429
    title = Text("尝试次数过多", "Too many attempts")
    detail = Text(
        "登录失败次数过多，请在 {seconds} 秒后再试。", "Too many failed sign-ins; try again in {seconds} seconds."
    )

    def __init__(self, seconds: int) -> None:
        super().__init__(headers={"Retry-After": str(seconds)}, seconds=seconds)
