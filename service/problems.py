"""Errors as RFC 9457 `application/problem+json`, each with a stable `code` and a Chinese `detail` that says what to do.

ServiceError            a request that cannot be served; carries its HTTP status
└── (the rooms of the service hang their own under it)
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from extractor.errors import FieldNoteError, NoteError
from extractor.types import Json

MEDIA_TYPE = "application/problem+json"


class ServiceError(FieldNoteError):
    """A refused request: status, stable code, what to do; `extra` goes into the problem's body."""

    def __init__(self, status: int, code: str, detail: str, *, extra: dict[str, Json] | None = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.extra = status, code, detail, extra or {}


def problem(
    status: int, code: str, detail: str, *, extra: dict[str, Any] | None = None, headers: dict[str, str] | None = None
) -> JSONResponse:
    """One problem document; `retry_after` (seconds) in `extra` is a header too."""
    if extra and "retry_after" in extra:
        headers = {**(headers or {}), "Retry-After": str(extra["retry_after"])}
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": detail}
    return JSONResponse(body | (extra or {}), status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Let every error of the service leave as a problem document."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ServiceError, _refused)
    app.add_exception_handler(NoteError, _bad_note)
    app.add_exception_handler(DataError, _unstorable)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Where the body does not fit: the place and the message, never the user's text itself."""
    assert isinstance(error, RequestValidationError)
    places = [{"at": "/".join(map(str, e["loc"])), "message": str(e["msg"])} for e in error.errors()[:20]]
    first = places[0] if places else {"at": "body", "message": ""}
    return problem(422, "request.invalid", f"请求不合格式：{first['at']}：{first['message']}", extra={"errors": places})


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    codes = {404: "request.not_found", 405: "request.method", 400: "request.bad_body"}
    code = codes.get(error.status_code, "request.refused")
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    return problem(error.status_code, code, str(error.detail), headers=headers)


def _methods(request: Request) -> set[str]:
    """All methods of the path, over all its routes; Starlette alone names those of the first."""
    same = (r for r in request.app.routes if r.matches(request.scope)[0] is not Match.NONE)
    return {method for route in same for method in getattr(route, "methods", None) or ()}


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ServiceError)
    return problem(error.status, error.code, error.detail, extra=error.extra)


async def _bad_note(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, NoteError)
    return problem(422, error.code, str(error))


async def _unstorable(request: Request, error: Exception) -> JSONResponse:
    """A text in an address that the database can neither hold nor look for: U+0000 on PostgreSQL."""
    return problem(422, "request.invalid", "请求里有数据库存不下的字符（例如 U+0000）；请去掉它")
