"""Audit, webhooks, keys and users in a real browser."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx

from service.worker import Worker

HOSTILE = "<script>alert(1)</script>\u202e"


def test_the_audit_log_is_filtered_and_verified(live, signed_in):
    live.note("预算八十万", customer="审计机械")
    page = signed_in("manager", 1280)
    page.goto("/audit?action=extraction")
    actions = page.locator("tbody tr td:nth-child(4)").all_inner_texts()
    assert "extraction.create" in actions
    assert all(action.startswith("extraction.") for action in actions)
    page.locator("#verify").click()
    page.locator("#verdict.good").wait_for()


def test_a_subscription_is_made_its_delivery_replayed_and_closed(live, signed_in):
    page = signed_in("manager", 1280)
    page.goto("/webhooks")
    page.get_by_label("推送到").fill("http://127.0.0.1:9/hook")
    page.get_by_role("button", name="订阅").click()
    secret = page.locator("#made code")
    secret.wait_for()
    assert secret.inner_text().startswith("whsec_")
    live.note("预算八十万", customer="推送机械")
    worker = Worker(live.app.state.database, allow_private=True, seed=1)
    with ThreadPoolExecutor(1) as pool:  # the browser's own loop runs in this thread
        while pool.submit(worker.step).result():
            pass
    page.reload()
    page.locator("#deliveries button").first.click()
    page.get_by_text("马上再送").wait_for()
    page.get_by_role("button", name="停止 http://127.0.0.1:9/hook").click()
    page.get_by_text("不再推送到那里").wait_for()
    page.locator("#subscriptions").get_by_text("没有").wait_for()


def test_a_user_and_a_key_come_and_go(live, signed_in):
    page = signed_in("admin", 1280)
    page.goto("/people")
    users = page.locator("#new-user")
    users.get_by_label("名字").fill(HOSTILE)
    users.get_by_label("团队").fill("华东")
    users.get_by_role("button").click()
    page.locator("#password code").wait_for()
    row = page.locator("#users tr", has_text="alert(1)")
    assert row.get_by_role("textbox").input_value() == "华东"
    row.get_by_role("button", name="停用").click()
    row.get_by_text("停用", exact=True).first.wait_for()
    form = page.locator("#new-key")
    form.get_by_label("名字").fill("试用钥匙")
    form.get_by_role("button").click()
    key = page.locator("#key code")
    key.wait_for()
    headers = {"Authorization": f"Bearer {key.inner_text()}"}
    assert httpx.get(f"{live.url}/v1/inbox", headers=headers).status_code == 200
    page.get_by_role("button", name="停用 试用钥匙").click()
    page.locator("#keys").get_by_text("已停用").wait_for()
    live.app.state.callers._seen.clear()
    assert httpx.get(f"{live.url}/v1/inbox", headers=headers).status_code == 401


def test_settings_stay(live, signed_in):
    page = signed_in("admin", 1280)
    page.goto("/people")
    form = page.locator("#settings")
    form.get_by_label("每天早上").check()
    form.get_by_label("保留天数").fill("90")
    form.get_by_role("button").click()
    page.get_by_text("已保存").wait_for()
    headers = {"Authorization": f"Bearer {live.key}"}
    kept = httpx.get(f"{live.url}/v1/settings", headers=headers).json()
    assert kept == {"digest": {"on": True, "hour": 8}, "retention_days": 90}
    httpx.put(f"{live.url}/v1/settings", json={}, headers=headers)
