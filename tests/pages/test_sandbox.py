"""规则沙盒 in a browser: a rule by the form, tried on stored notes, published, undone; a proposal by one click."""

from __future__ import annotations

import pytest

from tests.pages.conftest import pick, reach, skip_to_main

CUSTOMER = "沙盒客户"


@pytest.fixture
def history(live):
    """Notes with a word nobody knows yet; whatever was published is undone afterwards."""
    for n in range(2):
        live.note(f"😀设备款要等财评第{n}轮", customer=CUSTOMER)
    yield
    import httpx

    headers = {"Authorization": f"Bearer {live.key}"}
    while httpx.post(f"{live.url}/v1/sandbox/undo", headers=headers).status_code == 200:
        pass


def test_a_rule_is_written_tried_published_and_undone_with_the_keyboard(signed_in, live, everywhere, history):
    page = signed_in("manager", 1280)
    page.goto("/sandbox")
    page.locator("#rule option").nth(1).wait_for(state="attached")
    page.locator("#proposals > li").first.wait_for()
    page.locator("#versions > li").first.wait_for()
    skip_to_main(page)
    pick(reach(page.locator("#field")), "budget_source")
    page.locator("#rule option", has_text="某种贷款").wait_for(state="attached")
    reach(page.locator("#rule-name"))
    page.keyboard.type("财评")
    pick(reach(page.locator("#rule-value")), "政府拨款")
    reach(page.locator("#rule-words"))
    page.keyboard.type("财评")
    reach(page.locator("#change button[type=submit]")).press("Enter")
    page.locator("#result[data-done]").wait_for()
    found = page.locator(".effect", has_text="预算来源").locator(".example")
    assert found.first.locator("mark").inner_text() == "财评"
    assert "财评" in page.input_value("#yaml")
    everywhere(page, "sandbox-result")
    reach(page.locator("#publish")).press("Enter")
    page.locator("#versions .badge", has_text="正在用").wait_for()
    answer = live.note("另一笔也等财评", customer=CUSTOMER)
    assert [f["value"] for f in answer["fields"] if f["field"] == "budget_source"] == ["政府拨款"]
    reach(page.locator("#versions summary").first).press("Enter")
    page.locator(".diff .plus", has_text="财评").first.wait_for()
    reach(page.locator("#undo"), back=True).press("Enter")
    page.locator("#messages", has_text="已退回").wait_for()
    answer = live.note("这一笔又等财评", customer=CUSTOMER)
    assert [f["value"] for f in answer["fields"] if f["field"] == "budget_source"] == []


def test_a_wrong_draft_says_which_key_and_a_failing_example_is_not_published(signed_in, history):
    page = signed_in("manager", 1280)
    page.goto("/sandbox")
    page.locator("#versions li").first.wait_for()
    page.fill("#yaml", "fields: {nope: {}}")
    page.click("#try")
    page.locator("#draft-wrong", has_text="fields.nope").wait_for()
    page.fill("#yaml", "fields: {budget_source: {examples: [{text: 等财政拨款}]}}")
    page.click("#publish")
    page.locator("#draft-wrong", has_text="不该找到").wait_for()
    assert len(signed_in.complaints) == 2, signed_in.complaints
    signed_in.complaints.clear()


def test_what_reps_corrected_three_times_is_accepted_in_one_click(signed_in, live, axe, history):
    import httpx

    headers = {"Authorization": f"Bearer {live.key}"}
    for words in ("验资款还没下来", "要等验资款", "钱是验资款"):
        note = live.note(f"专项债里的{words}", customer=CUSTOMER)
        (found,) = [f for f in note["fields"] if f["field"] == "budget_source"]
        decision = {"suggestion_id": found["suggestion_id"], "action": "correct", "value": "政府拨款"}
        path = f"{live.url}/v1/extractions/{note['id']}/decisions"
        assert httpx.post(path, json={"decisions": [decision]}, headers=headers).status_code == 200
    page = signed_in("manager", 360)
    page.goto("/sandbox")
    card = page.locator("#proposals > li", has_text="专项债")
    card.wait_for()
    card.locator(".counts", has_text="条笔记：").wait_for()
    axe(page)
    card.get_by_role("button", name="试一试").click()
    page.locator("#result[data-done]").wait_for()
    assert "学会：政府拨款" in page.input_value("#yaml")
    card.get_by_role("button", name="接受").click()
    page.locator("#messages", has_text="学会了").wait_for()
    card.wait_for(state="detached")
    answer = live.note("他们靠专项债", customer=CUSTOMER)
    assert [f["value"] for f in answer["fields"] if f["field"] == "budget_source"] == ["政府拨款"]


def test_a_cue_and_an_inference_are_written_by_the_form_and_tried(signed_in, live, axe, history):
    live.note("据传财政拨款，自己出钱也行", customer=CUSTOMER)
    page = signed_in("manager", 1280)
    page.goto("/sandbox")
    page.locator("#cue option", has_text="听说").wait_for(state="attached")
    page.select_option("#what", "cue")
    page.fill("#cue-name", "据传")
    page.select_option("#cue-status", "negated")
    page.fill("#cue-pattern", "据传")
    page.select_option("#cue-fields", ["budget_source"])
    axe(page)
    page.click("#change button[type=submit]")
    page.locator("#result[data-done='1']").wait_for()
    lost = page.locator(".effect", has_text="预算来源").locator(".example", has_text="据传财政拨款")
    assert "政府拨款 → 无" in lost.inner_text()
    page.select_option("#what", "inference")
    page.select_option("#field", "budget_source")
    page.fill("#inference-name", "自有资金年底前花完")
    page.fill("#inference-value", "自有资金")
    page.select_option("#inference-then", "decision_cycle")
    page.fill("#inference-windows", "1,2,3,4,5,6：年底前\n7,8,9,10,11,12: Q1末")
    page.fill("#inference-reason", "自己的钱要在年底前花完")
    axe(page)
    page.click("#change button[type=submit]")
    page.locator("#result[data-done='2']").wait_for()
    assert page.locator(".effect", has_text="决策周期").count() == 1
    draft = page.input_value("#yaml")
    assert "据传" in draft
    assert "自有资金年底前花完" in draft
    page.select_option("#inference", "财政拨款按季末下达")
    assert page.input_value("#inference-windows").splitlines()[0] == "1,2,3,4,5,6: Q2末"
    page.check("#inference-off")
    page.click("#change button[type=submit]")
    page.locator("#result[data-done='3']").wait_for()
    assert "without:\n  - 财政拨款按季末下达" in page.input_value("#yaml")


def test_a_value_that_a_pack_adds_stands_in_the_guidelines(signed_in, live, history):
    import httpx

    pack = "fields: {budget_source: {values: {以货易货: 拿货抵}}}"
    headers = {"Authorization": f"Bearer {live.key}"}
    assert httpx.post(f"{live.url}/v1/sandbox/packs", json={"yaml": pack}, headers=headers).status_code == 201
    page = signed_in("annotator", 1280)
    page.goto("/guidelines")
    assert "以货易货" in page.inner_text("main")
