"""Every page that the areas have, in both languages, narrow and wide, light and dark, with stored data on it."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Page

from benchmarks.pages import PAGE, page_with_tables
from service.pages.session import COOKIE
from service.pages.site import AREAS
from service.pages.words import LANGUAGES

BY_SCOPE = {"": "rep", "confirm": "rep", "annotate": "annotator", "manage": "manager", "admin": "admin"}
NAMED = {link.path: BY_SCOPE[link.scope] for area in AREAS for link in getattr(area, "NAV", ())}
BEHIND = {
    "/signin": None, "/confirm/{extraction}": "rep", "/customer": "rep", "/customer/lineage": "rep",
    "/board/notes": "manager", "/disputes/{task}": "manager", "/guidelines": "annotator",
}  # fmt: skip
NO_PAGES = {"/", "/c/{token}", "/sandbox/rules", "/sandbox/rules/{field}"}  # two redirects, data
PAGES = NAMED | BEHIND
CUSTOMER = "样样都有的客户"


@pytest.fixture(scope="module")
def stored(live) -> dict[str, str]:
    """Something of everything; the addresses of the pages that are about one thing."""
    headers = {"Authorization": f"Bearer {live.key}"}
    with httpx.Client(base_url=live.url, headers=headers, timeout=60) as client:

        def decide(made: dict, *actions: dict) -> None:
            wanted = [{"suggestion_id": f["suggestion_id"], **a} for f, a in zip(made["fields"], actions, strict=False)]
            client.post(f"/v1/extractions/{made['id']}/decisions", json={"decisions": wanted}).raise_for_status()

        confirm, reject = {"action": "confirm"}, {"action": "reject", "reason": "客户没说"}
        decide(live.note("王总说要等财政拨款，预算八十万，电话13800138000", customer=CUSTOMER), *[confirm] * 5)
        decide(live.note("预算八十五万，打算再上两条产线", customer="别的客户"), reject, confirm)
        later = "2026-04-18T10:20:00+08:00"
        waiting = live.note("预算改成一百二十万，下周三带样品上门😀", customer=CUSTOMER, sent_at=later)
        live.note("之前说的财政拨款黄了，不走财政了", customer=CUSTOMER, sent_at=later)
        client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/hook", "events": ["field.confirmed"]})
        dispute = _dispute(live, client)
    return {
        "/confirm/{extraction}": f"/confirm/{waiting['id']}", "/customer": f"/customer?name={CUSTOMER}",
        "/customer/lineage": f"/customer/lineage?name={CUSTOMER}&field=budget_amount", "/board/notes": "/board/notes",
        "/disputes/{task}": f"/disputes/{dispute}",
    }  # fmt: skip


def _dispute(live, client: httpx.Client) -> str:
    """Two people mark one note differently."""
    client.put("/v1/annotation/settings", json={"double": 1, "mix": {"fresh": 1}}).raise_for_status()
    marks = [{"field": "budget_source", "evidence": [{"start": 0, "end": n}], "value": "政府拨款"} for n in (2, 4)]
    for role, mark in zip(("annotator", "admin"), marks, strict=True):
        with httpx.Client(base_url=live.url, cookies={COOKIE: live.token(role)}, timeout=60) as person:
            token = person.get("/guidelines").text.split('name="csrf" content="')[1].split('"')[0]
            person.headers["X-CSRF-Token"] = token
            task = person.post("/v1/annotation/next").json()["task"]["id"]
            person.post(f"/v1/annotation/tasks/{task}/finish", json={"marks": [mark]}).raise_for_status()
    return task


def test_no_page_escapes_the_tests_below():
    routes = {r.path for area in AREAS for r in area.router.routes if "GET" in (r.methods or ())}
    assert routes - NO_PAGES == PAGES.keys()


def test_the_documents_table_is_drawn_from_the_results():
    text = PAGE.read_text(encoding="utf-8")
    assert page_with_tables(text) == text


@pytest.mark.parametrize("path", PAGES)
def test_every_page_fits_and_reads_well(signed_in, everywhere, stored, path):
    page = signed_in(PAGES[path])
    for language in LANGUAGES:
        open_in(page, stored.get(path, path), language)
        name = path.strip("/").replace("/", "-").partition("-{")[0]
        everywhere(page, f"{name}-{language}", colours=language == LANGUAGES[0])


def open_in(page: Page, path: str, language: str) -> None:
    answer = page.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
    assert answer is not None
    assert answer.status == 200
    page.wait_for_load_state("networkidle")
    assert page.locator("h1").count() == 1
