"""The wiring of directory, on one screen."""

from fastapi import FastAPI

from services.directory.commands.tokens import SignIn
from services.directory.first_start import ensure_admin
from services.directory.models import CLOCK, CONSUMING, EVENT_LOG, Account, Unit, UnitGroup
from services.directory.passwords import Passwords
from services.directory.queries import OwnAccounts
from services.directory.routes import accounts, clients, groups, tokens, units
from services.directory.settings import DirectorySettings
from services.directory.signing import SigningKeys, TokenIssuer
from shared.bus.base import Bus
from shared.db import table_of
from shared.runtime import Service
from shared.web import create_web_app


def create_service(settings: DirectorySettings, bus: Bus | None = None) -> Service:
    return Service.create(
        "directory",
        settings,
        tables=EVENT_LOG,
        consuming=CONSUMING,
        clock=CLOCK,
        bus=bus,
        aggregates={cls.noun: table_of(cls) for cls in (Unit, UnitGroup, Account)},
        actors=OwnAccounts(),
    )


def create_app(settings: DirectorySettings, bus: Bus | None = None) -> FastAPI:
    service = create_service(settings, bus)
    keys = SigningKeys(service.database, settings.key_passphrase.get_secret_value())
    app = create_web_app(
        service,
        [tokens.router, units.router, groups.router, accounts.router, clients.router],
        title="Duban directory",
        public_paths=("/token", "/token/revoke", "/jwks.json", "/.well-known/openid-configuration"),
        keys=keys,
    )
    app.state.settings = settings
    app.state.signing_keys = keys
    app.state.passwords = Passwords()
    app.state.sign_in = SignIn(service.database, app.state.passwords, TokenIssuer(settings, keys))
    return app


async def prepare(app: FastAPI) -> None:
    """After the migrations, before the first request: the keys that sign and the first administrator."""
    await app.state.signing_keys.newest()
    await ensure_admin(app.state.service, app.state.settings)
