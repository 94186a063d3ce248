"""The API's documentation as one page made from its OpenAPI document: no script, nothing loaded from elsewhere."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from fastapi import APIRouter, Request
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from starlette.responses import HTMLResponse

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    document = request.app.openapi()
    return HTMLResponse(_template().render(api=document, operations=list(_operations(document)), schema=schema_name))


@cache
def _template() -> Template:
    environment = Environment(loader=PackageLoader("shared.web"), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("docs.html")


def _operations(document: dict[str, Any]) -> Iterable[dict[str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {})
            yield {
                "method": method.upper(),
                "path": path,
                "description": operation.get("description") or operation.get("summary", ""),
                "parameters": operation.get("parameters", []),
                "body": {kind: content.get("schema", {}) for kind, content in body.items()},
                "answers": {status: answer for status, answer in operation["responses"].items() if status != "default"},
                "public": operation.get("security") == [],
            }


def schema_name(schema: dict[str, Any]) -> str:
    """A schema in a few words: its name, or its type and form."""
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[-1])
    if "anyOf" in schema:
        return " | ".join(schema_name(choice) for choice in schema["anyOf"])
    if schema.get("type") == "array":
        return f"[{schema_name(schema.get('items', {}))}]"
    if "enum" in schema:
        return " | ".join(f'"{value}"' for value in schema["enum"])
    if "const" in schema:
        return f'"{schema["const"]}"'
    return " ".join(str(schema[name]) for name in ("type", "format", "pattern") if name in schema) or "any"
