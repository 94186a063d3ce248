"""Situations of notification that a caller can do something about."""

from shared.errors import AppError, NotFound, Text


class InboxItemNotFound(NotFound):
    """Also where it is somebody else's."""


class NoticeNotFound(NotFound):
    """Also where it is for another unit."""


class DeliveryNotFound(NotFound):
    pass


class AccountNotFound(NotFound):
    """Also where the caller may not see its contact point."""


class NothingToRetry(AppError):
    code, status = "nothing-to-retry", 409
    title = Text("无需重发", "Nothing to retry")
    detail = Text(
        "这次送达的状态是 {state}，只有 failed 的送达可以重发。",
        "This delivery is {state}; only a failed one can be retried.",
    )


class TooManyStreams(AppError):
    code, status = "too-many-streams", 503
    title = Text("实时连接过多", "Too many live connections")
    detail = Text(
        "实时连接已满，请改用 GET inbox，或在 {seconds} 秒后重试。",
        "All live connections are taken; use GET inbox, or retry in {seconds} seconds.",
    )

    def __init__(self, seconds: int) -> None:
        super().__init__(headers={"Retry-After": str(seconds)}, seconds=seconds)
