"""Routes of the hot path: FastAPI's own, with their dependencies put in order once instead of on every request.

FastAPI walks the tree of dependencies anew for each request; for a submit that costs as much as the command. A LeanRoute
does the same for the usual request, one whose JSON body and parameters are valid, and hands everything else to FastAPI:
so what is refused, and how, is decided in one place. `router = APIRouter(route_class=LeanRoute)`.
"""

import json
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from inspect import isasyncgenfunction, iscoroutinefunction, unwrap
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

JSON = "application/json"
Handler = Callable[[Request], Awaitable[Response]]
Values = dict[str, Any]


class LeanRoute(APIRoute):
    """Where an endpoint uses what a lean route does not know, it is an ordinary route."""

    def get_route_handler(self) -> Handler:  # type: ignore[override]  # a coroutine is what FastAPI awaits as well
        usual = super().get_route_handler()
        return _Lean(self, usual).handle if _is_simple(self) else usual


def _is_simple(route: APIRoute) -> bool:
    steps = _in_order(route.dependant)
    bodies = route.dependant.body_params
    return (
        all(step.is_simple for step in steps) and len(bodies) <= 1 and not getattr(route, "_embed_body_fields", False)
    )


@dataclass(slots=True)
class _Step:
    """One dependency, or at last the endpoint; `needs` are the steps that give its arguments, by name."""

    node: Dependant
    needs: list[tuple[str, Hashable]]
    is_generator: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_generator = isasyncgenfunction(self.node.call)

    @property
    def key(self) -> Hashable:
        return self.node.call, self.node.scope

    @property
    def is_simple(self) -> bool:
        node = self.node
        call = unwrap(node.call) if node.call else None
        awaited = iscoroutinefunction(call) or (self.is_generator and node.scope == "function")
        special = (node.cookie_params, node.websocket_param_name, node.background_tasks_param_name, node.concurrency)
        return awaited and node.use_cache and not any(special) and not node.security_scopes_param_name

    async def solve(
        self, request: Request, response: Response, given: Values, solved: dict[Hashable, Any], stack: AsyncExitStack
    ) -> Any:
        arguments: Values = {name: solved[key] for name, key in self.needs}
        arguments |= given
        if self.node.request_param_name:
            arguments[self.node.request_param_name] = request
        if self.node.response_param_name:
            arguments[self.node.response_param_name] = response
        assert self.node.call
        if self.is_generator:
            return await stack.enter_async_context(asynccontextmanager(self.node.call)(**arguments))
        return await self.node.call(**arguments)


def _in_order(node: Dependant) -> list[_Step]:
    """Every dependency once, each after those that it needs; the endpoint is the last."""
    steps: dict[Hashable, _Step] = {}

    def visit(dependant: Dependant) -> _Step:
        inner = [(child.name, visit(child).key) for child in dependant.dependencies]
        step = _Step(dependant, [(name, key) for name, key in inner if name])
        return steps.setdefault(step.key, step)

    visit(node)
    return list(steps.values())


class _Unusual(Exception):
    """For FastAPI to answer."""


class _Lean:
    def __init__(self, route: APIRoute, usual: Handler) -> None:
        self._usual = usual
        self._status = route.status_code or 200
        self._steps = _in_order(route.dependant)
        self._body = next(iter(route.dependant.body_params), None)
        self._answer_type: TypeAdapter[Any] = TypeAdapter(route.response_model)

    async def handle(self, request: Request) -> Response:
        try:
            given = await self._given(request)
        except _Unusual:
            return await self._usual(request)
        response = Response()
        response.status_code = 0
        stack: AsyncExitStack = request.scope["fastapi_function_astack"]  # left before the answer is sent
        solved: dict[Hashable, Any] = {}
        for step, own in zip(self._steps, given, strict=True):
            solved[step.key] = await step.solve(request, response, own, solved, stack)
        return self._answer(solved[self._steps[-1].key], response)

    async def _given(self, request: Request) -> Sequence[Values]:
        """The valid parameters of each step. Raises _Unusual."""
        given = [_parameters(step.node, request) for step in self._steps]
        if self._body is not None:
            given[-1][self._body.name] = _valid(self._body, await _json(request), ("body",))
        return given

    def _answer(self, result: Any, response: Response) -> Response:
        if isinstance(result, Response):
            return result
        answer = Response(
            self._answer_type.dump_json(result, by_alias=True), response.status_code or self._status, media_type=JSON
        )
        answer.raw_headers.extend(header for header in response.raw_headers if header[0] != b"content-length")
        return answer


async def _json(request: Request) -> Any:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise _Unusual
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError) as malformed:
        raise _Unusual from malformed


def _parameters(node: Dependant, request: Request) -> Values:
    sources = (
        (node.path_params, request.path_params),
        (node.query_params, request.query_params),
        (node.header_params, request.headers),
    )
    values: Values = {}
    for fields, source in sources:
        for known in fields:
            raw = source.get(_wire_name(known))
            values[known.name] = (
                known.get_default() if raw is None and not known.field_info.is_required() else _valid(known, raw, ())
            )
    return values


def _wire_name(known: Any) -> str:
    name: str = known.field_info.alias or known.name
    return name.replace("_", "-") if getattr(known.field_info, "convert_underscores", False) else name


def _valid(known: Any, raw: Any, place: tuple[str, ...]) -> Any:
    value, errors = known.validate(raw, {}, loc=place)
    if errors:
        raise _Unusual
    return value
