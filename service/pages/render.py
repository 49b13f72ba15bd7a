"""Templates into pages: autoescaped, in the visitor's language, with only the navigation the visitor may use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from service.pages import assets, security, words
from service.pages.session import SignInNeededError, Visitor, visitor_of
from service.problems import ServiceError, problem

TEMPLATES = Path(__file__).parent / "templates"
CHINA = timezone(timedelta(hours=8))
YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class NavLink:
    """An entry of the navigation: where to, its key in the words, the scope it asks for (empty: none)."""

    path: str
    word: str
    scope: str


@cache
def environment() -> Environment:
    """Autoescape for every template whatever its name; a missing variable is an error."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    made.filters["when"] = when
    made.globals.update(static=assets.static, plotly_tags=assets.plotly_tags)
    return made


def when(moment: str | datetime) -> str:
    """A moment (ISO text, or aware) for people: Chinese time, to the minute."""
    read = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{read.astimezone(CHINA):%Y-%m-%d %H:%M}"


def page(
    request: Request, template: str, visitor: Visitor | None, *, status: int = 200, speak: tuple[str, ...] = (),
    **given: Any,
) -> HTMLResponse:  # fmt: skip
    """A page. Templates get `t` (words), `visitor`, `csrf`, `nav`, `data_script`; scripts get the words of `speak`."""
    t = words.speech_for(request)
    state = request.app.state
    nav = [n for n in state.nav if visitor and not visitor.only and (not n.scope or visitor.may(n.scope))]
    other = next(language for language in words.LANGUAGES if language != t.language)
    context = {
        "t": t, "other_language": request.url.include_query_params(lang=other).query,
        "visitor": visitor, "nav": nav, "path": request.url.path, "request": request,
        "csrf": security.csrf_token(visitor.token, state.settings.signing_key()) if visitor else "",
        "colours": assets.colours_url(state.engine.contract), "script_words": t.under("base", *speak),
        "data_script": data_script,
    }  # fmt: skip
    answer = HTMLResponse(environment().get_template(template).render({**context, **given}), status)
    if request.query_params.get("lang") in words.LANGUAGES:
        answer.set_cookie(words.COOKIE, t.language, max_age=YEAR, samesite="lax")
    return answer


def data_script(name: str, data: Any) -> Markup:
    """Data for a script, as a JSON block that no browser runs."""
    return Markup('<script type="application/json" id="{}">{}</script>').format(name, htmlsafe_json_dumps(data))


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks for a page, not a program for data."""
    data = ("/v1", "/wecom", "/health", "/metrics", "/static")
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(data)


async def refused(request: Request, error: Exception) -> Response:
    """An error of the service as a page for people, as a problem document for programs."""
    assert isinstance(error, ServiceError)
    if not wants_page(request):
        return problem(error.status, error.code, error.detail, extra=error.extra)
    visitor = visitor_of(request)
    return page(request, "error.html", visitor, status=error.status, detail=error.detail, code=error.code)


async def to_sign_in(request: Request, error: Exception) -> Response:
    """Nobody is signed in: to the sign-in page, and back afterwards."""
    assert isinstance(error, SignInNeededError)
    return RedirectResponse(f"/signin?{urlencode({'next': error.after})}", 303)
