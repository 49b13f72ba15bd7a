"""The pages put together: which areas there are, and what they hang into the application."""

from __future__ import annotations

from fastapi import FastAPI

from service.pages import (
    annotator,
    assets,
    audit,
    board,
    customer,
    models,
    people,
    reference,
    rep,
    sandbox,
    signin,
    triggers,
    tryout,
    webhooks,
)
from service.pages.render import NavLink, refused, to_sign_in
from service.pages.security import Guard
from service.pages.session import SignInNeededError
from service.problems import ServiceError

AREAS = (
    signin,
    rep,
    customer,
    tryout,
    annotator,
    sandbox,
    triggers,
    board,
    models,
    webhooks,
    people,
    audit,
    reference,
)  # each has `router`, and `NAV` where it has entries; their order is that of the navigation


def install(app: FastAPI) -> None:
    """Routes, navigation, security headers, and errors as pages."""
    nav: list[NavLink] = []
    for area in AREAS:
        nav += getattr(area, "NAV", ())
        app.include_router(area.router, include_in_schema=False)
    app.include_router(assets.router)
    app.state.nav = tuple(nav)
    app.add_exception_handler(ServiceError, refused)
    app.add_exception_handler(SignInNeededError, to_sign_in)
    app.add_middleware(Guard)
