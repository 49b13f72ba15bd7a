"""Signing in and out, and the way from `/` to the page of one's work."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from service import accounts, throttle
from service.pages import security
from service.pages.render import page
from service.pages.session import forget, local, remember, visitor_of
from service.store import audit

VISIT = "fieldnote_visit"  # a passing cookie: the sign-in form's CSRF token is bound to it
HOMES = (("confirm", "/inbox"), ("annotate", "/annotate"))
Name = Annotated[str, Form(max_length=200)]
router = APIRouter()


@router.get("/")
def home(request: Request) -> Response:
    """To the page of one's work."""
    visitor = visitor_of(request)
    if visitor is None:
        return RedirectResponse("/signin", 303)
    if visitor.only:
        return RedirectResponse(f"/confirm/{visitor.only}", 303)
    return RedirectResponse(next((path for scope, path in HOMES if visitor.may(scope)), "/signin"), 303)


@router.get("/signin")
def form(request: Request, next: str = "/") -> Response:
    """The form."""
    return _form(request, after=local(next))


@router.post("/signin")
def sign_in(
    request: Request, tenant: Name, name: Name, password: Annotated[str, Form(max_length=1000)],
    csrf: Annotated[str, Form(max_length=200)] = "", next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:  # fmt: skip
    """Open a session, or show the form again without telling which of the three was wrong."""
    security.check(request, request.cookies.get(VISIT, ""), csrf)
    state = request.app.state
    address = request.client.host if request.client else ""
    user = throttle.sign_in(state.database, tenant.strip(), name.strip(), password, address=address)
    if user is None:
        return _form(request, after=local(next), tenant=tenant, name=name, wrong=True)
    with state.database.write() as connection:
        audit.record(connection, user.tenant, user.name, "session.open", user.id)
    answer = RedirectResponse(local(next), 303)
    remember(request, answer, accounts.open_session(user, state.settings.signing_key()))
    answer.delete_cookie(VISIT)
    return answer


@router.post("/signout")
def sign_out(request: Request, csrf: Annotated[str, Form(max_length=200)] = "") -> Response:
    """End the session in this browser."""
    if visitor := visitor_of(request):
        security.check(request, visitor.token, csrf)
    answer = RedirectResponse("/signin", 303)
    forget(answer)
    return answer


def _form(request: Request, *, after: str, tenant: str = "", name: str = "", wrong: bool = False) -> Response:
    visit = request.cookies.get(VISIT) or secrets.token_urlsafe(16)
    token = security.csrf_token(visit, request.app.state.settings.signing_key())
    answer = page(
        request, "signin.html", None, status=401 if wrong else 200, after=after, tenant=tenant, name=name,
        form_token=token, wrong=wrong,
    )  # fmt: skip
    secure = request.app.state.settings.env != "development"
    answer.set_cookie(VISIT, visit, max_age=3600, httponly=True, samesite="lax", secure=secure)
    return answer
