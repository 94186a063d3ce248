"""The wiring of the portal, on one screen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import httpx
from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.staticfiles import StaticFiles

from services.portal.clients import Http
from services.portal.failures import install_failure_pages
from services.portal.headers import PageHeaders
from services.portal.routes import board, entrance, health
from services.portal.sessions import Sessions, session_key
from services.portal.settings import PortalSettings
from shared.web.edge import Edge
from shared.web.routing import put_together

HERE = Path(__file__).parent
NO_TELEMETRY = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}


def create_app(settings: PortalSettings, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """The pages at `/`. `transport` replaces the network between the portal and the services."""
    http = Http(settings, transport)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await http.close()

    app = FastAPI(title="Duban portal", openapi_url=None, lifespan=lifespan, telemetry=NO_TELEMETRY)  # type: ignore[arg-type]
    app.state.http = http
    app.state.url = settings.url
    app.state.sessions = Sessions(session_key(settings.session_key.get_secret_value(), settings.data))
    app.state.templates = _templates()
    install_failure_pages(app)
    app.router.routes.extend(put_together((health.router, entrance.router, board.router)))
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    app.add_middleware(PageHeaders)
    app.add_middleware(Edge, service="portal")
    return app


@cache
def _templates() -> Environment:
    """One for the process, as are the pages that it compiles."""
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
