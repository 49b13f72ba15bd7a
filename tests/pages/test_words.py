"""Every text a page asks for is there, in both languages; the switch holds."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from annotation.queue import Mix
from service.pages.assets import FOLDER as STATIC
from service.pages.render import TEMPLATES
from service.pages.words import LANGUAGES, speech

ASKED = re.compile(r"""\bt\(\s*["']([a-z_]+\.[a-z_.]+[a-z_])["']\s*[,)]""")
SOURCES = sorted([*TEMPLATES.glob("*.html"), *STATIC.glob("*.js")])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_that_is_asked_for_is_there(language):
    texts = speech(language).texts
    asked = {(file.name, key) for file in SOURCES for key in ASKED.findall(file.read_text(encoding="utf-8"))}
    assert len(asked) > 50
    assert [(name, key) for name, key in sorted(asked) if key not in texts] == []


def test_every_strategy_of_the_queue_has_its_words():
    strategies = {f"annotator.strategy.{field.name}" for field in fields(Mix)}
    assert strategies == {key for key in speech("zh").texts if key.startswith("annotator.strategy.")}


def test_both_languages_have_the_same_places():
    zh, en = (speech(language).texts for language in LANGUAGES)
    places = re.compile(r"\{\w+\}")
    assert [key for key in zh if sorted(places.findall(zh[key])) != sorted(places.findall(en[key]))] == []


def test_the_switch_holds_on_the_next_page_and_keeps_the_address(signed_in, axe):
    page = signed_in("rep")
    page.goto("/customers?q=恒")
    page.get_by_role("link", name="English").click()
    page.get_by_role("heading", name="Customers").wait_for()
    assert page.get_by_role("textbox").input_value() == "恒"
    page.get_by_role("link", name="Inbox").click()
    page.get_by_role("heading", name="Inbox").wait_for()
    axe(page)
