"""Routes put together once for a process."""

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.routing import BaseRoute

_together: dict[tuple[str, tuple[int, ...]], Sequence[BaseRoute]] = {}


def put_together(routers: Sequence[APIRouter], prefix: str = "") -> Sequence[BaseRoute]:
    """The routes of these routers under a prefix: the same ones for every application, as each request names its own.

    FastAPI takes some 50 ms for a service's routes, and tests make hundreds of applications.
    """
    key = prefix, tuple(map(id, routers))  # routers have no hash; what is kept holds them, so no other gets their id
    if key not in _together:
        router = APIRouter(generate_unique_id_function=lambda route: route.name)
        for each in routers:
            router.include_router(each, prefix=prefix)
        _together[key] = router.routes
    return _together[key]
