"""Every format gives back what went in: text with emoji, astral characters and line ends, marks that overlap."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.formats import FORMATS, labelstudio
from annotation.records import Record, RecordError, Said, gold_line, record_from
from extractor.types import Span

FIELDS = ("budget_source", "timeline", "contact_person")
TEXTS = st.text(st.sampled_from("王总说等财政拨款 👍👨‍👩‍👧𠮷\r\n\t\\#u\u3000"), min_size=1, max_size=20) | st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20
)


@st.composite
def records(draw: st.DrawFn) -> Record:
    text = draw(TEXTS)

    def span() -> Span:
        start = draw(st.integers(0, len(text) - 1))
        return Span(start, draw(st.integers(start + 1, len(text))))

    marks = tuple(
        Said(
            draw(st.sampled_from(FIELDS)), tuple(sorted({span() for _ in range(draw(st.integers(0, 2)))})),
            draw(st.sampled_from([None, "政府拨款", {"min": 1, "max": None}, ".", " x"])),
            certain=draw(st.booleans()), origin=draw(st.sampled_from(["rep", "model"])), denied=draw(st.booleans()),
        )
        for _ in range(draw(st.integers(0, 4)))
    )  # fmt: skip
    return Record("n1", text, marks, "2026-03-18T10:20:00+08:00", "恒力👍", draw(st.booleans()), "c1")


@pytest.mark.parametrize("name", sorted(FORMATS))
@given(notes=st.lists(records(), max_size=3))
def test_round_trip(name: str, notes: list[Record]) -> None:
    """All but the mark-up take any record; the mark-up says which it cannot write."""
    try:
        data = FORMATS[name].write(notes)
    except RecordError:
        assert name == "marked"
        return
    assert FORMATS[name].read(data) == notes


NOTE = Record(
    "n1",
    "👍王总要等财政拨款",
    (Said("budget_source", (Span(5, 9),), "政府拨款", origin="rep", by="李"),),
    complete=True,
)


def test_edits_elsewhere_come_back() -> None:
    """A label moved in doccano is an annotator's; one left alone keeps who said it."""
    row = json.loads(FORMATS["doccano"].write([NOTE]))
    row["label"].append([1, 3, "contact_person"])
    (back,) = FORMATS["doccano"].read(json.dumps(row).encode())
    assert back.marks == (*NOTE.marks, Said("contact_person", (Span(1, 3),)))
    row["label"] = [[5, 7, "budget_source"]]
    (back,) = FORMATS["doccano"].read(json.dumps(row).encode())
    assert back.marks == (Said("budget_source", (Span(5, 7),)),)


def test_value_changed_in_the_markup() -> None:
    row = json.loads(FORMATS["marked"].write([NOTE]))
    assert row["marked"] == "👍王总要等[财政拨款]{budget_source=政府拨款}"
    row["marked"] = row["marked"].replace("=政府拨款", "~=自筹")
    (back,) = FORMATS["marked"].read(json.dumps(row).encode())
    assert back.marks == (Said("budget_source", (Span(5, 9),), "自筹", certain=False),)


def test_offsets_in_utf16_units_are_understood() -> None:
    """Old Label Studio counted 👍 as two; words at neither place are an error, not a guess."""
    task = labelstudio.task(NOTE)
    value = task["annotations"][0]["result"][0]["value"]
    assert (value["start"], value["end"]) == (5, 9)
    value |= {"start": 6, "end": 10}
    assert labelstudio.record_of(task) == NOTE
    value["text"] = "银行贷款"
    with pytest.raises(RecordError, match="银行贷款"):
        labelstudio.record_of(task)


def test_one_unit_holds_for_the_whole_task() -> None:
    """Words that repeat are at both places; what else is marked in the task tells which is meant."""
    note = Record(
        "n", "👍哈哈哈，王总", (Said("pain_point", (Span(1, 3),)), Said("contact_person", (Span(5, 7),))), complete=True
    )
    task = labelstudio.task(note)
    for region in task["annotations"][0]["result"]:
        region["value"] |= {"start": region["value"]["start"] + 1, "end": region["value"]["end"] + 1}
    assert labelstudio.record_of(task) == note
    inside = {"data": {"text": "👍"}, "id": 1, "annotations": [{"result": [region | {"value": value_of(1, 2)}]}]}
    with pytest.raises(RecordError):
        labelstudio.record_of(inside)


