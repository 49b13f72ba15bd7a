"""Label Studio's JSON: tasks with annotations (people's, of a whole note) and predictions (everything else).

Offsets in Label Studio's files count code points since 2021; older exports counted UTF-16 units. Each region carries
its words, so the reader tells which of both it has before it. What a label does not say travels in the task's data.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

from annotation.formats.common import Found, aside, places, restore
from annotation.records import Record, RecordError
from extractor.contract import Contract

FROM, TO, MODEL = "field", "text", "fieldnote"


def write(records: Iterable[Record]) -> bytes:
    """A JSON list of tasks, as Label Studio imports it."""
    return json.dumps([task(record) for record in records], ensure_ascii=False).encode()


def task(record: Record) -> dict[str, Any]:
    """One task; what people said of the whole note is an annotation, other marks are a prediction."""
    regions = [region(record.text, *place) for place in places(record)]
    kept = json.dumps(aside(record), ensure_ascii=False)
    made: dict[str, Any] = {
        "data": {"text": record.text, "note_id": record.id, "sent_at": record.sent_at, "fieldnote": kept}
    }
    if record.complete:
        made["annotations"] = [{"result": regions}]
    else:
        made["predictions"] = [{"model_version": record.contract or MODEL, "score": 1.0, "result": regions}]
    return made


def region(text: str, field: str, start: int, end: int) -> dict[str, Any]:
    """A labelled stretch in Label Studio's words."""
    value = {"start": start, "end": end, "text": text[start:end], "labels": [field]}
    return {"id": f"{field}-{start}-{end}", "from_name": FROM, "to_name": TO, "type": "labels", "value": value}


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
        kept = json.loads(data["fieldnote"]) if "fieldnote" in data else {"id": str(data.get("note_id", given["id"]))}
        people = [a for a in given.get("annotations") or () if not a.get("was_cancelled")]
        chosen = people or given.get("predictions") or ()
        result = max(chosen, key=lambda a: a.get("updated_at") or "")["result"] if chosen else []
        written = {r["id"]: r["value"]["text"][0] for r in result if r.get("type") == "textarea" and r.get("id")}
        found = [f for r in result if r.get("type") == "labels" for f in _found(text, r, written)]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordError(f"任务 {given.get('id', '?')} 读不出：{error!r}") from None
    return restore(text, {**kept, "complete": bool(people)}, found)


def _found(text: str, region: Mapping[str, Any], written: Mapping[str, str]) -> list[Found]:
    value = region["value"]
    start, end = located(text, value["start"], value["end"], value.get("text"))
    return [Found(label, start, end, written.get(region.get("id", ""))) for label in value["labels"]]


def located(text: str, start: int, end: int, words: str | None) -> tuple[int, int]:
    """Code points of a region, whichever unit it counts. Raises RecordError where its words are at neither place."""
    if words is None or text[start:end] == words:
        return start, end
    units = text.encode("utf-16-le")
    try:
        head, body = units[: 2 * start].decode("utf-16-le"), units[2 * start : 2 * end].decode("utf-16-le")
    except UnicodeDecodeError:
        head, body = "", ""
    if body != words:
        raise RecordError(f"标注的文字「{words}」不在 {start}–{end}")
    return len(head), len(head) + len(body)


def config(contract: Contract) -> str:
    """The labelling interface: a label a field of the contract, its definition as a hint."""
    labels = "\n".join(
        f"    <Label value={quoteattr(f.name)} alias={quoteattr(f.name)} hint={quoteattr(f.title)}/>"
        for f in contract.fields.values()
    )
    return (
        f'<View>\n  <Labels name="{FROM}" toName="{TO}">\n{labels}\n  </Labels>\n'
        f'  <Text name="{TO}" value="$text" granularity="symbol"/>\n'
        f'  <TextArea name="value" toName="{TO}" perRegion="true" maxSubmissions="1" editable="true"/>\n</View>\n'
    )
