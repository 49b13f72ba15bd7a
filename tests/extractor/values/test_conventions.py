"""A tenant's own words and conventions: a copy of rules/time with other figures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from extractor.errors import ContractError
from extractor.values.finder import find_values
from extractor.values.render import found_json
from extractor.values.tables import TABLES, tables_of
from tests.conftest import SENT_AT


@pytest.fixture
def own(tmp_path: Path) -> Path:
    shutil.copytree(TABLES, tmp_path / "time")
    return tmp_path


def dates(text: str, root: Path) -> tuple[str, str]:
    (found,) = find_values(text, SENT_AT, folder=tables_of(root))
    value = found_json(found)["value"]
    return value["start"][:10], value["end"][:10]


def change(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


def test_fiscal_year_of_the_tenant(own: Path):
    change(own / "time/conventions.yaml", "fiscal_year_start: 1 ", "fiscal_year_start: 4 ")
    assert dates("财年末", own) == ("2026-02-01", "2026-04-01")


def test_end_of_month_of_the_tenant(own: Path):
    change(own / "time/conventions.yaml", "late: [21, 31], midlate: [11", "late: [26, 31], midlate: [11")
    assert dates("六月底", own) == ("2026-06-26", "2026-07-01")


def test_a_festival_of_the_tenant(own: Path):
    with (own / "time/holidays.yaml").open("a", encoding="utf-8") as file:
        file.write("厂庆: {solar: [8, 18], words: [厂庆日]}\n")
    assert dates("厂庆日", own) == ("2026-08-18", "2026-08-19")


def test_without_own_tables_the_shipped_ones_hold(tmp_path: Path):
    assert tables_of(tmp_path) == TABLES


def test_a_broken_table_says_which(own: Path):
    change(own / "time/conventions.yaml", "days_per_month: 30", "days_per_moon: 30")
    with pytest.raises(ContractError, match="days_per_month"):
        find_values("下周三", SENT_AT, folder=tables_of(own))
