"""OpenAPI documents of the services."""

from typing import Any


def openapi_documents() -> dict[str, dict[str, Any]]:
    """The document of each service that serves HTTP."""
    return {}
