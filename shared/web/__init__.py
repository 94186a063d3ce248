"""The web edge that every service shares: application factory, dependencies, problems, idempotency and paging.

from shared.web import Caller, Work, create_web_app, etag, once_per_key
"""

from shared.web.app import create_web_app
from shared.web.dependencies import (
    SIGNED_IN,
    Caller,
    CallersLanguage,
    IfMatch,
    Reader,
    Reading,
    Work,
    etag,
    service_of,
    whoever_may,
)
from shared.web.edge import allow_body
from shared.web.idempotency import once_per_key
from shared.web.paging import Page, Paged, Paging

__all__ = [
    "SIGNED_IN",
    "Caller",
    "CallersLanguage",
    "IfMatch",
    "Page",
    "Paged",
    "Paging",
    "Reader",
    "Reading",
    "Work",
    "allow_body",
    "create_web_app",
    "etag",
    "once_per_key",
    "service_of",
    "whoever_may",
]
