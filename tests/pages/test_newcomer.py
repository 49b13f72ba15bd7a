"""A newcomer's way: what `make demo` starts, the printed account, a card confirmed, seen on the board."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.pages import BUDGET, weigh
from benchmarks.running import Service
from examples.demo import TENANT, seed
from service.store import waiting
from service.store.database import open_database

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def demo(rules, tmp_path_factory):
    """The demo as make starts it: its printed text and the running service's address."""
    database = f"sqlite:///{tmp_path_factory.mktemp('demo')}/fieldnote.db"
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "python -m examples.demo" in recipe.split("\ndemo:")[1].split("\n\n")[0]
    environment = {**os.environ, "FIELDNOTE_DATABASE_URL": database}
    command = [sys.executable, "-m", "examples.demo"]
    shown = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    opened = open_database(database)
    with opened.read() as connection:
        left = waiting.count(connection, TENANT, None)
    seed(opened, rules)  # a second make demo
    with opened.read() as connection:
        assert waiting.count(connection, TENANT, None) == left > 0
    opened.close()
    service = Service(database)
    service.start()
    yield shown, service.url
    service.stop()


def test_the_printed_account_leads_to_a_confirmed_card(demo, browser, shot):
    text, url = demo
    tenant, name, password = re.search(r"租户：(\S+)　登录名：(\S+)　密码：(\S+)", text).groups()
    context = browser.new_context(base_url=url, viewport={"width": 360, "height": 800}, locale="zh-CN")
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.goto("/")
    page.get_by_label("租户").fill(tenant)
    page.get_by_label("登录名").fill(name)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/inbox")
    shot(page, "inbox-demo-360-light")
    card = page.get_by_role("link", name="打开确认卡").first.get_attribute("href")
    weighed = weigh(page, card)
    assert weighed["bytes"] <= BUDGET["bytes"]
    assert not weighed["plotly"]
    value = page.locator(".item .value").first.inner_text()
    page.get_by_role("button", name="全部确认").click()
    page.wait_for_function("() => !Object.keys(localStorage).some(k => k.startsWith('fieldnote.tap.'))")
    page.get_by_role("link", name="客户档案").click()
    page.get_by_text(value, exact=True).first.wait_for()
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("link", name="数据健康").click()
    page.locator(".chart .plot-container").first.wait_for()
    shot(page, "board-1280-light")
    page.locator("table").get_by_role("link", name=name).click()
    confirmed = page.locator("tr", has=page.locator(f"a[href='{card}']"))
    confirmed.first.wait_for()
    assert all("已确认" in row for row in confirmed.all_inner_texts())
    assert errors == []
    context.close()
