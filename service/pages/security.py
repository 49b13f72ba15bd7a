"""What guards the pages: a CSRF token bound to the session, and headers that let nothing foreign run.

The policy has no `unsafe-inline`. Its one hash is that of the empty text: Plotly puts an empty style element into the
page and fills it by rules, which the policy allows.
"""

from __future__ import annotations

import hashlib
import hmac

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.problems import ServiceError

HEADER, FORM_FIELD = "X-CSRF-Token", "csrf"
SAFE = ("GET", "HEAD", "OPTIONS")
_EMPTY = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
POLICY = "; ".join(
    (
        "default-src 'self'",
        f"style-src 'self' {_EMPTY}",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


def csrf_token(session: str, key: bytes) -> str:
    """The token of a session (or of the sign-in form's passing cookie)."""
    return hmac.digest(key, f"csrf\0{session}".encode(), hashlib.sha256).hex()


def check(request: Request, session: str, given: str) -> None:
    """A request that changes something must carry the session's token. Raises ServiceError 403."""
    if request.method in SAFE:
        return
    wanted = csrf_token(session, request.app.state.settings.signing_key())
    if not hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace")):
        raise ServiceError(403, "session.csrf", "这一页太旧了，请刷新后再试")


class Guard:
    """Security headers on every answer; the content policy on pages."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"
                if headers.get("content-type", "").startswith("text/html"):
                    headers.setdefault("Cache-Control", "no-store")
                    headers["Content-Security-Policy"] = POLICY
            await send(message)

        await self.app(scope, receive, guarded)
