"""The page of models in a real browser: versions, promotion and back, trials, calibration, a job under way."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotation.gate import judge
from models.bundle import DEFAULT, load_bundle
from service.store import jobs, verdicts
from tests.pages.conftest import reach, skip_to_main
from tests.service.releasing import version


@pytest.fixture
def registry(live, tmp_path: Path) -> Iterator[Path]:
    """Two more versions beside the shipped one, for this test alone."""
    engines = live.app.state.engines
    before, engines.registry = engines.registry, tmp_path
    version(tmp_path, "page-two")
    scores = load_bundle(DEFAULT).manifest.scores
    with live.app.state.database.write() as connection:
        report = judge(scores, scores, times=1.02)
        verdicts.keep_verdict(connection, "demo", "page-two", "zh-notes-1", report)
    yield tmp_path
    engines.registry = before
    shutil.rmtree(tmp_path)


def test_models_are_released_tried_and_taken_back_with_the_keyboard(live, signed_in, everywhere, registry):
    page = signed_in("manager")
    page.goto("/models")
    page.locator("html[data-drawn=yes]").wait_for()
    skip_to_main(page)
    reach(page.locator("article summary").first).press("Enter")
    page.locator("article details[open]").wait_for()
    everywhere(page, "models-gate")

    def press(button: str, told: str | re.Pattern[str]) -> None:
        """The page is drawn anew after each."""
        skip_to_main(page)
        reach(page.get_by_role("button", name=button)).press("Enter")
        page.get_by_text(told).wait_for()

    page.reload()
    for name in ("zh-notes-1", "page-two"):
        press(f"上线 {name}", f"{name} 已上线")
    assert page.locator("#serving .value").inner_text() == "page-two"
    press("灰度试用 zh-notes-1", "zh-notes-1 已开始试用")
    press("结束试用 zh-notes-1", "试用已结束")
    for ref in ("zh-notes-1", "–"):
        press("退回上一个版本", f"已退回：{ref}")
    press("按回答重新校准", re.compile(r"(回答还不够（|已按 )\d+ 个"))  # the other pages' tests decided so many


def test_a_job_shows_how_far_it_is(live, signed_in):
    page = signed_in("manager", 1280)
    page.goto("/models")
    page.get_by_role("button", name="开始训练").click()
    job = page.locator("#jobs [data-job]").first
    job.get_by_text("等待中").wait_for()
    name = job.get_attribute("data-job")
    database = live.app.state.database
    with database.write() as connection:
        assert jobs.take(connection, name, "runner") is not None
        assert jobs.tell(connection, name, "runner", progress=0.4, step="fine-tune")
    job.get_by_text("进行中").wait_for()
    assert job.locator("progress").evaluate("bar => bar.value") == pytest.approx(0.4)
    job.get_by_role("button", name="取消").click()
    page.locator("#jobs").get_by_text("正在取消").first.wait_for()
    with database.write() as connection:
        assert jobs.finish(connection, name, "runner", "cancelled")
    page.locator("#jobs").get_by_text("已取消").first.wait_for()
