"""The services of Duban by name: how each is made, and where its migrations are. Imported late, since that costs a second."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from fastapi import FastAPI
from pydantic import ValidationError

from services.duban.refusals import CannotStart
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
        """Its settings from the environment. Raises CannotStart where one cannot be read."""
        module = import_module(f"{self.package}.settings")
        cls: type[ServiceSettings] = getattr(module, f"{self.name.title()}Settings")
        try:
            return cls.for_service(self.name)
        except ValidationError as wrong:
            names = ", ".join(f"DUBAN_{str(error['loc'][0]).upper()} ({error['msg']})" for error in wrong.errors())
            raise CannotStart(f"配置有误，请修改 Wrong settings, correct them: {names}") from wrong

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
