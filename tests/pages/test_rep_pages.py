"""The inbox, the customers and 试一试, in a browser."""

from __future__ import annotations

import httpx

from service.pages.marks import Mark, pieces
from tests.pages.conftest import reach, skip_to_main


def confirm_all(live, made) -> None:
    body = {"decisions": [{"suggestion_id": f["suggestion_id"], "action": "confirm"} for f in made["fields"]]}
    headers = {"Authorization": f"Bearer {live.key}"}
    path = f"{live.url}/v1/extractions/{made['id']}/decisions"
    httpx.post(path, json=body, headers=headers).raise_for_status()


def test_a_customer_is_read_back_to_the_words(signed_in, live, everywhere):
    name = "来历公司"
    confirm_all(live, live.note("预算八十万，电话13800138000", customer=name))
    confirm_all(live, live.note("预算涨到一百二十万了", customer=name, sent_at="2026-04-18T10:20:00+08:00"))
    page = signed_in("rep")
    page.goto("/customers")
    page.get_by_role("textbox").fill(name)
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers?**")
    page.get_by_role("link", name=name).click()
    page.wait_for_url("**/customer?**")  # whole: before its script runs, the link leads to a page
    row = page.locator("[data-field=budget_amount]")
    row.get_by_role("link").click()
    page.locator("#whence #timeline").wait_for()
    steps = page.locator("#timeline li")
    assert steps.count() == 2
    assert "现在有效" in steps.nth(0).inner_text()
    assert "已被替换" in steps.nth(1).inner_text()
    assert steps.nth(1).locator("mark").inner_text() == "八十万"
    everywhere(page, "customer")
    assert "13800138000" in page.locator("[data-field=contact_phone] .value").inner_text()


def test_the_inbox_is_read_page_by_page_with_the_keyboard(signed_in, live, monkeypatch):
    monkeypatch.setattr("service.pages.rep.PAGE", 2)
    made = [live.note("下周三带样品上门", customer=f"收件公司{n}", author="陈经理") for n in range(5)]
    live.note("下周三带样品上门", customer="收件公司")
    page = signed_in("manager", 1280)
    page.goto("/inbox")
    seen = []
    while True:
        skip_to_main(page)
        seen += [link.get_attribute("href") for link in page.get_by_role("link", name="打开确认卡").all()]
        if not page.get_by_role("link", name="后面的").count():
            break
        further = reach(page.get_by_role("link", name="后面的")).get_attribute("href")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{live.url}{further}")
    assert seen == [f"/confirm/{m['id']}" for m in made]
    assert page.get_by_text("5 条笔记待确认", exact=True).count() == 1
    reach(page.get_by_role("link", name="看全部人的"), back=True).press("Enter")
    page.get_by_role("link", name="只看我的").wait_for()
    assert page.get_by_text("5 条笔记待确认", exact=True).count() == 0
    page.goto("/inbox")
    skip_to_main(page)
    reach(page.get_by_role("link", name="打开确认卡").first).press("Enter")
    page.wait_for_url(f"**/confirm/{made[0]['id']}")


def test_trying_shows_everything_and_the_link_carries_the_text(signed_in, live, everywhere):
    page = signed_in("annotator")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/try")
    page.get_by_label("笔记").fill("😀王总说要等财政拨款；不是去年那笔贷款，预算不多")
    page.get_by_label("发送时间").fill("2026-03-18T10:20")
    page.get_by_role("button", name="读一读").click()
    page.locator("#drawn mark", has_text="财政拨款").wait_for()
    assert page.locator("#drawn").inner_text().startswith("😀王总")
    everywhere(page, "try")
    page.get_by_role("button", name="复制分享链接").click()
    link = page.get_by_role("textbox", name="分享链接").input_value()
    other = signed_in(None)
    other.on("request", lambda request: asked.append(request.url))
    other.goto(link)
    other.get_by_label("租户").fill("demo")
    other.get_by_label("登录名").fill(live.users["rep"].name)
    other.get_by_label("密码").fill("correct horse battery")
    other.keyboard.press("Enter")
    other.locator("#drawn mark", has_text="财政拨款").wait_for()
    text = link.partition("#")[2]
    assert text
    assert all(text not in url for url in asked if not url.endswith(text)), "the text went to the server"


def test_pieces_give_the_text_back():
    text = "a😀b\r\nc"
    marks = [Mark(0, 3, "x", "X"), Mark(1, 5, "y", "Y"), Mark(4, 99, "z", "Z")]
    found = pieces(text, marks)
    assert "".join(p.text for p in found) == text
    assert [(p.text, p.fields) for p in found] == [("a", ("x",)), ("😀b", ("x", "y")), ("\r\n", ("y",)), ("c", ())]
