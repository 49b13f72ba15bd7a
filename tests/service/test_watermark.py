"""The mark of an export: read back, never forged, through what people do to files."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.problems import ServiceError
from service.watermark import read_watermark, stamp, trace

KEY = b"k" * 32
AT = datetime.fromisoformat("2026-03-18T10:20:00+08:00")
ROWS = {
    "csv": "\ufeffcustomer,field,value\r\n宏发,budget_source,政府拨款\r\n力源,competitor,金蝶\r\n",
    "jsonl": '{"customer": "宏发", "value": "政府拨款"}\n{"customer": "力源", "value": "金蝶"}\n',
}
kinds = pytest.mark.parametrize("kind", ["csv", "jsonl"])


def marked(kind: str) -> str:
    return stamp(ROWS[kind], kind, "王芳", AT, "demo", KEY)


def facts(mark) -> tuple:
    return (mark.tenant, mark.who, mark.at)


@kinds
def test_who_when_tenant_come_back(kind):
    mark = trace(marked(kind), KEY)
    assert facts(mark) == ("demo", "王芳", AT)
    assert mark.intact


@kinds
@settings(deadline=None)
@given(who=st.text(st.characters()), tenant=st.text(st.characters()), rows=st.text())
def test_any_names_and_rows(kind, who, tenant, rows):
    text = stamp(rows, kind, who, AT, tenant, KEY)
    mark = trace(text, KEY)
    assert facts(mark) == (tenant, who, AT)
    assert mark.intact
    text.split("\n")[0].encode()


def test_the_mark_is_visible():
    assert (
        marked("csv")
        .splitlines()[0]
        .startswith("\ufeff# fieldnote-export: tenant=demo who=王芳 at=2026-03-18T10:20:00+08:00 ")
    )
    assert json.loads(marked("jsonl").splitlines()[0])["fieldnote-export"]["who"] == "王芳"


def test_programs_still_read_the_rows():
    rows = list(csv.reader(io.StringIO(marked("csv").removeprefix("\ufeff"))))
    assert len(rows[0]) == 1
    assert rows[1:] == list(csv.reader(io.StringIO(ROWS["csv"].removeprefix("\ufeff"))))
    assert [json.loads(line) for line in marked("jsonl").splitlines()][1]["customer"] == "宏发"


@kinds
def test_no_mark_is_none(kind):
    assert trace(ROWS[kind], KEY) is None
    assert trace("", KEY) is None


@kinds
@pytest.mark.parametrize(
    ("old", "new"), [("王芳", "李雷"), ("demo", "other"), ("2026-03-18T10", "2026-03-19T10"), ("sig", "sgi")]
)
def test_an_altered_mark_is_refused(kind, old, new):
    with pytest.raises(ServiceError) as caught:
        trace(marked(kind).replace(old, new, 1), KEY)
    assert (caught.value.status, caught.value.code) == (422, "export.mark_altered")


@pytest.mark.parametrize(
    "text",
    ["# fieldnote-export:", "# fieldnote-export: sig=é", '{"fieldnote-export": 7}', '{"fieldnote-export": {"sig"'],
)
def test_a_damaged_or_made_up_mark_is_refused(text):
    with pytest.raises(ServiceError):
        trace(text, KEY)


@kinds
def test_another_server_s_mark_is_refused(kind):
    with pytest.raises(ServiceError):
        trace(marked(kind), b"other" * 8)


@kinds
def test_changed_rows_keep_the_mark_but_are_not_intact(kind):
    mark = trace(marked(kind).replace("政府拨款", "自筹"), KEY)
    assert facts(mark) == ("demo", "王芳", AT)
    assert not mark.intact


def test_names_cannot_pose_as_other_facts():
    text = stamp("", "csv", "x tenant=other", AT, "demo", KEY)
    assert facts(trace(text, KEY)) == ("demo", "x tenant=other", AT)


@kinds
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_files_as_spreadsheets_write_them(tmp_path, kind, encoding):
    path = tmp_path / "export"
    path.write_bytes(marked(kind).removeprefix("\ufeff").encode(encoding))
    mark = read_watermark(path, KEY)
    assert facts(mark) == ("demo", "王芳", AT)
    assert mark.intact


def test_a_sorted_and_quoted_sheet_is_still_traced():
    first, header, *rows = marked("csv").removeprefix("\ufeff").splitlines()
    sheet = "\n".join([header, *reversed(rows), f'"{first}",,'])
    assert facts(trace(sheet, KEY)) == ("demo", "王芳", AT)
    unquoted = "\n".join([header, *rows, f"{first},,"])
    assert facts(trace(unquoted, KEY)) == ("demo", "王芳", AT)


def test_a_time_without_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        stamp("", "csv", "王芳", datetime(2026, 3, 18), "demo", KEY)
