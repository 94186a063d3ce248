"""What machines ask a service about itself: whether it lives, whether it is ready, what it measures."""

from dataclasses import asdict, dataclass
from typing import Any

from fastapi import APIRouter, Query, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.db.migrations import current, head
from shared.errors import Unavailable
from shared.runtime import Service
from shared.web.dependencies import service_of

router = APIRouter(tags=["operation"])


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    ok: bool
    says: str


@router.get("/livez")
async def livez() -> dict[str, str]:
    """Whether the process answers."""
    return {"status": "alive"}


@router.get("/readyz")
async def readyz(request: Request, response: Response, verbose: str | None = Query(None)) -> dict[str, Any]:
    """Whether everything that the service stands on is there; with `?verbose` also what is. Work may be accepted before."""
    checks = await run_checks(service_of(request), request.app.state.package)
    ready = all(check.ok for check in checks)
    response.status_code = 200 if ready else 503
    told = [asdict(check) for check in checks if verbose is not None or not check.ok]
    return {"status": "ready" if ready else "not ready", "checks": told}


@router.get("/metrics")
async def metrics() -> Response:
    """Prometheus metrics of this process. Not for the public: the proxy hides them."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def run_checks(service: Service, package: str) -> list[Check]:
    if not await service.database.ping():
        return [Check("database", False, "no answer"), await _bus(service)]
    return [
        Check("database", True, "answers"),
        await _migrations(service, package),
        await _bus(service),
        _work(service),
    ]


async def _migrations(service: Service, package: str) -> Check:
    try:
        at, newest = await current(service.database), head(package)
    except Unavailable:
        return Check("migrations", False, "the database does not answer")
    return Check("migrations", at == newest, f"at {at}" if at == newest else f"at {at}, the code expects {newest}")


async def _bus(service: Service) -> Check:
    reachable = await service.bus.reachable()
    return Check(
        "bus", reachable, "answers" if reachable else "no answer; accepted work is kept and sent when it returns"
    )


def _work(service: Service) -> Check:
    return Check("work", not service.problem, service.problem or "nothing stuck")
