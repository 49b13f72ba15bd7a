"""触发器 with the keyboard: written in a form, tried on the past, published, in force, taken back."""

from __future__ import annotations

import httpx

from tests.pages.conftest import pick, reach, skip_to_main
from tests.pages.test_rep_pages import confirm_all

NAME, ACTION = "拨款客户回访", "call_back"


def triggered(live, customer: str) -> list[str]:
    from sqlalchemy import select

    from service.store.tables import outbox

    with live.app.state.database.read() as connection:
        rows = connection.execute(select(outbox).order_by(outbox.c.seq)).all()
    bodies = [r.body["data"] for r in rows if r.type == "strategy.triggered"]
    return [body["action"] for body in bodies if body["customer"] == customer]


def test_a_trigger_is_written_tried_published_and_taken_back(signed_in, live, everywhere):
    confirm_all(live, live.note("王总说要等财政拨款", customer="触发甲厂"))
    page = signed_in("manager", 1280)
    page.goto("/triggers")
    page.get_by_text("正在用：随契约带来的").wait_for()
    shipped = page.locator(".trigger").count()
    skip_to_main(page)
    reach(page.locator("#add")).press("Enter")  # the first control of the new form has the focus
    new = page.locator(".trigger").last
    page.keyboard.type(NAME)
    pick(reach(new.locator("[name=field]")), "budget_source")
    reach(new.locator("[name=when]"))
    page.keyboard.press("Control+a")
    page.keyboard.type("value == '政府拨款' && nope")
    reach(new.locator("[name='then.action']"))
    page.keyboard.type(ACTION)
    reach(new.locator("[name='then.text']"))
    page.keyboard.type("请回访<script>")
    reach(page.locator("#try")).press("Enter")
    page.locator("#wrong", has_text="没有名字 nope").wait_for()
    assert new.locator("[name=when]").evaluate("node => node === document.activeElement")  # led to what is wrong
    signed_in.complaints.clear()  # the browser notes the 422
    page.keyboard.press("Control+a")
    page.keyboard.type("value == '政府拨款'")
    reach(page.locator("#try")).press("Enter")
    run = page.locator(".run", has_text=NAME)
    run.get_by_role("link", name="触发甲厂").wait_for()
    assert "政府拨款" in run.locator("li", has_text="触发甲厂").inner_text()
    everywhere(page, "triggers-tried")
    reach(page.locator("#publish"), back=True).press("Enter")
    page.locator("#state", has_text="第 1 版").wait_for()
    confirm_all(live, live.note("王总说要等财政拨款", customer="触发乙厂"))
    assert triggered(live, "触发乙厂") == [ACTION]
    assert page.locator(".trigger").count() == shipped + 1
    reach(page.locator("#undo")).press("Enter")
    page.locator("#state", has_text="第 2 版").wait_for()
    assert page.locator(".trigger").count() == shipped
    confirm_all(live, live.note("王总说要等财政拨款", customer="触发丙厂"))
    assert triggered(live, "触发丙厂") == []
    kept = httpx.get(f"{live.url}/v1/triggers", headers={"Authorization": f"Bearer {live.key}"}).json()
    assert [len(v["triggers"]) for v in kept["versions"]] == [shipped, shipped + 1]
