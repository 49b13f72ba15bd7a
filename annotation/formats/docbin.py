"""spaCy's `DocBin`: one token a character, labels in `doc.spans["fields"]`, the rest in `doc.user_data["fieldnote"]`.

Needs the extra `spacy`. A token a character keeps every offset: `span.start` is the code point.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

from annotation.formats.common import Found, aside, places, restore
from annotation.records import Record, RecordError

KEY = "fields"


def write(records: Iterable[Record]) -> bytes:
    """The bytes of a `.spacy` file. Raises RecordError without spaCy."""
    spacy = _spacy()
    nlp = spacy.blank("xx")
    stored = spacy.tokens.DocBin(store_user_data=True)
    for record in records:
        doc = spacy.tokens.Doc(nlp.vocab, words=list(record.text), spaces=[False] * len(record.text))
        doc.spans[KEY] = [spacy.tokens.Span(doc, start, end, label=field) for field, start, end in places(record)]
        doc.user_data["fieldnote"] = aside(record)
        stored.add(doc)
    data: bytes = stored.to_bytes()
    return data


def read(data: bytes) -> list[Record]:
    """Notes of any `DocBin`, whatever its tokens; spans' character offsets are what counts."""
    spacy = _spacy()
    try:
        docs = list(spacy.tokens.DocBin().from_bytes(data).get_docs(spacy.blank("xx").vocab))
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise RecordError(f"不是 spaCy 的 DocBin：{error}") from None
    records = []
    for n, doc in enumerate(docs, 1):
        found = [Found(s.label_, s.start_char, s.end_char) for s in doc.spans.get(KEY, ())]
        kept = doc.user_data.get("fieldnote") or {"id": str(n)}
        records.append(restore(doc.text, kept, found))
    return records


def _spacy() -> Any:
    try:
        import spacy
        import spacy.tokens
    except ModuleNotFoundError:
        raise RecordError("DocBin 需要 spaCy；请装 pip install 'fieldnote[spacy]'") from None
    return spacy
