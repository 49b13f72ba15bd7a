"""A running service with one user of each role, and a real browser in front of it."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.base import AXE_FILE_PATH
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, sync_playwright

from extractor.pipeline import Engine
from service import accounts
from service.app import create_app
from service.pages.session import COOKIE
from service.settings import Settings
from service.store.keys import create_key
from service.store.users import User

DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))"
CHROMIUM = Path("/usr/bin/chromium")
ARGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
SHOTS = Path("artifacts/pages")
PICTURES = ("card-360-light", "customer-1280-light", "try-1280-dark", "board-1280-light", "annotator-1280-light")
PASSWORD = "correct horse battery"
ROLES = {"rep": "小周", "manager": "陈经理", "annotator": "标注员甲", "admin": "管理员"}
WIDTHS, SCHEMES = (360, 1280), ("light", "dark")
COLOURS = {"runOnly": ["color-contrast"]}  # all that another colour scheme can change, at any width
SHAPES = {"rules": {"color-contrast": {"enabled": False}}}  # all that another width or language can


@dataclass(frozen=True)
class Live:
    """A service that listens on `url`; `users` by role, all with PASSWORD; `key` may do everything."""

    url: str
    app: FastAPI
    users: dict[str, User]
    key: str

    def token(self, role: str) -> str:
        return accounts.open_session(self.users[role], self.app.state.settings.signing_key())

    def note(self, text: str, *, sent_at: str = "2026-03-18T10:20:00+08:00", **given: str) -> dict[str, Any]:
        """Store a note as the rep and return the answer."""
        import httpx

        note = {"text": text, "sent_at": sent_at, "author": ROLES["rep"], **given}
        headers = {"Authorization": f"Bearer {self.key}"}
        answer = httpx.post(f"{self.url}/v1/extractions", json={"note": note}, headers=headers, timeout=60)
        assert answer.status_code == 201, answer.text
        return answer.json()


@pytest.fixture(scope="package")
def live(rules: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("pages")
    yield from serve(rules, f"sqlite:///{folder}/fieldnote.db")


def serve(engine: Engine, url: str) -> Iterator[Live]:
    """A service over an empty database, until the generator is closed."""
    app = create_app(engine, Settings(database_url=url, worker=False, webhook_allow_private=True))
    with app.state.database.write() as connection:
        users = {role: accounts.create_user(connection, "demo", name, role, PASSWORD) for role, name in ROLES.items()}
        key = create_key(connection, "demo", ("extract", "confirm", "annotate", "manage", "admin"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the service did not start"
            time.sleep(0.02)
        yield Live(f"http://127.0.0.1:{listener.getsockname()[1]}", app, users, key)
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    assert CHROMIUM.is_file(), f"{CHROMIUM} is missing; install it: apt-get install chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
        yield opened
        opened.close()


def reach(target: Locator, *, back: bool = False) -> Locator:
    """Go to a control by Tab alone; it must show that it has the focus."""
    for _ in range(150):
        target.page.keyboard.press("Shift+Tab" if back else "Tab")
        if target.evaluate("node => node === document.activeElement"):
            break
    assert target.evaluate("node => node.matches(':focus-visible') && getComputedStyle(node).outlineStyle === 'solid'")
    return target


def skip_to_main(page: Page) -> None:
    """Past the navigation by the first link of every page."""
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.id === 'main'")


def pick(select: Locator, value: str) -> None:
    """Choose by arrows in a list that has the focus."""
    keys = select.page.keyboard
    keys.press("Home")
    for _ in range(select.locator("option").count()):
        if select.input_value() == value:
            return
        keys.press("ArrowDown")
    assert select.input_value() == value


@dataclass
class Visits:
    """Opens pages as somebody; remembers everything that a browser complained about, and asked of another host."""

    browser: Browser
    live: Live
    contexts: list[BrowserContext] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __call__(self, role: str | None, width: int = 360, scheme: str = "light", lang: str = "zh") -> Page:
        """A page of a fresh browser profile, signed in as `role` (None: nobody)."""
        context = self.browser.new_context(
            base_url=self.live.url, viewport={"width": width, "height": 800}, color_scheme=scheme,  # type: ignore[arg-type]
            reduced_motion="reduce", locale="zh-CN", has_touch=width < 600,
        )  # fmt: skip
        self.contexts.append(context)
        context.set_default_timeout(60_000)
        cookies = [{"name": "fieldnote_lang", "value": lang, "url": self.live.url}]
        if role:
            cookies.append({"name": COOKIE, "value": self.live.token(role), "url": self.live.url})
        context.add_cookies(cookies)  # type: ignore[arg-type]
        context.on("request", lambda request: self._asked(request.url))
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        return page

    def _asked(self, url: str) -> None:
        if not url.startswith((self.live.url, "data:", "blob:")):
            self.complaints.append(f"asked of another host: {url}")

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.location.get("url", "").endswith("/icon.svg"):
            self.complaints.append(f"{message.location.get('url', '')}: {message.text}")


@pytest.fixture
def signed_in(browser: Browser, live: Live) -> Iterator[Visits]:
    """`signed_in(role, width=360, scheme="light")` → Page. At the end no console error may be left: a test that wants
    one takes it out of `signed_in.complaints`."""
    visits = Visits(browser, live)
    yield visits
    for context in visits.contexts:
        context.close()
    assert visits.complaints == []


@pytest.fixture(scope="package")
def axe() -> Callable[..., None]:
    """Asserts that axe-core finds nothing serious on the page as it stands (run past the page's own policy)."""
    source = Path(AXE_FILE_PATH).read_text(encoding="utf-8")

    def check(page: Page, options: dict[str, Any] | None = None) -> None:
        if not page.evaluate("typeof axe === 'object'"):
            devtools = page.context.new_cdp_session(page)
            try:
                devtools.send("Runtime.evaluate", {"expression": source})
            finally:
                devtools.detach()
        found = page.evaluate(
            "options => axe.run(document, {resultTypes: ['violations'], elementRef: false, ...options})", options or {}
        )
        grave = [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
        lines = [f"{v['id']}: {v['help']}: {[n['html'][:120] for n in v['nodes'][:3]]}" for v in grave]
        assert not lines, "\n".join(lines)

    return check


@pytest.fixture(scope="package")
def everywhere(axe: Callable[..., None], shot: Callable[[Page, str], None]) -> Callable[..., None]:
    """`everywhere(page, name)`: the page as it stands, narrow and wide, light and dark: it fits, axe finds nothing
    serious (colours are looked at once a scheme, the rest once a width), a picture `name-width-scheme` is kept.
    Ends narrow and light."""

    def check(page: Page, name: str, *, colours: bool = True) -> None:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                page.evaluate(DRAWN)  # scripts hear of the new scheme with the next frame
                if scheme == SCHEMES[0]:
                    axe(page, SHAPES)
                if colours and width == WIDTHS[0]:
                    axe(page, COLOURS)
                assert page.evaluate("document.documentElement.scrollWidth") <= width, f"wider than {width} pixels"
                shot(page, f"{name}-{width}-{scheme}")
        page.set_viewport_size({"width": WIDTHS[0], "height": 800})
        page.emulate_media(color_scheme=SCHEMES[0])  # type: ignore[arg-type]

    return check


@pytest.fixture(scope="package")
def shot() -> Callable[[Page, str], None]:
    """Keeps a picture of the page under `artifacts/pages/`, those of the documents also in FIELDNOTE_PICTURES."""

    def keep(page: Page, name: str) -> None:
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{name}.png", full_page=True, animations="disabled")
        if name in PICTURES and (folder := os.environ.get("FIELDNOTE_PICTURES")):
            shutil.copyfile(SHOTS / f"{name}.png", Path(folder) / f"{name}.png")

    return keep
