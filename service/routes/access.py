"""Who asks, and may they: an API key, or else the session of a page, as FastAPI dependencies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from service.callers import Callers
from service.pages.session import api_caller
from service.problems import ServiceError
from service.store.keys import Caller

bearer = HTTPBearer(auto_error=False, description="API 钥匙：fieldnote keys create …")
KEY_OPTIONAL: dict[str, Any] = {"security": [{}, {"HTTPBearer": []}]}  # for OpenAPI: without storing, no key is needed
Token = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


async def caller_of(request: Request, token: Token) -> Caller:
    """The tenant and rights behind the key. Raises ServiceError 401."""
    caller = await maybe_caller(request, token)
    if caller is None:
        raise ServiceError(401, "key.missing", "请带上钥匙：Authorization: Bearer <key>")
    return caller


async def maybe_caller(request: Request, token: Token) -> Caller | None:
    """The same, or None without a key and a session. A key that is wrong is refused, not ignored.

    The caller is also left in the request's state, where `Masking` looks.
    """
    caller = request.state.caller = await _found(request, token)
    return caller


async def _found(request: Request, token: HTTPAuthorizationCredentials | None) -> Caller | None:
    if token is None:
        return await run_in_threadpool(api_caller, request) if request.cookies else None
    callers: Callers = request.app.state.callers
    caller = callers.known(token.credentials) or await run_in_threadpool(callers.look_up, token.credentials)
    if caller is None:
        raise ServiceError(401, "key.invalid", "钥匙不对、已过期或已停用；请管理员重新发一把")
    return caller


def needs(scope: str) -> Callable[[Caller], Awaitable[Caller]]:
    """A dependency that asks for a scope. Raises ServiceError 403."""

    async def check(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
        if not caller.may(scope):
            raise ServiceError(403, "key.scope", f"这把钥匙没有 {scope} 权限")
        return caller

    return check


Decider = Annotated[Caller, Depends(needs("confirm"))]
Manager = Annotated[Caller, Depends(needs("manage"))]
Admin = Annotated[Caller, Depends(needs("admin"))]
Anyone = Annotated[Caller, Depends(caller_of)]
Maybe = Annotated[Caller | None, Depends(maybe_caller)]
