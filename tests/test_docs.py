"""The pages say what is true: generated parts are current, links lead somewhere, documented files exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.tables import PAGES as DRAWN
from benchmarks.tables import page
from extractor.contract import load_contract
from extractor.docs import fields_page

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\(([^)#]+)")
NAMED = re.compile(r"`((?:extractor|rules|models|annotation|service|benchmarks)/[\w./-]+)`")


def test_fields_page_is_current():
    assert (ROOT / "docs/fields.md").read_text(encoding="utf-8") == fields_page(load_contract()), "run: make docs"


@pytest.mark.parametrize("file", DRAWN, ids=lambda p: p.name)
def test_drawn_tables_are_current(file: Path):
    text = file.read_text(encoding="utf-8")
    assert text == page(text, DRAWN[file]()), "run: make docs"


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_links_and_named_files_exist(path: Path):
    text = path.read_text(encoding="utf-8")
    links = [target for target in LINK.findall(text) if "://" not in target]
    missing = [t for t in links if not (path.parent / t).exists()]
    missing += [name for name in NAMED.findall(text) if not (ROOT / name).exists()]
    assert not missing
