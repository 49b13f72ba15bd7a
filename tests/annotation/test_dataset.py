"""Data sets: copies found, customers and near copies on one side only, the same bytes from any order."""

import hashlib
import json
import random
import re
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from annotation.dataset import LeakError, Plan, freeze, leaks, read, save
from annotation.dedupe import conflicts, grams, near_pairs
from annotation.formats import FORMATS
from annotation.records import Record, RecordError, Said
from extractor.types import Span
from models.train.marks import read_all, read_notes
from service.cli import app

NOTES = sorted((Path(__file__).parents[2] / "annotation/data").glob("h[12].marked.jsonl"))

MARK = (Said("budget_source", (Span(0, 2),), "政府拨款"),)
SYLLABLES = "王李张陈刘赵周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜"


def note(n: int, text: str, customer: str | None = None, **given: object) -> Record:
    return Record(
        f"n{n:03}", text, MARK, f"2026-{1 + n // 28 % 12:02}-{1 + n % 28:02}T09:00:00+08:00", customer, **given
    )


def words(seed: int, length: int = 40) -> str:
    return "".join(random.Random(seed).choices(SYLLABLES, k=length))


def notes() -> list[Record]:
    plain = [note(n, words(n), f"客户{n % 12}") for n in range(60)]
    near = [note(100 + n, words(n)[:-1] + "。", None) for n in range(0, 60, 5)]
    exact = [note(200 + n, f" {words(n)}\n", "别家", complete=True) for n in range(3)]
    return plain + near + exact


def test_freeze_keeps_copies_and_customers_together(tmp_path: Path) -> None:
    frozen = freeze(notes(), Plan(test=0.3))
    parts = ({r.customer for r in frozen.train if r.customer}, {r.customer for r in frozen.test if r.customer})
    assert parts[0]
    assert parts[1]
    assert not parts[0] & parts[1]
    side = {r.id: part for part, rows in (("a", frozen.train), ("b", frozen.test)) for r in rows}
    assert all(side[f"n{n:03}"] == side[f"n{100 + n}"] for n in range(5, 60, 5))
    assert frozen.facts["notes"]["copies"] == 3
    assert {"n200", "n201", "n202"} <= set(side)  # of copies, the complete one stays
    assert frozen.facts["train"]["fields"] == {"budget_source": len(frozen.train)}
    save(frozen, tmp_path)
    assert FORMATS["jsonl"].read((tmp_path / "test.jsonl").read_bytes()) == list(frozen.test)


def test_any_order_same_bytes_and_frozen_means_frozen(tmp_path: Path) -> None:
    mixed = notes()
    random.Random(3).shuffle(mixed)
    first = freeze(notes())
    assert freeze(mixed) == first
    save(first, tmp_path)
    save(freeze(mixed), tmp_path)
    with pytest.raises(RecordError, match="另一个数据集"):
        save(freeze(notes()[5:]), tmp_path)


def test_leaks_name_the_pairs() -> None:
    train, test = (
        [note(1, words(1), "甲"), note(2, words(2), "乙")],
        [note(3, words(1)[1:], "丙"), note(4, words(4), "乙")],
    )
    found = leaks(train, test)
    assert [(a, b) for a, b, _ in found] == [("n001", "n003"), ("n002", "n004")]
    assert "n001 ↔ n003" in str(LeakError(found))


def test_sketches_lose_no_pair() -> None:
    """Against all pairs compared one by one."""
    texts = [words(n // 3)[: 40 - n % 3 * 2] for n in range(90)]
    pairs = {(p.first, p.second) for p in near_pairs(texts, 0.8)}
    assert pairs == {(a, b) for b in range(90) for a in range(b) if a // 3 == b // 3}


def test_one_customer_cannot_be_split() -> None:
    with pytest.raises(RecordError, match="客户"):
        freeze([note(n, words(n), "甲") for n in range(5)])


def mutated(text: str, draw: random.Random) -> str:
    """One to three characters replaced, put in or left out."""
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(text))
        text = text[:at] + draw.choice(["", "，", "王", text[at] * 2]) + text[at + 1 :]
    return text


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 12), st.sampled_from([0.4, 0.5, 0.8]))
def test_no_near_copy_and_no_customer_on_both_sides(seed: int, size: int, near: float) -> None:
    draw = random.Random(seed)
    rows = [note(n, words(seed + n, draw.randint(2, 30)), draw.choice([None, None, f"客户{n}"])) for n in range(size)]
    rows += [
        note(100 + n, mutated(r.text, draw) or "空", r.customer) for n, r in enumerate(rows) if draw.random() < 0.5
    ]
    try:
        frozen = freeze(rows, Plan(draw.uniform(0.1, 0.6), near))
    except LeakError:
        raise
    except RecordError:
        return  # all of them hang together
    for a, b in product(frozen.train, frozen.test):
        one, two = grams(a.text), grams(b.text)
        assert len(one & two) / len(one | two) < near
        assert a.customer is None or a.customer != b.customer
    draw.shuffle(rows)
    assert freeze(rows, Plan(frozen.facts["plan"]["test"], near)) == frozen


