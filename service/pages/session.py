"""Who is at the page: a signed-in person, or somebody who came by the signed link of one card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import Depends, Request, Response

from extractor.errors import FieldNoteError
from service.accounts import SESSION, caller_for, session_user
from service.links import read_link
from service.pages import security
from service.problems import ServiceError
from service.store.database import now
from service.store.keys import Caller
from service.store.questions import retractions

COOKIE, CARD_COOKIE = "fieldnote_session", "fieldnote_card"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody at a page. `token` is what the session stands on; `only` is the one extraction a link is good for."""

    caller: Caller
    role: str
    token: str
    only: str | None = None

    @property
    def name(self) -> str:
        return self.caller.name

    def may(self, scope: str) -> bool:
        return self.caller.may(scope)


class SignInNeededError(FieldNoteError):
    """Nobody is signed in; `after` is the local path to come back to."""

    code = "session.missing"

    def __init__(self, after: str) -> None:
        super().__init__(after)
        self.after = after


def visitor_of(request: Request) -> Visitor | None:
    """The visitor behind the request's cookies, or None. A full session comes before a card's link."""
    key = request.app.state.settings.signing_key()
    if token := request.cookies.get(COOKIE):
        with request.app.state.database.read() as connection:
            user = session_user(connection, token, key)
        if user is not None:
            return Visitor(caller_for(user), user.role, token)
    return _by_link(request.cookies.get(CARD_COOKIE), key)


def _by_link(cookie: str | None, key: bytes) -> Visitor | None:
    if not cookie:
        return None
    token = unquote(cookie)
    link = read_link(token, key, at=now())
    if link is None:
        return None
    return Visitor(Caller(link.tenant, link.person, frozenset({"confirm"})), "rep", token, link.extraction)


def api_caller(request: Request) -> Caller | None:
    """The page session as a caller of `/v1`. Raises ServiceError 403 without the CSRF token, or beyond the link."""
    visitor = visitor_of(request)
    if visitor is None:
        return None
    security.check(request, visitor.token, request.headers.get(security.HEADER, ""))
    if visitor.only and not _within(request, visitor):
        raise ServiceError(403, "link.scope", "这个链接只能处理它那一张确认卡；其他请登录后再看")
    return visitor.caller


def _within(request: Request, visitor: Visitor) -> bool:
    """A link is good for its extraction's suggestions, for reading words, and for what its note takes back."""
    path, own = request.url.path, f"/v1/extractions/{visitor.only}"
    if path in (own, f"{own}/decisions") or path.startswith("/v1/fields/"):
        return True
    with request.app.state.database.read() as connection:
        taken_back = retractions(connection, visitor.caller.tenant, visitor.only or "")
    return path in [f"/v1/reconfirmations/{row['id']}" for row in taken_back]


def page_user(scope: str, *, card: bool = False) -> Callable[[Request], Visitor]:
    """A dependency: a signed-in person who may do `scope` (empty: anybody); `card` also lets in who came by a link.

    Raises SignInNeededError (a redirect to the sign-in page) or ServiceError 403.
    """

    def find(request: Request) -> Visitor:
        visitor = visitor_of(request)
        if visitor is None or (visitor.only and not card):
            path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            raise SignInNeededError(path if request.method == "GET" else "/")
        if scope and not visitor.may(scope):
            raise ServiceError(403, "page.role", "你的角色看不到这一页；需要的话请找管理员")
        return visitor

    return find


AnyPage = Annotated[Visitor, Depends(page_user(""))]
CardPage = Annotated[Visitor, Depends(page_user("confirm", card=True))]
RepPage = Annotated[Visitor, Depends(page_user("confirm"))]
AnnotatorPage = Annotated[Visitor, Depends(page_user("annotate"))]
ManagerPage = Annotated[Visitor, Depends(page_user("manage"))]
AdminPage = Annotated[Visitor, Depends(page_user("admin"))]


def local(path: str) -> str:
    """The path if it stays on this site, else `/`; so that a sign-in link cannot lead elsewhere."""
    inside = path.startswith("/") and not path.startswith("//") and path.isprintable() and "\\" not in path
    return path if inside else "/"


def remember(request: Request, response: Response, token: str, *, name: str = COOKIE) -> None:
    """Put a session into the browser: not for scripts, not for other sites, encrypted lines only in production."""
    response.set_cookie(
        name, quote(token, safe=""), max_age=int(SESSION.total_seconds()), httponly=True, samesite="lax",
        secure=request.app.state.settings.env != "development",
    )  # fmt: skip


def forget(response: Response) -> None:
    """End the session in this browser."""
    for name in (COOKIE, CARD_COOKIE):
        response.delete_cookie(name)
