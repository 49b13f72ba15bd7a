"""Notes that wait are read one by one, each by itself, and what fails fails alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from extractor.pipeline import Engine
from extractor.types import Note, Result
from service.readers import Readers

AT = datetime(2026, 3, 18, 2, 20, tzinfo=UTC)


class Counting(Engine):
    """Keeps what it is given; the first note waits for the gate."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine.contract, finder=engine.finder)
        self.texts: list[str] = []
        self.gate = threading.Event()

    def extract(self, note: Note) -> Result:
        self.texts.append(note.text)
        assert self.gate.wait(30)
        return super().extract(note)


@pytest.fixture
def counting(rules: Engine) -> Counting:
    return Counting(rules)


def _read(engine: Counting, texts: Sequence[str], refuse: str = "") -> list[object]:
    def finish(result: Result) -> object:
        if refuse and refuse in result.note.text:
            raise ValueError(refuse)
        return result

    async def main() -> list[object]:
        readers = Readers(1)
        try:
            first = asyncio.ensure_future(readers.read(engine, Note("", "等一下", AT), finish))
            while not engine.texts:
                await asyncio.sleep(0.001)
            rest = [asyncio.ensure_future(readers.read(engine, Note("", text, AT), finish)) for text in texts]
            await asyncio.sleep(0)  # all of them are queued
            engine.gate.set()
            return (await asyncio.gather(first, *rest, return_exceptions=True))[1:]
        finally:
            readers.stop()

    return asyncio.run(main())


def test_each_waiting_note_is_read_by_itself(counting: Counting, rules: Engine):
    texts = [f"王总说预算{n}0万，下周三带样品" for n in range(1, 7)]
    found = _read(counting, texts)
    assert counting.texts == ["等一下", *texts]
    assert found == [rules.extract(Note("", text, AT)) for text in texts]


def test_what_fails_fails_alone(counting: Counting):
    one, bad, other = _read(counting, ["预算80万", "坏的预算", "预算90万"], refuse="坏的")
    assert isinstance(bad, ValueError)
    assert all(isinstance(found, Result) for found in (one, other))
