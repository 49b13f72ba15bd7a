"""Label Studio's JSON: tasks with annotations (people's, of a whole note) and predictions (everything else).

Offsets in Label Studio's files count code points since 2021; older exports counted UTF-16 units. Each region carries
its words, so the reader tells which of both a task has before it, by all its regions. Beside a label go its value, in
the text area of the region, and a choice where it is not certain. What these do not say travels in the task's data.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any
from xml.sax.saxutils import quoteattr

from annotation.formats.common import Found, Place, aside, places, restore, shown
from annotation.marking import canonical
from annotation.records import Record, RecordError, Said
from extractor.contract import Contract
from extractor.types import Json, Span

FROM, TO, MODEL = "field", "text", "fieldnote"
VALUE, CERTAINTY, UNSURE = "value", "certainty", "不确定"
Result = list[dict[str, Any]]


def write(records: Iterable[Record]) -> bytes:
    """A JSON list of tasks, as Label Studio imports it."""
    return json.dumps([task(record) for record in records], ensure_ascii=False).encode()


def task(record: Record) -> dict[str, Any]:
    """One task; what people said of the whole note is an annotation, other marks are a prediction."""
    regions = [r for place in places(record) for r in regions_of(record, place)]
    kept = json.dumps(aside(record), ensure_ascii=False)
    made: dict[str, Any] = {
        "data": {"text": record.text, "note_id": record.id, "sent_at": record.sent_at, "fieldnote": kept}
    }
    if record.complete:
        made["annotations"] = [{"result": regions}]
    else:
        made["predictions"] = [{"model_version": record.contract or MODEL, "score": 1.0, "result": regions}]
    return made


def regions_of(record: Record, place: Place) -> Result:
    """A labelled stretch in Label Studio's words, with its value and whether it is uncertain.

    Two values on the same words cannot be told apart there; they are shown as the label alone.
    """
    field, start, end = place
    where = {"start": start, "end": end}

    def part(kind: str, name: str, **said: Json) -> dict[str, Any]:
        value = {**where, "text": record.text[start:end], **said}
        return {"id": f"{field}-{start}-{end}", "from_name": name, "to_name": TO, "type": kind, "value": value}

    parts = [part("labels", FROM, labels=[field])]
    mark = _only(record, place)
    if mark and mark.value is not None:
        parts.append(part("textarea", VALUE, text=[_written(mark.value)]))
    if mark and not mark.certain:
        parts.append(part("choices", CERTAINTY, choices=[UNSURE]))
    return parts


def _only(record: Record, place: Place) -> Said | None:
    """The mark of a place where there is one alone."""
    field, start, end = place
    own = [m for m in record.marks if shown(m) and m.field == field and Span(start, end) in m.spans]
    return own[0] if len(own) == 1 else None


def _written(value: Json) -> str:
    return value if isinstance(value, str) else canonical(value)


def read(data: bytes) -> list[Record]:
    """Tasks of an export or import file. Raises RecordError where something is none."""
    try:
        tasks = json.loads(data.decode("utf-8-sig"))
    except ValueError as error:
        raise RecordError(f"不是 JSON：{error}") from None
    if not isinstance(tasks, list):
        raise RecordError("Label Studio 的文件应是任务的列表")
    return [record_of(t) for t in tasks]


def record_of(given: Mapping[str, Any]) -> Record:
    """The record of a task: its newest annotation that was not cancelled, else its newest prediction."""
    try:
        data = given["data"]
        text = data["text"]
        kept = dict(json.loads(data["fieldnote"])) if "fieldnote" in data else {}
        kept.setdefault("id", str(data.get("note_id") or given.get("id", "?")))
        people = [a for a in given.get("annotations") or () if not a.get("was_cancelled")]
        chosen = people or given.get("predictions") or ()
        result = max(chosen, key=lambda a: a.get("updated_at") or "")["result"] if chosen else []
        found = _found(text, result)
        record = restore(text, {**kept, "complete": bool(people)}, found)
        return _edited(record, {f.place: f for f in found})
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise RecordError(f"任务 {_name(given)} 读不出：{error!r}") from None


def _name(given: object) -> object:
    return given.get("id", "?") if isinstance(given, Mapping) else "?"


def _found(text: str, result: Result) -> list[Found]:
    labels = [r for r in result if r.get("type") == "labels"]
    written = {r.get("id"): "".join(r["value"]["text"]) or None for r in result if r.get("type") == "textarea"}
    unsure = {r.get("id") for r in result if r.get("type") == "choices" and UNSURE in r["value"]["choices"]}
    places_now = located(text, [r["value"] for r in labels])
    return [
        Found(label, start, end, written.get(r.get("id")), r.get("id") not in unsure)
        for r, (start, end) in zip(labels, places_now, strict=True)
        for label in r["value"]["labels"]
    ]


def located(text: str, values: Sequence[Mapping[str, Any]]) -> list[tuple[int, int]]:
    """Code points of a task's regions, whichever unit they count. Raises RecordError where their words are not there.

    All of a task are of one unit: words that repeat (哈哈哈) would be found at the wrong place one by one.
    """
    given = [(v["start"], v["end"], v.get("text")) for v in values]
    if all(words is None or text[start:end] == words for start, end, words in given):
        return [(start, end) for start, end, _ in given]
    units = accumulate((2 if c > "\uffff" else 1 for c in text), initial=0)
    at = {before: n for n, before in enumerate(units)}  # UTF-16 units before → code points before
    for start, end, words in given:
        if start not in at or end not in at or text[at[start] : at[end]] != (words or text[at[start] : at[end]]):
            raise RecordError(f"标注的文字「{words}」不在 {start}–{end}")
    return [(at[start], at[end]) for start, end, _ in given]


def _edited(record: Record, now: Mapping[Place, Found]) -> Record:
    """Values and certainty that people changed beside a label win over those that travelled aside."""

    def newest(mark: Said) -> Said:
        own = [(mark.field, s.start, s.end) for s in mark.spans] if shown(mark) else []
        answers = (_newest(mark, now[place]) for place in own if _only(record, place) is mark)
        return next((a for a in answers if a is not mark), mark)

    return replace(record, marks=tuple(newest(mark) for mark in record.marks))


def _newest(mark: Said, is_now: Found) -> Said:
    typed = is_now.value
    same = typed is None or (mark.value is not None and typed == _written(mark.value))
    if same and is_now.certain == mark.certain:
        return mark
    return Said(mark.field, mark.spans, mark.value if same else typed, is_now.certain)


def config(contract: Contract) -> str:
    """The labelling interface: a label a field of the contract, its definition as a hint."""
    labels = "\n".join(
        f"    <Label value={quoteattr(f.name)} alias={quoteattr(f.name)} hint={quoteattr(f.title)}/>"
        for f in contract.fields.values()
    )
    return (
        f'<View>\n  <Labels name="{FROM}" toName="{TO}">\n{labels}\n  </Labels>\n'
        f'  <Text name="{TO}" value="$text" granularity="symbol"/>\n'
        f'  <TextArea name="{VALUE}" toName="{TO}" perRegion="true" maxSubmissions="1" editable="true"/>\n'
        f'  <Choices name="{CERTAINTY}" toName="{TO}" perRegion="true" choice="multiple">\n'
        f'    <Choice value="{UNSURE}"/>\n  </Choices>\n</View>\n'
    )
