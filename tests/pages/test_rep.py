"""The confirm card and the inbox, driven in a browser as a rep does."""

from __future__ import annotations

import httpx

from service.links import Link, make_link
from service.store.database import now
from tests.pages.conftest import ROLES

TEXT = "王总说要等财政拨款，预算八十万，下周三带样品上门"


def states(live, made) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {live.key}"}
    answer = httpx.get(f"{live.url}/v1/extractions/{made['id']}", headers=headers).json()
    return {f["field"]: f["state"] for f in answer["fields"]}


def sent(page) -> None:
    """Every tap has been answered."""
    page.wait_for_function("() => !Object.keys(localStorage).some(k => k.startsWith('fieldnote.tap.'))")


def test_a_card_is_confirmed_edited_and_rejected(signed_in, live, axe, everywhere, shot):
    made = live.note(TEXT, customer="卡片公司")
    fields = [f["field"] for f in made["fields"]]
    page = signed_in("rep")
    page.goto(f"/confirm/{made['id']}")
    for f in made["fields"]:
        own = "".join(page.locator(f"#note mark[data-fields~={f['field']}]").all_inner_texts())
        assert own == "".join(e["text"] for e in f["evidence"])
    shot(page, "card-360-light")
    row = page.locator(".item[data-field=next_visit]")
    row.get_by_role("button", name="改").click()
    row.get_by_label("直接说").fill("下周五下午三点")
    row.get_by_text("读作").wait_for()
    assert row.get_by_label("从").input_value() == "2026-03-27"
    everywhere(page, "card-edit")
    row.get_by_role("button", name="保存").click()
    row = page.locator(".item[data-field=budget_amount]")
    row.get_by_role("button", name="不对").click()
    row.get_by_role("button", name="说的是别家").click()
    page.get_by_role("button", name="全部确认").click()
    sent(page)
    after = states(live, made)
    assert after["next_visit"] == "corrected"
    assert after["budget_amount"] == "rejected"
    assert {after[f] for f in fields if f not in ("next_visit", "budget_amount")} == {"confirmed"}
    axe(page)
    page.reload()
    assert "说的是别家" in page.locator(".item[data-field=budget_amount] .state").inner_text()
    assert "15:00" in page.locator(".item[data-field=next_visit] .value").inner_text()


def test_by_keyboard_alone_and_on_to_the_next_note_without_a_reload(signed_in, live):
    first = live.note("王总说要等财政拨款", customer="键盘公司")
    second = live.note("下周三带样品上门", customer="键盘公司")
    page = signed_in("rep", 1280)
    page.goto(f"/confirm/{first['id']}")
    page.evaluate("window.same = true")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # 跳到正文
    for _ in range(2):  # the note, the first row's 确认
        page.keyboard.press("Tab")
    for _ in first["fields"]:  # the focus goes on to the next row by itself
        assert page.evaluate("document.activeElement.dataset.act") == "confirm"
        page.keyboard.press("Enter")
    sent(page)
    assert set(states(live, first).values()) == {"confirmed"}
    page.keyboard.press("Enter")  # 下一条 has the focus
    page.wait_for_url(f"**/confirm/{second['id']}")
    page.locator("#note", has_text="带样品上门").wait_for()
    assert page.evaluate("window.same") is True
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # 不对: its first reason has the focus
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    sent(page)
    assert "rejected" in states(live, second).values()


def test_no_tap_is_lost_without_a_line(signed_in, live):
    made = live.note(TEXT, customer="断网公司")
    page = signed_in("rep")
    page.goto(f"/confirm/{made['id']}")
    page.context.set_offline(True)
    page.get_by_role("button", name="全部确认").click()
    page.locator("#queue", has_text=f"{1} 条待发送").wait_for()
    assert set(states(live, made).values()) == {"pending"}
    page.close()  # the phone goes into the pocket
    page.context.set_offline(False)
    again = page.context.new_page()
    again.goto("/inbox")  # any page of the rep sends what waits
    sent(again)
    assert set(states(live, made).values()) == {"confirmed"}


