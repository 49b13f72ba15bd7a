"""The shipped bundle as the service runs it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.errors import ModelError
from models.bundle import DEFAULT, load_bundle
from models.tagger import SEAM, WINDOW, load_tagger, providers

TAGGER = load_tagger(DEFAULT)
NOTE = "今天去了恒力机械，王总说要等财政拨款，李工负责选型，下周三再带两台样机过去。"


PADDING = "天气不错，路上有点堵。"


def places(text: str) -> set[tuple[str, str, int]]:
    return {(c.field, text[c.span.start : c.span.end], c.span.start) for c in TAGGER.tag(text) if c.score > 0.5}


def test_it_reads_a_note():
    found = {(field, words) for field, words, _ in places(NOTE)}
    assert {("contact_person", "王总"), ("contact_person", "李工"), ("customer_name", "恒力机械")} <= found


def test_same_text_alone_in_a_batch_and_in_threads():
    texts = [NOTE, "下周三", NOTE[:20], "", "好的"] * 4
    alone = [TAGGER.tag(t) for t in texts]
    batched = TAGGER.tag_many(texts)
    with ThreadPoolExecutor(4) as pool:
        threaded = list(pool.map(TAGGER.tag, texts))
    assert threaded == alone
    assert batched == alone


def test_scores_of_a_text_are_the_same_numbers_whatever_is_beside_it():
    texts = [NOTE, NOTE[:7], PADDING * 6, "好的"]
    for text, (scores, parts) in zip(texts, TAGGER.run_model(texts), strict=True):
        ((alone, own),) = TAGGER.run_model([text])
        assert (scores == alone).all()
        assert (parts == own).all()


def test_a_cuda_device_is_used_where_there_is_one():
    cuda, processor = "CUDAExecutionProvider", "CPUExecutionProvider"
    assert providers(["TensorrtExecutionProvider", cuda, processor]) == [cuda, processor]
    assert providers(["AzureExecutionProvider", processor]) == [processor]


@pytest.mark.parametrize("before", [0, WINDOW - SEAM, WINDOW - SEAM // 2, WINDOW - 10, WINDOW, 3 * WINDOW - 7])
def test_seams_of_windows_lose_nothing(before: int):
    """Wherever the note lies in a long text, what is sure in it alone is found, once, at its place."""
    text = (PADDING * (before // len(PADDING) + 1))[:before] + "\n" + NOTE + "\n" + PADDING * 30
    sure = [(c.field, c.span.start + before + 1) for c in TAGGER.tag(NOTE) if c.score > 0.8]
    found = [(c.field, c.span.start) for c in TAGGER.tag(text) if c.score > 0.2]
    assert len(sure) >= 3
    assert [found.count(place) for place in sure] == [1] * len(sure)


@settings(deadline=None, max_examples=40)
@given(st.text(st.characters(codec=None), max_size=700))
def test_any_text_gives_spans_inside_it(text: str):
    for candidate in TAGGER.tag(text):
        assert 0 <= candidate.span.start < candidate.span.end <= len(text)
        assert 0 < candidate.score <= 1


def test_a_changed_file_is_refused(tmp_path: Path):
    shutil.copytree(DEFAULT, tmp_path / "b")
    (tmp_path / "b/vocab.txt").write_text("x\n", encoding="utf-8")
    with pytest.raises(ModelError, match="摘要不符"):
        load_bundle(tmp_path / "b")


def test_a_missing_bundle_says_what_to_do(tmp_path: Path):
    with pytest.raises(ModelError, match="--no-model"):
        load_bundle(tmp_path)


def test_the_bundle_is_small_enough_for_git():
    assert sum(f.stat().st_size for f in DEFAULT.iterdir()) <= 25 * 2**20


def test_serving_imports_no_torch():
    code = (
        "import sys; from service.engine import open_engine; import service.app; open_engine();"
        "print([m for m in ('torch', 'transformers', 'spacy', 'jieba') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
