"""OpenAPI documents of the services, as each serves it at `openapi.json`."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from services.duban.contracts.catalogue import module_if_any
from shared.events.topics import SERVICES

Document = dict[str, Any]


def openapi_documents() -> dict[str, Document]:
    """The document of each service that serves HTTP, whatever the environment says. Opens neither database nor bus."""
    with TemporaryDirectory() as folder:
        return {service: document for service in SERVICES if (document := _document(service, Path(folder)))}


def ambiguous_operations(documents: Mapping[str, Document]) -> list[str]:
    """A sentence for each operation id that generated clients would meet twice."""
    return [
        f"{service} has {count} operations called {name}; rename all but one of their functions."
        for service, document in documents.items()
        for name, count in Counter(_operation_ids(document)).items()
        if count > 1
    ]


def _document(service: str, data: Path) -> Document | None:
    application = module_if_any(f"services.{service}.app")
    settings = module_if_any(f"services.{service}.settings")
    if application is None or settings is None:
        return None
    own_settings = getattr(settings, f"{service.capitalize()}Settings")
    return dict(application.create_app(own_settings(data=data, database_url="", bus_url="")).openapi())


def _operation_ids(document: Document) -> Iterator[str]:
    for operations in document["paths"].values():
        for operation in operations.values():
            yield operation["operationId"]
