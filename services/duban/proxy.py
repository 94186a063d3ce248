"""One address in front of the services of `duban stack`, with the same paths as the embedded system.

For one machine and one person's trials; `deploy/` puts nginx in this place.
"""

import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

API = re.compile(r"/api/(\w+)/v1/")
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
# RFC 9110, section 7.6.1: they concern one connection and are not passed on.
HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
# No limit on the answer: a stream of events stays open.
TIMEOUT = httpx.Timeout(None, connect=5.0)


def create_proxy(upstreams: Mapping[str, str]) -> Starlette:
    """An application that passes `/api/SERVICE/v1/` to that service and the rest to `portal`; metrics stay inside."""
    client = httpx.AsyncClient(timeout=TIMEOUT, limits=httpx.Limits(max_connections=None, max_keepalive_connections=64))

    async def forward(request: Request) -> Response:
        upstream = _upstream_of(request.url.path, upstreams)
        if upstream is None:
            return Response(status_code=404)
        try:
            return _pass_back(await client.send(_passed_on(client, request, upstream), stream=True))
        except httpx.TransportError:
            return _unavailable()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with client:
            yield

    return Starlette(routes=[Route("/{path:path}", forward, methods=METHODS)], lifespan=lifespan)


def proxy_server(port: int, upstreams: Mapping[str, str]) -> uvicorn.Server:
    """The server of the proxy, which believes no client about its address."""
    app = create_proxy(upstreams)
    return uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, proxy_headers=False, log_level="warning", access_log=False)
    )


def _upstream_of(path: str, upstreams: Mapping[str, str]) -> str | None:
    if path.endswith("/metrics"):
        return None
    api = API.match(path)
    return upstreams.get(api[1]) if api else upstreams["portal"]


def _passed_on(client: httpx.AsyncClient, request: Request, upstream: str) -> httpx.Request:
    headers = [
        (name, value) for name, value in request.headers.raw if name not in HOP_BY_HOP and name != b"x-forwarded-for"
    ]
    if request.client:
        headers.append((b"x-forwarded-for", request.client.host.encode()))
    has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
    path = request.scope["raw_path"].decode("ascii")  # as it was sent, escapes and all
    target = f"{upstream}{path}?{request.url.query}" if request.url.query else upstream + path
    return client.build_request(request.method, target, headers=headers, content=request.stream() if has_body else None)


def _pass_back(answer: httpx.Response) -> Response:
    response = StreamingResponse(_chunks(answer), status_code=answer.status_code)
    response.raw_headers = [
        (name.lower(), value) for name, value in answer.headers.raw if name.lower() not in HOP_BY_HOP
    ]
    return response


async def _chunks(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()


def _unavailable() -> Response:
    problem = {
        "type": "urn:duban:problem:unavailable",
        "title": "暂时不可用",
        "status": 503,
        "detail": "服务正在启动或维护，请在 5 秒后重试。",
    }
    return JSONResponse(problem, status_code=503, media_type="application/problem+json", headers={"Retry-After": "5"})


if __name__ == "__main__":
    proxy_server(int(sys.argv[1]), dict(argument.split("=", 1) for argument in sys.argv[2:])).run()