def test_planted_copies_of_real_notes_are_found() -> None:
    draw = random.Random(5)
    whole = [r for r in read(NOTES)[0][::3] if len(r.text) >= 12]
    people = {r.id: m.spans[0] for r in whole for m in r.marks if m.field == "contact_person"}
    texts = [r.text for r in whole]
    pointed = [re.sub(r"[，。、！？；,]", lambda _: draw.choice(["。", " ", "", "！"]), t) + "。" for t in texts]
    named = [r.text[: people[r.id].start] + "欧阳总" + r.text[people[r.id].end :] for r in whole if r.id in people]
    once = {(p.first, p.second) for p in near_pairs(texts + pointed)}
    assert {(n, n + len(texts)) for n in range(len(texts))} <= once
    assert all(second - len(texts) == first for first, second in once)  # and nothing that is no copy
    owners = [n for n, r in enumerate(whole) if r.id in people]
    pairs = {(p.first, p.second) for p in near_pairs(texts + named)}
    assert sum((n, len(texts) + k) in pairs for k, n in enumerate(owners)) >= 0.9 * len(owners)


def test_newest_are_tested_and_the_seed_draws_where_there_is_no_time() -> None:
    dated = [note(n, words(n)) for n in range(20)]
    assert {r.id for r in freeze(dated).test} == {"n016", "n017", "n018", "n019"}
    undated = [Record(r.id, r.text, r.marks) for r in dated]
    drawn = [{r.id for r in freeze(undated, Plan(seed=seed)).test} for seed in (1, 2, 1)]
    assert drawn[0] == drawn[2] != drawn[1]


def test_conflicts_are_told_and_the_annotator_is_believed() -> None:
    def said(name: str, value: str, origin: str, *, complete: bool = False) -> Record:
        return Record(
            name, "财政出钱", (Said("budget_source", (Span(0, 2),), value, origin=origin),), complete=complete
        )

    rep, annotator = said("a", "自筹资金", "rep"), said("b", "政府拨款", "annotator")
    assert conflicts([rep, annotator]) == [{"kept": "b", "dropped": "a", "field": "budget_source"}]
    frozen = freeze([rep, annotator, note(1, words(1))], Plan(0.4))
    assert {r.id for r in (*frozen.train, *frozen.test)} == {"b", "n001"}
    assert frozen.facts["conflicts"] == conflicts([rep, annotator])
    assert conflicts([annotator, said("c", "政府拨款", "rep")]) == []
    nothing = Record("d", "财政 出钱")  # says nothing of it, or that there is nothing
    assert conflicts([annotator, nothing]) == []
    closed = Record("d", "财政 出钱", complete=True)
    assert conflicts([annotator, closed]) == [{"kept": "d", "dropped": "b", "field": "budget_source"}]


def run(*words: object):
    return CliRunner().invoke(app, [str(w) for w in words])


def test_commands_on_marked_notes(tmp_path: Path) -> None:
    lines = [json.loads(line) for file in NOTES for line in file.read_text(encoding="utf-8").splitlines()[:60]]
    for n, line in enumerate(lines):
        line["customer"] = f"客户{n % 15}"
    files = tmp_path / "x.marked.jsonl", tmp_path / "y.marked.jsonl"
    for file, rows in zip(files, (lines[:70], lines[60:]), strict=True):
        file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    folders = tmp_path / "one", tmp_path / "two"
    for folder, order in zip(folders, (files, files[::-1]), strict=True):
        done = run("dataset", "freeze", *order, "--output", folder, "--test-share", 0.3)
        assert done.exit_code == 0, done.output
        assert "字段 contact_person" in done.output
    for name in ("train.jsonl", "test.jsonl", "dataset.json"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()
    train, test = folders[0] / "train.jsonl", folders[0] / "test.jsonl"
    facts = json.loads((folders[0] / "dataset.json").read_text(encoding="utf-8"))
    assert facts["sources"][0] == {
        "name": "x.marked.jsonl", "sha256": hashlib.sha256(files[0].read_bytes()).hexdigest(), "notes": 70,
    }  # fmt: skip
    assert facts["notes"]["copies"] == 10
    assert facts["train"]["customers"] + facts["test"]["customers"] == 15
    # training reads the frozen parts as it read the sources
    before = {(r.id, r.text): set(r.marks) for r in read_all(files)}
    assert {(r.id, r.text): set(r.marks) for part in (train, test) for r in read_notes(part)} == before
    assert run("dataset", "check", train, test).exit_code == 0
    leaked = tmp_path / "leaked.jsonl"
    leaked.write_bytes(test.read_bytes() + train.read_bytes().splitlines(keepends=True)[0])
    refused = run("dataset", "check", train, leaked)
    assert isinstance(refused.exception, LeakError)
    first = read_notes(train)[0].id
    assert f"{first} ↔ {first}：文字相似 1.00" in str(refused.exception)


WHOLE = {"id": "a", "text": "财政出钱", "marks": []}


@pytest.mark.parametrize(
    "wrong", [{"text": "\ud83d"}, {"sent_at": "昨天"}, {"sent_at": 3}, {"customer": 3}, {"marks": 0}]
)
def test_a_note_that_cannot_be_used_is_named_with_its_file(tmp_path: Path, wrong: dict[str, object]) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(json.dumps(WHOLE) + "\n" + json.dumps(WHOLE | wrong), encoding="utf-8")
    with pytest.raises(RecordError, match=r"bad\.jsonl：.*a"):
        read([file])
