"""The services of Duban by name: how each is made, and where its migrations are. Imported late, since that costs a second."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from fastapi import FastAPI
from pydantic import SecretStr, ValidationError

from services.duban.refusals import CannotStart
from shared.bus.base import Bus
from shared.settings import ServiceSettings
from shared.web.validation import InvalidRequest

WITH_DATABASE = ("directory", "task", "notification", "reporting")
ALL = (*WITH_DATABASE, "portal")
LONGEST_SHOWN = 80


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
            raise CannotStart("\n".join(_wrong_settings(self.name, cls, wrong))) from wrong

    def create_app(self, settings: ServiceSettings, bus: Bus | None = None) -> FastAPI:
        create: Callable[..., Any] = import_module(f"{self.package}.app").create_app
        app: FastAPI = create(settings, bus) if self.has_database else create(settings)
        return app

    async def prepare(self, app: FastAPI) -> None:
        """What the service needs after its migrations and before its first request, if anything."""
        prepare = getattr(import_module(f"{self.package}.app"), "prepare", None)
        if prepare is not None:
            await prepare(app)


def settings_of_all() -> dict[str, ServiceSettings]:
    """Of every service, before anything is made. Raises CannotStart where one setting of one service is wrong."""
    return {name: service_kind(name).settings() for name in ALL}


def _wrong_settings(service: str, cls: type[ServiceSettings], wrong: ValidationError) -> list[str]:
    """A sentence for each wrong setting, by the variable that holds it."""
    problems = [{**error, "loc": ("body", error["loc"][0])} for error in wrong.errors()]
    return [_wrong_setting(service, cls, e.pointer.strip("/"), *e.detail) for e in InvalidRequest(problems).errors]


def _wrong_setting(service: str, cls: type[ServiceSettings], field: str, zh: str, en: str) -> str:
    own = f"DUBAN_{service}_{field}".upper()
    name = own if own in os.environ else f"DUBAN_{field}".upper()
    value = "" if cls.model_fields[field].annotation is SecretStr else f"={os.environ.get(name, '')[:LONGEST_SHOWN]}"
    return f"{name}{value} {zh}，请修改。 {name} {en}; correct it."


def service_kind(name: str) -> ServiceKind:
    """Raises KeyError for a name that is no service."""
    if name not in ALL:
        raise KeyError(name)
    return ServiceKind(name, f"services.{name}")
