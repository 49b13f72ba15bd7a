"""The confirm card's weight and speed in a real browser: `python -m benchmarks.pages`.

Each opening is by a fresh browser profile with nothing cached, on the demo's data and the shipped bundle. `bytes` is
what went over the line, headers included (DevTools' `encodedDataLength`); `usable_ms` is from the navigation's start to
the moment when every button answers; `confirm_ms` from the tap on 全部确认 to its answer being drawn.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks import RESULTS, save
from benchmarks.running import Service
from examples.demo import PASSWORD, SHOWN, TENANT

CHROMIUM = "/usr/bin/chromium"
ARGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
OPENINGS = 7
PAGE = Path(__file__).parent.parent / "docs/pages.md"
MARKS = ("<!-- pages: begin -->", "<!-- pages: end -->")
BUDGET = {"bytes": 150_000, "usable_ms": 1000}


def main() -> None:
    """Open the first card of the demo's inbox some times, write the figures."""
    with tempfile.TemporaryDirectory() as folder, _demo(f"sqlite:///{folder}/demo.db") as url, _browser() as browser:
        context = browser.new_context(base_url=url, viewport={"width": 360, "height": 800})
        sign_in(context)
        cookies: Any = context.cookies()
        page = context.new_page()
        page.goto("/inbox")
        cards = [link.get_attribute("href") or "" for link in page.get_by_role("link", name="打开确认卡").all()]
        runs = [opening(browser, url, cookies, cards[n % len(cards)]) for n in range(OPENINGS)]
    figures = {
        "openings": OPENINGS, "budget": BUDGET, "plotly_loaded": any(r["plotly"] for r in runs),
        "requests": max(r["requests"] for r in runs), "bytes": max(r["bytes"] for r in runs),
        "usable_ms": {
            "median": round(statistics.median(r["usable_ms"] for r in runs)),
            "worst": round(max(r["usable_ms"] for r in runs)),
        },
    }  # fmt: skip
    print(save("pages", figures), figures)
    redraw()


def redraw() -> None:
    """Rewrite the table in place."""
    PAGE.write_text(page_with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def page_with_tables(text: str) -> str:
    """`docs/pages.md` with its table redrawn from the results."""
    card, desk = (json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")) for name in ("pages", "annotator"))
    usable, budget = card["usable_ms"], card["budget"]
    rows = (
        ("量什么", "量得", "预算"),
        ("---", "--:", "--:"),
        (
            "打开确认卡传的字节",
            f"{card['bytes'] / 1000:.0f} KB，{card['requests']} 个请求",
            f"{budget['bytes'] // 1000} KB",
        ),
        (
            f"能点之前（{card['openings']} 次的中位数，最慢）",
            f"{usable['median']}，{usable['worst']} 毫秒",
            f"{budget['usable_ms']} 毫秒",
        ),
        (
            f"标注台：{desk['characters']} 字、改 {desk['corrected']} 个字段",
            f"{desk['keys']} 个键，估 {desk['estimated_seconds']} 秒",
            "15 秒",
        ),
    )
    head, _, rest = text.partition(MARKS[0])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{head}{MARKS[0]}\n{table}\n{MARKS[1]}{rest.partition(MARKS[1])[2]}"


def sign_in(context: BrowserContext) -> None:
    """As the demo's printed account, by the form."""
    page = context.new_page()
    page.goto("/signin")
    for label, text in (("租户", TENANT), ("登录名", SHOWN), ("密码", PASSWORD)):
        page.get_by_label(label).fill(text)
    page.keyboard.press("Enter")
    page.wait_for_url("**/inbox")
    page.close()


def opening(browser: Browser, url: str, cookies: Any, path: str) -> dict[str, Any]:
    """One opening of a card by a fresh profile."""
    context = browser.new_context(base_url=url, viewport={"width": 360, "height": 800})
    context.add_cookies(cookies)
    figures = weigh(context.new_page(), path)
    context.close()
    return figures


def weigh(page: Page, path: str) -> dict[str, Any]:
    """Bytes and requests of opening a card, and when it was usable."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    sizes: list[float] = []
    asked: list[str] = []
    devtools.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path, wait_until="networkidle")
    usable = page.evaluate("performance.getEntriesByName('usable')[0].startTime")
    plotly = any("plotly" in url for url in asked)
    return {"bytes": round(sum(sizes)), "requests": len(sizes), "usable_ms": usable, "plotly": plotly}


@contextmanager
def _demo(database: str) -> Iterator[str]:
    command = [sys.executable, "-m", "examples.demo", "--database-url", database]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    service = Service(database)
    service.start()
    try:
        yield service.url
    finally:
        service.stop()


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGS))
        yield browser
        browser.close()


if __name__ == "__main__":
    main()
