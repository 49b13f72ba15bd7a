"""Signing in and out, CSRF, headers: through HTTP where that is enough, in the browser where it is not."""

from __future__ import annotations

import httpx
import pytest

from service.pages.session import COOKIE
from tests.pages.conftest import PASSWORD, ROLES, Live


def test_signing_in_leads_back_and_out_again(signed_in):
    page = signed_in(None)
    page.goto("/inbox")
    assert "/signin?next=%2Finbox" in page.url
    page.get_by_label("租户").fill("demo")
    page.get_by_label("登录名").fill(ROLES["rep"])
    page.get_by_label("密码").fill("wrong password")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    signed_in.complaints.clear()  # the browser notes the 401
    page.get_by_label("密码").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/inbox")
    cookie = next(c for c in page.context.cookies() if c["name"] == COOKIE)
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/signin")


def test_a_session_needs_its_token_to_change_anything(live: Live):
    with httpx.Client(base_url=live.url, cookies={COOKIE: live.token("rep")}) as client:
        made = live.note("下周三带样品上门", customer="令牌公司")
        read = client.get(f"/v1/extractions/{made['id']}")
        body = {"decisions": [{"suggestion_id": made["fields"][0]["suggestion_id"], "action": "confirm"}]}
        path = f"/v1/extractions/{made['id']}/decisions"
        bare = client.post(path, json=body)
        foreign = client.post(path, json=body, headers={"X-CSRF-Token": "0" * 64})
        page = client.get("/inbox").text
        token = page.split('name="csrf" content="')[1].split('"')[0]
        allowed = client.post(path, json=body, headers={"X-CSRF-Token": token})
    assert read.status_code == 200
    assert (bare.status_code, bare.json()["code"]) == (403, "session.csrf")
    assert foreign.status_code == 403
    assert allowed.status_code == 200, allowed.text


def test_pages_carry_a_policy_without_inline(live: Live):
    answer = httpx.get(f"{live.url}/signin")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_roles_see_their_own_pages_only(live: Live):
    with httpx.Client(base_url=live.url, cookies={COOKIE: live.token("annotator")}) as client:
        refused = client.get("/inbox", headers={"Accept": "text/html"})
    assert refused.status_code == 403
    assert "你的角色看不到这一页" in refused.text


@pytest.mark.parametrize("next", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nb"])
def test_signing_in_leads_nowhere_else(live: Live, next):
    answer = httpx.get(f"{live.url}/signin", params={"next": next})
    assert 'name="next" value="/"' in answer.text


def test_static_files_are_cached_for_good_and_nothing_else_is_served(live: Live):
    page = httpx.get(f"{live.url}/signin").text
    style = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = httpx.get(live.url + style)
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/css")
    assert httpx.get(f"{live.url}/static/x/%2e%2e/site.py").status_code == 404
