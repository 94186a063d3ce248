"""What can go wrong between the portal and the services."""

from shared.errors import AppError, Text


class SignInNeeded(Exception):
    """There is no session, or its tokens are no longer taken; `back_to` is where the user wanted to go."""

    def __init__(self, back_to: str) -> None:
        super().__init__(back_to)
        self.back_to = back_to


class ApiProblem(Exception):
    """A service refused; its sentences are in the user's language."""

    def __init__(self, status: int, title: str, detail: str, request_id: str = "") -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status = status
        self.title = title
        self.detail = detail
        self.request_id = request_id


class ServiceSilent(AppError):
    code, status = "service-silent", 503
    title = Text("暂时连不上服务", "A service does not answer")
    detail = Text(
        "系统的一个服务暂时没有响应，请稍后刷新页面。",
        "A part of the system does not answer; reload the page in a moment.",
    )


class FormExpired(AppError):
    code, status = "form-expired", 403
    title = Text("页面已过期", "The page has expired")
    detail = Text(
        "为安全起见，请返回上一页、刷新后再提交。", "For your safety: go back, reload the page and send it again."
    )


class PageNotFound(AppError):
    code, status = "page-not-found", 404
    title = Text("没有这个页面", "No such page")
    detail = Text("请检查地址，或从首页重新进入。", "Check the address, or start again from the first page.")
