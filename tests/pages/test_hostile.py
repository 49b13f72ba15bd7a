"""Hostile notes: drawn as they are, offsets right, nothing runs."""

from __future__ import annotations

import pytest

from tests.pages.test_rep import sent

SCRIPT = "<script>window.ran=1</script><img src=x onerror=window.ran=1>"
RTL, ISOLATE = "\u202e", "\u2067"
NOTES = {
    "script": f"{SCRIPT}王总说要等财政拨款，{SCRIPT}下周三上门",
    "astral": "😀𠮷𪚥👨‍👩‍👧王总说要等财政拨款🎉，下周三👍🏽带样品上门，预算八十万",
    "rtl": f"{RTL}王总说要等财政拨款{ISOLATE}שלום，下周三\u200f上门",
    "lines": "  王总说要等财政拨款\r\n\r\n\t下周三上门\n{{ 7*7 }} ${ran} </script>",
    "long": "王总说要等财政拨款。" + ("今天路上堵车，天气不错😀。" * 800)[:9_970] + "下周三带样品上门",
}


@pytest.mark.parametrize("kind", NOTES)
def test_a_hostile_note_is_drawn_right_and_runs_nothing(signed_in, live, kind):
    text = NOTES[kind]
    who = f"{SCRIPT}{RTL}"
    made = live.note(text, customer=f"{who}{kind}", author=who, channel=SCRIPT)
    page = signed_in("manager", 360)
    page.goto(f"/confirm/{made['id']}")
    drawn = page.locator("#note").evaluate("node => node.textContent")
    assert drawn == text.replace("\r\n", "\n")  # as HTML has it: a line's end is one letter
    assert made["fields"]
    for f in made["fields"]:
        marks = page.locator(f"#note mark[data-fields~={f['field']}]").evaluate_all(
            "all => all.map(m => m.textContent)"
        )
        assert "".join(e["text"] for e in f["evidence"]) in "".join(marks)
        at = page.locator(f"#note mark[data-fields~={f['field']}]").evaluate_all(
            "all => all.map(m => +m.dataset.start)"
        )
        assert {e["start"] for e in f["evidence"]} <= set(at)
    row = page.locator(".item").first
    row.get_by_role("button", name="不对").click()
    row.get_by_label("其他原因").fill(SCRIPT)
    row.locator(".drawer").get_by_role("button", name="不对", exact=True).click()
    page.get_by_role("button", name="全部确认").click()
    sent(page)
    page.reload()
    assert SCRIPT in page.locator(".item .state").first.inner_text()
    page.get_by_role("link", name="客户档案").click()
    page.wait_for_url("**/customer?**")
    page.locator(".whence").first.click()
    page.locator("#timeline mark").first.wait_for()
    page.goto("/inbox?everyone=1")
    page.goto("/customers")
    assert page.evaluate("window.ran") is None


def test_the_modules_own_cutting_counts_code_points(signed_in):
    page = signed_in("rep")
    page.goto("/try")
    text = NOTES["astral"]
    page.get_by_label("笔记").fill(text)
    page.get_by_role("button", name="读一读").click()
    mark = page.locator("#drawn mark", has_text="财政拨款")
    mark.wait_for()
    assert int(mark.get_attribute("data-start")) == text.index("财政拨款")
    assert page.locator("#drawn").evaluate("node => node.textContent") == text
