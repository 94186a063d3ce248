"""Every failure as a problem document (RFC 9457), in the caller's language."""

from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from shared.bus.base import BusUnavailable
from shared.db.failures import exists_already
from shared.errors import AppError, Text, Unavailable, VersionConflict
from shared.web.language import preferred
from shared.web.validation import InvalidRequest, MalformedJson

PROBLEM = "application/problem+json"
TYPE_PREFIX = "urn:duban:problem:"
log = structlog.get_logger()


class NoSuchAddress(AppError):
    code, status = "no-such-address", 404
    title = Text("地址不存在", "No such address")
    detail = Text(
        "没有这个地址，可查看接口文档 docs。", "There is nothing at this address; see the API documentation at docs."
    )


class MethodNotAllowed(AppError):
    code, status = "method-not-allowed", 405
    title = Text("方法不适用", "Method not allowed")
    detail = Text("这个地址只接受 {allowed}。", "This address takes {allowed} only.")


class BadRequest(AppError):
    code, status = "bad-request", 400
    title = Text("请求格式有误", "Bad request")
    detail = Text("请求内容无法读取，请检查格式和编码。", "The request could not be read; check its form and encoding.")


class UnstorableText(AppError):
    code, status = "unstorable-text", 422
    title = Text("含有不可存储的字符", "Unstorable character")
    detail = Text(
        "文字中含有数据库不能保存的字符（如 U+0000），请删除后重试。",
        "The text holds a character that cannot be stored (such as U+0000); remove it.",
    )


class InternalError(AppError):
    code, status = "internal-error", 500
    title = Text("系统内部错误", "Internal error")
    detail = Text(
        "系统出错，内容没有改变。请稍后重试；仍不成功时请把 request_id 告诉管理员。",
        "Something failed inside and nothing was changed. Try again; if it persists, give the request_id to the operator.",
    )


def problem_response(scope: Scope, error: AppError) -> Response:
    """The answer that tells this failure."""
    language = preferred(Headers(scope=scope).get("accept-language", ""))
    headers = {**error.headers, "Content-Language": language, "Vary": "Accept-Language"}
    body = orjson.dumps(problem_document(error, language, scope.get("duban.request_id", "")))
    return Response(body, error.status, headers, PROBLEM)


def problem_document(error: AppError, language: str, request_id: str) -> dict[str, Any]:
    document: dict[str, Any] = {
        "type": TYPE_PREFIX + error.code,
        "title": error.title.in_language(language),
        "status": error.status,
        "detail": error.sentence(language),
        "request_id": request_id,
        **error.members,
    }
    if error.errors:
        document["errors"] = [_field(pointer, text.in_language(language)) for pointer, text in error.errors]
    return document


def _field(pointer: str, detail: str) -> dict[str, str]:
    """Body fields by JSON pointer; a parameter, which has none, is marked by its `?`."""
    if pointer.startswith("?"):
        return {"pointer": "", "parameter": pointer[1:], "detail": detail}
    return {"pointer": pointer, "detail": detail}


def install_problem_handlers(app: FastAPI) -> None:
    app.add_exception_handler(AppError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _of_the_router)
    app.add_exception_handler(DBAPIError, _of_the_database)
    app.add_exception_handler(BusUnavailable, _of_the_bus)


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    return problem_response(request.scope, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = error.errors()
    malformed = any(problem["type"] == "json_invalid" for problem in problems)
    return problem_response(request.scope, MalformedJson() if malformed else InvalidRequest(problems))


async def _of_the_router(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem_response(request.scope, _translated(error, error.headers or {}))


def _translated(error: HTTPException, headers: Mapping[str, str]) -> AppError:
    if isinstance(error.__cause__, AppError):  # raised while the framework read the body
        return error.__cause__
    if isinstance(error.__cause__, (UnicodeDecodeError, RecursionError)):
        return MalformedJson()
    if error.status_code == 404:
        return NoSuchAddress()
    if error.status_code == 405:
        return MethodNotAllowed(allowed=headers.get("Allow", "-"), headers=headers)
    return BadRequest()


async def _of_the_bus(request: Request, _error: Exception) -> Response:
    return problem_response(request.scope, Unavailable())


async def _of_the_database(request: Request, error: Exception) -> Response:
    """PostgreSQL refuses U+0000 in text; of two who create the same at once, the later may only be seen by a unique index.

    Any other failure is ours and goes to the edge.
    """
    assert isinstance(error, DBAPIError)
    if getattr(error.orig, "sqlstate", None) in ("22021", "22P05"):
        return problem_response(request.scope, UnstorableText())
    if exists_already(error):
        log.warning("created twice at once", method=request.method, path=request.url.path, index=_index(error))
        return problem_response(request.scope, VersionConflict())
    raise error


def _index(error: DBAPIError) -> str:
    """Which one, without the values: SQLite's message names columns, PostgreSQL's has a part of its own."""
    return getattr(error.driver_exception, "constraint_name", None) or str(error.orig)