def value_of(start: int, end: int) -> dict:
    return {"start": start, "end": end, "text": "👍", "labels": ["pain_point"]}


def test_what_is_answered_beside_a_label_counts() -> None:
    """Value and certainty go out beside the label; as they were, the mark keeps who said it; changed, it is new."""
    task = labelstudio.task(replace(NOTE, marks=(replace(NOTE.marks[0], certain=False),)))
    result = task["annotations"][0]["result"]
    assert [r["type"] for r in result] == ["labels", "textarea", "choices"]
    assert labelstudio.record_of(task).marks[0].by == "李"
    changed = result[1] | {"value": result[1]["value"] | {"text": ["自筹"]}}
    answered = {**task, "annotations": [{"result": [result[0], changed]}]}
    assert labelstudio.record_of(answered).marks == (Said("budget_source", (Span(5, 9),), "自筹"),)
    skipped = {**task, "annotations": [{"result": [], "was_cancelled": True}]}
    assert not labelstudio.record_of(skipped).complete


def test_doccano_entities_are_read() -> None:
    """doccano's export of entities and relations."""
    row = {
        "id": 4,
        "text": NOTE.text,
        "entities": [{"id": 1, "label": "budget_source", "start_offset": 5, "end_offset": 9}],
    }
    (back,) = FORMATS["doccano"].read(json.dumps(row).encode())
    assert (back.id, back.marks) == ("4", (Said("budget_source", (Span(5, 9),)),))


def test_the_line_is_named() -> None:
    good = FORMATS["jsonl"].write([NOTE])
    with pytest.raises(RecordError, match="第 3 行"):
        FORMATS["jsonl"].read(good + b"\n" + b'{"id": 5, "text": "x", "marks": []}')
    with pytest.raises(RecordError, match="第 2 行"):
        FORMATS["doccano"].read(b'{"text": "ab", "label": []}\n{"text": "ab", "label": [[0, 3, "f"]]}')


def test_gold_lines_go_both_ways() -> None:
    """What training reads: partial notes say so, denials are marked, inferred values teach nothing."""
    marks = (replace(NOTE.marks[0], denied=True), Said("timeline", (Span(1, 2),), basis="inferred"))
    line = gold_line(replace(NOTE, marks=marks, complete=False))
    assert line["partial"] is True
    assert [(f["field"], f["evidence"], f["denied"]) for f in line["fields"]] == [("budget_source", [5, 9], True)]
    assert record_from(line).marks[0].denied


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("jsonl", b'{"id": "a", "text": "x", "marks": [{"field": "f", "evidence": [{"start": 0, "end": 9}]}]}'),
        ("jsonl", b"nonsense"),
        ("conll", "王\tI-contact_person\n".encode()),
        ("conll", "王总\tO\n".encode()),
        ("doccano", b'{"label": []}'),
        ("doccano", b'{"text": "ab", "label": [["a", 1, "f"]]}'),
        ("labelstudio", b"{}"),
        ("labelstudio", b"[[]]"),
        ("labelstudio", b'[{"data": {"text": "ab"}, "annotations": [{"result": [{"type": "labels", "value": 1}]}]}]'),
        ("labelstudio", b'[{"data": {"text": "ab", "fieldnote": "5"}}]'),
        ("docbin", b"nonsense"),
        ("conll", b"# fieldnote = {\na\tO\n"),
        ("conll", b"\xff"),
        ("jsonl", b'{"id": "a", "text": "xy", "marks": [{"field": "f", "evidence": [{"start": "0", "end": 1}]}]}'),
        ("marked", b'{"id": "a", "marked": "x] y"}'),
    ],
)
def test_broken_files_are_refused(name: str, data: bytes) -> None:
    with pytest.raises(RecordError):
        FORMATS[name].read(data)