def test_an_answer_that_got_lost_is_asked_for_again_and_counts_once(signed_in, live):
    made = live.note("王总说要等财政拨款", customer="半路公司")
    page = signed_in("rep")
    keys = []

    def lose_the_first(route):
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fetch()  # the service hears it
            route.abort()  # the phone does not hear the answer
        else:
            route.continue_()

    page.route("**/decisions", lose_the_first)
    page.goto(f"/confirm/{made['id']}")
    page.get_by_role("button", name="全部确认").click()
    sent(page)
    assert len(keys) == 2
    assert keys[0] == keys[1]
    assert set(states(live, made).values()) == {"confirmed"}
    assert page.get_by_text("有人先处理了").count() == 0
    signed_in.complaints.clear()  # the browser notes the cut line


def test_a_decision_can_be_undone_for_ten_seconds(signed_in, live):
    made = live.note("下周三带样品上门，预算八十万", customer="十秒公司")
    page = signed_in("rep")
    page.clock.install(time="2026-03-18T10:00:00+08:00")
    page.goto(f"/confirm/{made['id']}")
    page.clock.pause_at("2026-03-18T11:00:00+08:00")  # from here on time passes as told
    row = page.locator(".item").first
    row.get_by_role("button", name="确认").click()
    sent(page)
    undo = row.get_by_role("button", name="撤销")
    undo.focus()
    page.clock.run_for(9_900)
    assert undo.count() == 1
    page.clock.run_for(200)
    assert undo.count() == 0
    assert page.evaluate("document.activeElement.dataset.act") == "confirm"  # the focus is not lost with the button
    assert row.get_attribute("data-state") == "confirmed"


def test_undo_refusal_and_a_lost_race(signed_in, live):
    made = live.note("下周三带样品上门，预算八十万", customer="反悔公司")
    page = signed_in("rep")
    page.goto(f"/confirm/{made['id']}")
    row = page.locator(".item[data-field=next_visit]")
    row.get_by_role("button", name="确认").click()
    sent(page)
    row.get_by_role("button", name="撤销").click()
    sent(page)
    assert states(live, made)["next_visit"] == "pending"
    row.get_by_role("button", name="改").click()
    row.get_by_label("直接说").fill("蓝色")
    row.get_by_role("button", name="保存").click()
    row.get_by_role("alert").wait_for()  # the contract's own words
    assert (
        "下次拜访" in row.get_by_role("alert").inner_text() or "下次什么时候" in row.get_by_role("alert").inner_text()
    )
    assert row.get_attribute("data-state") == "pending"
    signed_in.complaints.clear()
    ids = {f["field"]: f["suggestion_id"] for f in made["fields"]}
    body = {"decisions": [{"suggestion_id": ids["budget_amount"], "action": "reject", "reason": "值不对"}]}
    headers = {"Authorization": f"Bearer {live.key}"}
    httpx.post(f"{live.url}/v1/extractions/{made['id']}/decisions", json=body, headers=headers).raise_for_status()
    page.locator(".item[data-field=budget_amount]").get_by_role("button", name="确认").click()
    page.get_by_text("有人先处理了").wait_for()
    assert page.locator(".item[data-field=budget_amount]").get_attribute("data-state") == "rejected"
    signed_in.complaints.clear()


def test_from_a_chat_link_two_taps_confirm_all_and_nothing_else_opens(signed_in, live):
    made, other = live.note(TEXT, customer="链接公司"), live.note(TEXT, customer="别的公司")
    key = live.app.state.settings.signing_key()
    token = make_link(Link("demo", ROLES["rep"], made["id"]), key, at=now())
    page = signed_in(None)
    page.goto(f"/c/{token}")  # the first tap, in the chat
    page.get_by_role("button", name="全部确认").click()  # the second
    sent(page)
    assert set(states(live, made).values()) == {"confirmed"}
    assert page.goto(f"/confirm/{other['id']}").status == 403
    page.goto("/inbox")
    assert "/signin" in page.url
    refused = page.request.get(f"{live.url}/v1/extractions/{other['id']}")
    assert refused.status == 403
    assert page.goto(f"/c/{token[:-2]}AA").status == 403
    signed_in.complaints.clear()
