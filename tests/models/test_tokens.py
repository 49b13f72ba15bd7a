"""One id per code point, whatever the text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from models.tokens import CLS, LINE, SEP, SPACE, UNK, Tokenizer

TOKENS = Tokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[SPACE]", "[LINE]", "王", "总", "a", "1"])


@given(st.text(st.characters(codec=None), max_size=40))
def test_length_is_that_of_the_text(text: str):
    assert len(TOKENS.encode(text)) == len(text) + 2


def test_wide_and_capital_letters_are_their_plain_ones():
    assert TOKENS.encode("王Ａ１\n\u3000😀").tolist() == [CLS, 7, 9, 10, LINE, SPACE, UNK, SEP]


def test_batches_are_padded():
    ids, mask = TOKENS.batch(["王", "王总a"])
    assert ids.shape == mask.shape == (2, 5)
    assert mask.sum(1).tolist() == [3, 5]
