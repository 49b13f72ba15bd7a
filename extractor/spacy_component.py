"""spaCy at the edge: the pipeline component `sales_note` puts the engine's findings into `doc.spans["fields"]`.

Works with any tokenizer: an evidence span that does not fall on token borders is widened to whole tokens, and the
exact code points stay in `doc.user_data["fieldnote"]`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from extractor.pipeline import Engine, load_engine
from extractor.render import result_json
from extractor.types import Note


@Language.factory("sales_note", default_config={"contract": None, "sent_at": "2026-01-01T00:00:00+08:00"})
def make_sales_note(nlp: Language, name: str, contract: str | None, sent_at: str) -> SalesNote:
    """`nlp.add_pipe("sales_note", config={"sent_at": ...})`; a Doc may bring its own in `doc.user_data["sent_at"]`."""
    return SalesNote(load_engine(contract), datetime.fromisoformat(sent_at))


class SalesNote:
    """Doc in, the same Doc with `spans["fields"]` (label = field, kb_id = value for enums) out."""

    def __init__(self, engine: Engine, sent_at: datetime) -> None:
        self.engine, self.sent_at = engine, sent_at

    def __call__(self, doc: Doc) -> Doc:
        sent_at: Any = doc.user_data.get("sent_at", self.sent_at)
        result = self.engine.extract(Note("doc", doc.text, sent_at))
        spans = [
            doc.char_span(
                s.start,
                s.end,
                label=e.field,
                kb_id=e.value if isinstance(e.value, str) else "",
                alignment_mode="expand",
            )
            for e in result.fields
            for s in e.evidence
        ]
        doc.spans["fields"] = [s for s in spans if s is not None]
        doc.user_data["fieldnote"] = result_json(result)
        return doc
