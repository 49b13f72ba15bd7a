"""The board in a real browser: figures, charts under the content policy, the way to the notes."""

from __future__ import annotations

import httpx
import pytest

from tests.pages.conftest import pick, reach, skip_to_main


def decided(live, note: dict, *actions: dict) -> None:
    wanted = [{"suggestion_id": f["suggestion_id"], **a} for f, a in zip(note["fields"], actions, strict=False)]
    headers = {"Authorization": f"Bearer {live.key}"}
    path = f"{live.url}/v1/extractions/{note['id']}/decisions"
    answer = httpx.post(path, json={"decisions": wanted}, headers=headers)
    assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def full(live):
    note = live.note("王总说要等财政拨款", customer="看板机械")
    decided(live, note, {"action": "confirm"}, {"action": "reject", "reason": "<b>客户没说</b>"})
    return note


def test_the_board_is_drawn_for_eyes_and_for_readers(full, signed_in, everywhere):
    page = signed_in("manager")
    page.goto("/board")
    page.wait_for_selector("html[data-drawn=yes]")
    assert page.locator(".chart svg.main-svg").count() >= 4
    assert "<b>客户没说</b>" in page.locator("#chart-reasons").text_content()
    assert page.locator("table").count() == 6
    everywhere(page, "board-charts")


def test_from_a_figure_to_the_notes_and_the_card_with_the_keyboard(full, signed_in):
    page = signed_in("manager", 1280)
    page.goto("/board")
    page.wait_for_selector("html[data-drawn=yes]")
    skip_to_main(page)
    pick(reach(page.get_by_label("时段")), "7")
    page.keyboard.press("Enter")
    reach(page.get_by_role("button", name="查看")).press("Enter")
    page.wait_for_url("**/board?days=7**")
    skip_to_main(page)
    reach(page.get_by_role("link", name="<b>客户没说</b>")).press("Enter")
    page.wait_for_url("**/board/notes?**")
    row = page.locator("tbody tr", has_text="看板机械").first
    skip_to_main(page)
    reach(row.get_by_role("link")).press("Enter")
    page.wait_for_url(f"**/confirm/{full['id']}")


def test_a_click_on_a_bar_leads_to_its_notes(full, signed_in):
    page = signed_in("manager", 1280)
    page.goto("/board?rep=小周")
    page.wait_for_selector("html[data-drawn=yes]")
    bar = page.locator("#chart-reasons .bars .point path").first
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url("**/board/notes?**state=rejected**")


def test_reps_have_no_board(signed_in):
    page = signed_in("rep", 1280)
    answer = page.goto("/board")
    assert answer.status == 403
    assert page.locator("nav a[href='/board']").count() == 0
    signed_in.complaints.clear()
