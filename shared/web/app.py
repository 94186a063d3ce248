"""A service's web application: its own routes, the routes that every service has, and one form of failure."""

from collections.abc import Iterable, Sequence

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from shared.auth.keys import KnownKeys, fetch_from, known_keys_table
from shared.auth.tokens import KeySource, TokenVerifier
from shared.runtime import Service
from shared.web import clock, docs, health, operators
from shared.web.dependencies import AUTHENTICATES
from shared.web.edge import Edge
from shared.web.openapi import WebApp
from shared.web.problems import install_problem_handlers
from shared.web.routing import put_together

ALWAYS_PUBLIC = ("/livez", "/readyz", "/metrics", "/docs", "/openapi.json")
OF_EVERY_SERVICE = (health.router, operators.router, clock.router, docs.router)


class OpenRoute(Exception):
    """A route neither asks who calls nor is declared public."""


def create_web_app(
    service: Service,
    routers: Sequence[APIRouter],
    *,
    title: str,
    public_paths: Iterable[str] = (),
    keys: KeySource | None = None,
    package: str | None = None,
) -> WebApp:
    """The application under `/api/<service>/v1`.

    `public_paths` are the service's routes that need no token, e.g. `/token`: any other route without a `Caller` or
    `Reader` raises OpenRoute here. `keys` replaces the directory's key set. `package` is where `migrations` lies.
    """
    prefix = f"/api/{service.name}/v1"
    app = WebApp(
        title=title,
        version="1",
        openapi_url=f"{prefix}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    app.public = {prefix + path for path in (*ALWAYS_PUBLIC, *public_paths)}
    app.state.service = service
    app.state.package = package or f"services.{service.name}"
    app.state.verifier = TokenVerifier(service.settings.issuer, service.settings.audience, keys or _known_keys(service))
    app.router.routes.extend(put_together((*routers, *OF_EVERY_SERVICE), prefix))
    _refuse_open_routes(app)
    install_problem_handlers(app)
    app.add_middleware(Edge, service=service.name)
    return app


def _known_keys(service: Service) -> KnownKeys:
    table = known_keys_table(service.tables.log.metadata)
    return KnownKeys(service.database, table, fetch_from(service.settings.directory_url))


def _refuse_open_routes(app: WebApp) -> None:
    for route in iter_route_contexts(app.routes):
        if route.path not in app.public and not _asks_who_calls(route.dependant):
            raise OpenRoute(f"{route.methods} {route.path} has no Caller or Reader and is not in public_paths")


def _asks_who_calls(dependant: Dependant) -> bool:
    return any(inner.call in AUTHENTICATES or _asks_who_calls(inner) for inner in dependant.dependencies)
