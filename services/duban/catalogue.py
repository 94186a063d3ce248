"""The services of Duban by name: how each is made, and where its migrations are. Imported late, since that costs a second."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from fastapi import FastAPI

from shared.bus.base import Bus
from shared.settings import ServiceSettings

WITH_DATABASE = ("directory", "task", "notification", "reporting")
ALL = (*WITH_DATABASE, "portal")


@dataclass(frozen=True, slots=True)
class ServiceKind:
    """A service that this distribution can run."""

    name: str
    package: str

    @property
    def has_database(self) -> bool:
        return self.name in WITH_DATABASE

    def settings(self) -> ServiceSettings:
        """Its settings from the environment."""
        module = import_module(f"{self.package}.settings")
        cls: type[ServiceSettings] = getattr(module, f"{self.name.title()}Settings")
        return cls.for_service(self.name)

    def create_app(self, settings: ServiceSettings, bus: Bus | None = None) -> FastAPI:
        create: Callable[..., Any] = import_module(f"{self.package}.app").create_app
        app: FastAPI = create(settings, bus) if self.has_database else create(settings)
        return app

    async def prepare(self, app: FastAPI) -> None:
        """What the service needs after its migrations and before its first request, if anything."""
        prepare = getattr(import_module(f"{self.package}.app"), "prepare", None)
        if prepare is not None:
            await prepare(app)


def service_kind(name: str) -> ServiceKind:
    """Raises KeyError for a name that is no service."""
    if name not in ALL:
        raise KeyError(name)
    return ServiceKind(name, f"services.{name}")
