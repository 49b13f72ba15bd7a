"""The confirm card and the inbox, driven in a browser as a rep does."""

from __future__ import annotations

import pytest

TEXT = "王总说要等财政拨款，预算八十万，下周三带样品上门"


def states(live, made) -> dict[str, str]:
    import httpx

    headers = {"Authorization": f"Bearer {live.key}"}
    answer = httpx.get(f"{live.url}/v1/extractions/{made['id']}", headers=headers).json()
    return {f["field"]: f["state"] for f in answer["fields"]}


def sent(page) -> None:
    """Every tap has been answered."""
    page.wait_for_function("() => !Object.keys(localStorage).some(k => k.startsWith('fieldnote.tap.'))")


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_a_card_is_confirmed_edited_and_rejected(signed_in, live, axe, shot, width, scheme):
    made = live.note(TEXT, customer=f"卡片公司{width}")
    fields = [f["field"] for f in made["fields"]]
    page = signed_in("rep", width, scheme)
    page.goto(f"/confirm/{made['id']}")
    for f in made["fields"]:
        own = "".join(page.locator(f"#note mark[data-fields~={f['field']}]").all_inner_texts())
        assert own == "".join(e["text"] for e in f["evidence"])
    axe(page)
    shot(page, f"card-{width}-{scheme}")
    row = page.locator(".item[data-field=next_visit]")
    row.get_by_role("button", name="改").click()
    row.get_by_label("直接说").fill("下周五下午三点")
    row.get_by_text("读作").wait_for()
    assert row.get_by_label("从").input_value() == "2026-03-27"
    axe(page)
    shot(page, f"card-edit-{width}-{scheme}")
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
