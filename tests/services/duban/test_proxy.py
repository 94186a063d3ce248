"""The proxy with real servers behind and before it, on ports of this machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from services.duban.proxy import proxy_server
from shared.testing.process import free_port


async def echo(request: Request) -> Response:
    answer = JSONResponse(
        {
            "path": request.scope["raw_path"].decode(),
            "query": request.url.query,
            "body": (await request.body()).decode(),
            "forwarded": request.headers.get("x-forwarded-for"),
            "host": request.headers["host"],
        },
        status_code=207,
    )
    answer.set_cookie("a", "1")
    answer.set_cookie("b", "2")
    return answer


async def stream(_: Request) -> Response:
    async def events() -> AsyncIterator[bytes]:
        yield b"data: 1\n\n"
        await asyncio.Event().wait()

    return StreamingResponse(events(), media_type="text/event-stream")


async def too_large(_: Request) -> Response:
    return Response(status_code=413)


UPSTREAM = Starlette(
    routes=[
        Route("/api/task/v1/board/stream", stream),
        Route("/api/task/v1/files", too_large, methods=["POST"]),
        Route("/{path:path}", echo, methods=["GET", "PUT"]),
    ]
)


@asynccontextmanager
async def serving(server: uvicorn.Server) -> AsyncIterator[str]:
    server.config.timeout_graceful_shutdown = 1
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.config.port}"
    server.should_exit = True
    await running


@pytest.fixture
async def front() -> AsyncIterator[httpx.AsyncClient]:
    behind = uvicorn.Server(uvicorn.Config(UPSTREAM, port=free_port(), proxy_headers=False, log_level="error"))
    async with serving(behind) as upstream:
        nobody = f"http://127.0.0.1:{free_port()}"
        proxy = proxy_server(free_port(), {"task": upstream, "portal": upstream, "reporting": nobody})
        async with serving(proxy) as url, httpx.AsyncClient(base_url=url) as client:
            yield client


async def test_a_request_reaches_its_service_as_it_was_sent(front: httpx.AsyncClient) -> None:
    answer = await front.put(
        "/api/task/v1/a%2Fb/%E7%A6%8F?x=1&x=%26", content="正文", headers={"X-Forwarded-For": "6.6.6.6"}
    )
    assert answer.status_code == 207
    assert answer.json() == {
        "path": "/api/task/v1/a%2Fb/%E7%A6%8F",
        "query": "x=1&x=%26",
        "body": "正文",
        "forwarded": "127.0.0.1",
        "host": front.base_url.netloc.decode(),
    }
    assert answer.headers.get_list("set-cookie") == ["a=1; Path=/; SameSite=lax", "b=2; Path=/; SameSite=lax"]


async def test_what_is_no_service_goes_to_the_portal(front: httpx.AsyncClient) -> None:
    assert (await front.get("/plans")).json()["path"] == "/plans"


async def test_an_event_arrives_while_the_stream_is_open(front: httpx.AsyncClient) -> None:
    async with front.stream("GET", "/api/task/v1/board/stream") as answer:
        assert await anext(answer.aiter_bytes()) == b"data: 1\n\n"


async def test_a_service_may_refuse_a_body_before_it_has_read_it(front: httpx.AsyncClient) -> None:
    answer = await front.post("/api/task/v1/files", content=b"x" * 10_500_000)
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/api/task/v1/metrics", "/metrics", "/api/unknown/v1/x"])
async def test_metrics_and_unknown_services_are_not_found(front: httpx.AsyncClient, path: str) -> None:
    assert (await front.get(path)).status_code == 404


async def test_a_service_that_is_down_is_said_to_be_so(front: httpx.AsyncClient) -> None:
    answer = await front.get("/api/reporting/v1/overview")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.headers["content-type"] == "application/problem+json"
