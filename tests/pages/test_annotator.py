"""The annotation desk in a browser: a note corrected by keys alone, two people and a manager over one dispute."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from extractor.pipeline import Engine
from service import accounts
from tests.pages.conftest import PASSWORD, SHOTS, Live, serve

TEXT = (
    "恒力机械的王总说那台老注塑机要等上面那笔款子下来才换，那边催过两回，"
    "孙工嫌换模太慢拖产能，下周三我带样品过去再谈一次价🙂"
)
KEYS = 30  # at most, for three corrections, acceptance of the rest, and the next note
FIGURES = SHOTS / "annotator.json"


@pytest.fixture(scope="module")
def live(rules: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A service of its own: here the queue asks about nothing but this module's notes. A second annotator is there."""
    for made in serve(rules, f"sqlite:///{tmp_path_factory.mktemp('annotator')}/fieldnote.db"):
        with made.app.state.database.write() as connection:
            second = accounts.create_user(connection, "demo", "标注员乙", "annotator", PASSWORD)
        made.users["second"] = second
        yield made


@pytest.fixture
def ask(live: Live):
    """Put a note into the queue, to be marked by one (0) or two (1) people."""

    def put(text: str, double: float) -> None:
        headers = {"Authorization": f"Bearer {live.key}"}
        body = {"double": double, "mix": {"random": 1}}
        answer = httpx.put(f"{live.url}/v1/annotation/settings", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        live.note(text)

    return put


class Keys:
    """A keyboard that counts."""

    def __init__(self, page) -> None:
        self.page, self.pressed = page, 0

    def __call__(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += 1

    def type(self, words: str, pinyin: str) -> None:
        """Chinese words, counted as their pinyin and the key that picks the first candidate."""
        self.page.keyboard.type(words)
        self.pressed += len(pinyin) + 1


def marks(page) -> dict[str, tuple[str, str]]:
    """Words and value on the page by field (the last one of each)."""
    rows = page.locator("#marks > li")
    return {
        row.get_attribute("data-field"): (
            row.locator("q").inner_text(),
            row.locator(".value, .wrong").first.inner_text(),
        )
        for row in rows.all()
    }


def closed(live: Live) -> list[dict]:
    from sqlalchemy import select

    from service.store.annotation_tables import annotation_tasks as tasks

    with live.app.state.database.read() as connection:
        return [r.final for r in connection.execute(select(tasks).where(tasks.c.state == "closed"))]


def test_three_fields_are_corrected_by_keys_alone(signed_in, live, ask, shot):
    assert len(TEXT) == 60
    ask(TEXT, 0)
    page = signed_in("annotator", 1280)
    page.goto("/annotate")
    page.locator("#marks > li").first.wait_for()
    keys = Keys(page)
    keys("ArrowUp", "=")  # the visit, the last mark: another day
    keys.type("下周四", "xiazhousi")
    page.locator("#marks .good").wait_for()
    keys("Enter")
    assert marks(page)["next_visit"][1] == "2026-03-26（周四）"  # at once: no key after Enter gets lost
    keys("ArrowDown", "ArrowDown", "ArrowDown", "[")  # the machine: one word more
    page.locator("#marks > li[data-field=equipment] .value", has_text="老注塑机").wait_for()
    assert marks(page)["equipment"] == ("老注塑机", "老注塑机")
    keys("Control+ArrowRight", "Control+ArrowRight", *["Control+Shift+ArrowRight"] * 4, "a", "3")  # what was overlooked
    page.locator("#marks > li[data-field=budget_source] .value", has_text="集团拨付").wait_for()
    assert marks(page)["budget_source"] == ("上面那笔款子", "集团拨付")
    shot(page, "annotator-keys")
    keys("Shift+Enter", "n")
    page.locator("#nothing").wait_for()
    assert keys.pressed <= KEYS
    (final,) = closed(live)
    found = {m["field"]: (TEXT[m["evidence"][0]["start"] : m["evidence"][0]["end"]], m["value"]) for m in final}
    assert found["budget_source"] == ("上面那笔款子", "集团拨付")
    assert found["equipment"] == ("老注塑机", "老注塑机")
    assert found["next_visit"][1]["start"] == "2026-03-26"
    assert found["customer_name"] == ("恒力机械", "恒力机械")
    SHOTS.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text(json.dumps({"characters": len(TEXT), "corrected": 3, "keys": keys.pressed}))


def test_undo_reject_and_overlap_are_drawn(signed_in, live, ask, everywhere):
    ask("王总嫌换模太慢，预算360万，𠮷祥厂<script>alert(1)</script>也来报价", 0)
    page = signed_in("annotator")
    page.goto("/annotate")
    page.locator("#marks > li").first.wait_for()
    before = page.locator("#marks > li").count()
    overlap = page.locator(
        "#text span[data-fields='demand_tag pain_point'], #text span[data-fields='pain_point demand_tag']"
    )
    assert overlap.count() == 1
    lanes = overlap.evaluate("node => node.style.backgroundPosition.split(',').map(p => p.trim())")
    assert len(set(lanes)) == 2
    page.keyboard.press("Delete")
    assert page.locator("#marks > li").count() == before - 1
    page.keyboard.press("u")
    assert page.locator("#marks > li").count() == before
    page.locator("#text").evaluate(
        """node => {
          const piece = [...node.querySelectorAll('span[data-start]')].find(one => one.textContent.includes('𠮷祥厂'));
          const at = piece.textContent.indexOf('𠮷祥厂');
          getSelection().setBaseAndExtent(piece.firstChild, at, piece.firstChild, at + '𠮷祥厂'.length);
          node.dispatchEvent(new MouseEvent('mouseup', {bubbles: true}));
        }"""
    )
    assert "𠮷祥厂" in page.locator("#where").inner_text()
    page.locator("#labels button", has_text="竞品").click()
    page.locator("#marks > li[data-field=competitor] .value").wait_for()
    assert marks(page)["competitor"] == ("𠮷祥厂", "𠮷祥厂")
    everywhere(page, "annotator")
    page.keyboard.press("n")
    page.get_by_text("没有接受或删除").wait_for()
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("n")
    page.locator("#nothing").wait_for()


def test_two_people_and_a_manager(signed_in, live, ask):
    ask("王总说要等财政拨款才能定", 1)
    for role, stretch in (("annotator", 4), ("second", 2)):
        page = signed_in(role, 1280)
        page.goto("/annotate")
        page.get_by_text("双人盲标").wait_for()
        assert page.locator("#marks > li").count() == 0
        for key in [*["ArrowRight"] * 5, *["Shift+ArrowRight"] * stretch, "a", "1", "n"]:
            page.keyboard.press(key)
        page.locator("#nothing").wait_for()
    page = signed_in("manager", 1280, "dark")
    page.goto("/disputes")
    page.get_by_role("link", name="王总说要等财政拨款").click()
    page.locator("#marks > li").first.wait_for()
    assert page.locator("#marks > li").count() == 2
    page.get_by_role("button", name="都用甲的").press("Enter")
    row = page.locator("#marks > li").first
    row.get_by_role("button", name="改值").press("Enter")
    row.get_by_label("「预算来源」的值").fill("专项资金")
    row.get_by_text("读作").wait_for()
    row.get_by_label("「预算来源」的值").press("Enter")
    page.get_by_text("裁决人改的").wait_for()
    page.get_by_role("button", name="裁决并关闭").press("Enter")
    page.wait_for_url("**/disputes")
    page.get_by_text("没有待裁决的分歧").wait_for()
    assert "0.00" in page.locator("table").last.inner_text()
    (mark,) = next(m for m in closed(live) if len(m) == 1)
    assert (mark["evidence"], mark["value"]) == ([{"start": 5, "end": 9}], "专项资金")


def test_guidelines_are_drawn_from_the_contract(signed_in, live):
    page = signed_in("annotator", 360)
    page.goto("/guidelines")
    sections = page.locator("section[id]")
    assert sections.count() == len(live.app.state.engine.contract.fields)
