"""Values that a newer note speaks against: old beside new on inbox and card, decided by one tap."""

from __future__ import annotations

import httpx
from sqlalchemy import update

from service.links import Link, make_link
from service.store.database import now
from service.store.tables import reconfirmations
from tests.pages.conftest import ROLES, reach, skip_to_main
from tests.pages.test_rep import sent, states
from tests.pages.test_rep_pages import confirm_all

LATER, LAST = "2026-03-19T10:20:00+08:00", "2026-03-20T10:20:00+08:00"


def held(live, customer: str) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {live.key}"}
    rows = httpx.get(f"{live.url}/v1/customers/{customer}/fields", headers=headers).json()["fields"]
    return {row["field"]: row["value"] for row in rows}


def amount(live, customer: str) -> int:
    return held(live, customer)["budget_amount"]["min"]


def test_another_value_is_taken_or_not_by_one_tap(signed_in, live, everywhere):
    confirm_all(live, live.note("预算八十万", customer="复核公司"))
    newer = live.note("预算改成一百二十万了", customer="复核公司", sent_at=LATER)
    with live.app.state.database.write() as connection:
        mine = reconfirmations.c.customer == "复核公司"
        connection.execute(update(reconfirmations).where(mine).values(due_at=now()))
    page = signed_in("rep")
    page.goto("/inbox")
    box = page.locator("[data-again]", has_text="复核公司")
    old, new = box.locator(".versus .value").all_inner_texts()
    assert ("80" in old, "120" in new) == (True, True)
    assert "已超时" in box.locator(".late").inner_text()
    skip_to_main(page)
    reach(box.get_by_role("button", name="换成新的")).press("Enter")
    sent(page)
    assert amount(live, "复核公司") == 1_200_000
    page.locator("#messages").get_by_role("button", name="撤销").click()
    sent(page)
    assert amount(live, "复核公司") == 800_000
    page.goto(f"/confirm/{newer['id']}")
    row = page.locator(".item[data-field=budget_amount]")
    assert "80" in row.locator(".versus .old").inner_text()
    everywhere(page, "card-again")
    row.get_by_role("button", name="保留原来的").click()
    sent(page)
    assert (amount(live, "复核公司"), states(live, newer)["budget_amount"]) == (800_000, "rejected")
    page.goto("/inbox")
    assert page.locator("[data-again]", has_text="复核公司").count() == 0


def test_what_a_note_takes_back_is_withdrawn_from_the_chat_link(signed_in, live, axe):
    confirm_all(live, live.note("走财政拨款", customer="收回公司"))
    taken = live.note("之前说的财政拨款黄了，不走财政了", customer="收回公司", sent_at=LAST)
    page = signed_in("rep")
    page.goto("/inbox")
    assert "收回了" in page.locator("[data-again]", has_text="收回公司").locator(".versus").inner_text()
    token = make_link(Link("demo", ROLES["rep"], taken["id"]), live.app.state.settings.signing_key(), at=now())
    page = signed_in(None)
    page.goto(f"/c/{token}")
    box = page.locator("[data-again]")
    assert "财政拨款" in box.locator("q").inner_text()
    axe(page)
    box.get_by_role("button", name="不再有效").press("Enter")
    box.get_by_text("已收回").wait_for()
    assert "budget_source" not in held(live, "收回公司")


def test_a_link_answers_for_its_own_note_alone(signed_in, live):
    confirm_all(live, live.note("走财政拨款", customer="链接收回"))
    live.note("之前说的财政拨款黄了，不走财政了", customer="链接收回", sent_at=LAST)
    other = live.note("预算八十万", customer="链接收回二")
    headers = {"Authorization": f"Bearer {live.key}"}
    asked = httpx.get(f"{live.url}/v1/reconfirmations", headers=headers).json()["reconfirmations"]
    (question,) = [a["id"] for a in asked if a["customer"] == "链接收回"]
    token = make_link(Link("demo", ROLES["rep"], other["id"]), live.app.state.settings.signing_key(), at=now())
    page = signed_in(None)
    page.goto(f"/c/{token}")
    csrf = page.locator("meta[name=csrf]").get_attribute("content")
    answer = page.request.post(
        f"/v1/reconfirmations/{question}", data={"action": "withdraw"}, headers={"X-CSRF-Token": csrf}
    )
    assert (answer.status, answer.json()["code"]) == (403, "link.scope")
    assert held(live, "链接收回") != {}
