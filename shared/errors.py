"""Situations that a caller can do something about, each with a stable code, a status and a sentence in two languages."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple


class Text(NamedTuple):
    """One sentence in the two languages of the product."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        return self.en if language.lower().startswith("en") else self.zh


class FieldError(NamedTuple):
    """What is wrong with one field; `pointer` is a JSON pointer into the body (RFC 6901)."""

    pointer: str
    detail: Text


class AppError(Exception):
    """Base of every expected failure. Facts given by keyword fill the placeholders of `detail`.

    `code` becomes the problem type `urn:duban:problem:CODE` and never changes once released.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    title: ClassVar[Text] = Text("请求被拒绝", "Request refused")
    detail: ClassVar[Text] = Text("请求无法处理。", "The request cannot be carried out.")
    members: ClassVar[Mapping[str, str]] = {}
    """Further members of the problem document, such as OAuth's `error`."""

    def __init__(
        self,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **facts: object,
    ) -> None:
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.facts = facts
        super().__init__(self.sentence("en"))

    def sentence(self, language: str) -> str:
        """The detail with its facts filled in."""
        return self.detail.in_language(language).format_map(self.facts)


class NotFound(AppError):
    """Also the answer where the caller may not know whether the thing exists."""

    code, status = "not-found", 404
    title = Text("没有找到", "Not found")
    detail = Text(
        "没有找到，或者您无权查看。请检查地址中的编号。",
        "Not found, or not yours to see. Check the keys in the address.",
    )


class NotAuthenticated(AppError):
    code, status = "not-authenticated", 401
    title = Text("需要登录", "Sign-in required")
    detail = Text(
        "令牌缺失、失效或不可信，请重新获取令牌。",
        "The token is missing, expired or not trusted; get a new one from POST token.",
    )

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


class MayNot(AppError):
    code, status = "not-permitted", 403
    title = Text("没有权限", "Not permitted")
    detail = Text("您的角色不能{what}。", "Your role may not {what_en}.")


class Invalid(AppError):
    """The body was understood but says something that cannot be accepted; `errors` names the fields."""

    code, status = "invalid-input", 422
    title = Text("内容有误", "Invalid input")
    detail = Text("有 {count} 处内容需要修改，见 errors。", "{count} field(s) need correction, see errors.")

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(errors=errors, count=len(errors))


class VersionConflict(AppError):
    code, status = "version-conflict", 409
    title = Text("已被他人修改", "Changed meanwhile")
    detail = Text("内容刚被修改，请重新读取后再试。", "It was changed meanwhile; read it again and retry.")


class PreconditionRequired(AppError):
    code, status = "if-match-required", 428
    title = Text("缺少 If-Match", "If-Match required")
    detail = Text(
        "修改已有内容必须带 If-Match，当前版本为 {etag}。",
        "Changing what exists needs If-Match; the current version is {etag}.",
    )


class PreconditionFailed(AppError):
    code, status = "stale-version", 412
    title = Text("版本已过期", "Stale version")
    detail = Text(
        "您依据的是旧版本，当前版本为 {etag}，请重新读取后再改。",
        "You started from an old version; the current one is {etag}. Read it again before changing it.",
    )


class Unavailable(AppError):
    """The system cannot answer now and says when to come back; nothing was changed."""

    code, status = "unavailable", 503
    title = Text("暂时不可用", "Temporarily unavailable")
    detail = Text("系统繁忙，请在 {seconds} 秒后重试。", "The system is busy; retry in {seconds} seconds.")

    def __init__(self, seconds: int = 2) -> None:
        super().__init__(headers={"Retry-After": str(seconds)}, seconds=seconds)
