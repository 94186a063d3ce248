"""The OpenAPI document: what the framework derives from the routes, plus the token and the one form of failure."""

from collections.abc import Set
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

PROBLEM = {
    "description": "A problem (RFC 9457), in the language of Accept-Language",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "From `POST /api/directory/v1/token`",
}


class ProblemField(BaseModel):
    pointer: str
    """JSON pointer into the body; empty for a parameter, which `parameter` names."""
    detail: str
    parameter: str | None = None


class Problem(BaseModel):
    """Every failure. `type` is stable; `title` and `detail` follow Accept-Language."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[ProblemField] | None = None


class WebApp(FastAPI):
    """FastAPI whose document tells how every operation fails and which need no token."""

    public: Set[str] = frozenset()

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = self._completed(super().openapi())
        return self.openapi_schema

    def _completed(self, document: dict[str, Any]) -> dict[str, Any]:
        for path, operations in document["paths"].items():
            for operation in operations.values():
                operation["responses"].pop("422", None)
                operation["responses"]["default"] = PROBLEM
                operation["security"] = [] if path in self.public else [{"bearer": []}]
        components = document.setdefault("components", {})
        components["securitySchemes"] = {"bearer": BEARER}
        schemas = components.setdefault("schemas", {})
        for framework_s_own in ("HTTPValidationError", "ValidationError"):
            schemas.pop(framework_s_own, None)
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(problem.pop("$defs"), Problem=problem)
        return document
