"""Which notes to ask people about next: several strategies, each with its share, none picking what another just picked.

Pure functions over records. The same pool, labelled notes, mix and seed give the same order.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from extractor.errors import ContractError

MIX_FILE = Path(__file__).parent / "mix.yaml"
ALIKE = 0.6  # Jaccard index of two notes' n-grams from which on a batch holds only one of them
GRAM = 3  # code points
NO_F1: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Item:
    """A note as the queue sees it.

    `answer` is the engine's answer as JSON (`extractor.render.result_json`): of `fields` and `unsure` each entry's
    `field`, `confidence`, `sources` (or, explained, `candidates`) and `evidence` are read, all but `field` may be
    missing. For a labelled note `answer` is `{"fields": [{"field": …} per mark]}`. `rejected` counts suggestions of the
    note that reps turned down or corrected.
    """

    id: str
    text: str
    answer: Mapping[str, Any]
    rejected: int = 0

    def findings(self) -> Iterator[Mapping[str, Any]]:
        """What was found, sure or unsure."""
        yield from self.answer.get("fields", ())
        yield from self.answer.get("unsure", ())


@dataclass(frozen=True, slots=True)
class Mix:
    """The share of each strategy, relative to the sum of all."""

    disagreement: float = 0.0
    uncertain: float = 0.0
    weak: float = 0.0
    rare: float = 0.0
    fresh: float = 0.0
    rejected: float = 0.0
    random: float = 0.0


@dataclass(frozen=True, slots=True)
class Picked:
    """A note that was picked, and the strategy that wanted it."""

    id: str
    strategy: str


def read_mix(data: Any, file: str = "mix") -> Mix:
    """A mix from its mapping. Raises ContractError for unknown strategies and shares that are no shares."""
    names = [f.name for f in fields(Mix)]
    if not isinstance(data, dict) or not set(data) <= set(names):
        raise ContractError(file, "mix", f"只能写这些策略的份额：{'、'.join(names)}")
    for name, share in data.items():
        number = isinstance(share, int | float) and not isinstance(share, bool)
        if not (number and math.isfinite(share) and share >= 0):
            raise ContractError(file, name, "份额要是不小于 0 的数")
    if not any(data.values()):
        raise ContractError(file, "mix", "至少一种策略要有份额")
    return Mix(**{name: float(share) for name, share in data.items()})


@cache
def default_mix() -> Mix:
    """The shipped mix (`mix.yaml`)."""
    return read_mix(yaml.safe_load(MIX_FILE.read_text(encoding="utf-8")), MIX_FILE.name)


def pick(
    pool: Sequence[Item], labelled: Sequence[Item], *, mix: Mix, count: int, seed: int, f1: Mapping[str, float] = NO_F1
) -> list[str]:
    """Ids of up to `count` notes of the pool, most wanted first. `f1`: what the serving model scores, by field."""
    return [p.id for p in choose(pool, labelled, mix=mix, count=count, seed=seed, f1=f1)]


def choose(
    pool: Sequence[Item], labelled: Sequence[Item], *, mix: Mix, count: int, seed: int, f1: Mapping[str, float] = NO_F1
) -> list[Picked]:
    """As `pick`, with the strategy behind each note.

    The strategies take turns so that after any number of picks each has had its share. Each takes the note it scores
    highest among those left; one much like a note of this batch is put off until nothing else is left.
    """
    order = {item.id: random.Random(f"{seed}:{item.id}").random() for item in pool}
    ranked = {
        name: sorted((i for i in scores if scores[i] > 0), key=lambda i: (-scores[i], order[i]))
        for name, scores in _scores(pool, labelled, f1).items()
        if getattr(mix, name) > 0 and any(scores.values())
    }
    batch = _Batch({item.id: grams(item.text) for item in pool})
    for name in _turns({name: getattr(mix, name) for name in ranked}, random.Random(seed)):
        if len(batch.picked) >= count or not ranked:
            break
        if name in ranked and not batch.take(name, ranked[name]):
            del ranked[name]
    left = sorted((i for i in order if i not in batch.picked), key=lambda i: (i in batch.put_off, order[i]))
    return [*(Picked(i, n) for i, n in batch.picked.items()), *(Picked(i, "random") for i in left)][:count]


@dataclass(slots=True)
class _Batch:
    """What was picked so far (id → strategy), what is too much like it, and where each strategy stands in its list."""

    grams: Mapping[str, frozenset[str]]
    picked: dict[str, str] = field(default_factory=dict)
    put_off: set[str] = field(default_factory=set)
    at: Counter[str] = field(default_factory=Counter)

    def take(self, name: str, ranked: Sequence[str]) -> bool:
        """The strategy's next note joins the batch; False where it has none left."""
        while self.at[name] < len(ranked):
            wanted = ranked[self.at[name]]
            self.at[name] += 1
            if wanted in self.picked or wanted in self.put_off:
                continue
            if any(alike(self.grams[wanted], self.grams[other]) for other in self.picked):
                self.put_off.add(wanted)
                continue
            self.picked[wanted] = name
            return True
        return False


def grams(text: str) -> frozenset[str]:
    """The n-grams of a text without its white space; the text itself where it is shorter."""
    plain = "".join(text.split())
    return frozenset(plain[i : i + GRAM] for i in range(max(1, len(plain) - GRAM + 1)))


def alike(a: frozenset[str], b: frozenset[str]) -> bool:
    """Whether two notes say nearly the same in the same words."""
    if min(len(a), len(b)) < ALIKE * max(len(a), len(b)):
        return False
    shared = len(a & b)
    return shared >= ALIKE * (len(a) + len(b) - shared)


def _turns(shares: Mapping[str, float], rng: random.Random) -> Iterator[str]:
    """Strategies without end, each as often as its share says (largest remainder at every step)."""
    names = sorted(shares)
    rng.shuffle(names)
    owed = dict.fromkeys(names, 0.0)
    total = sum(shares.values())
    while names:
        for name in names:
            owed[name] += shares[name] / total
        chosen = max(names, key=lambda n: owed[n])
        owed[chosen] -= 1
        yield chosen


def _scores(pool: Sequence[Item], labelled: Sequence[Item], f1: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Per strategy the score of every note; 0 where it has no reason to ask."""
    rarity = _rarity(pool, labelled)
    known = frozenset().union(*(grams(item.text) for item in labelled))
    modelled = any(_finders(f)[1] for item in pool for f in item.findings())
    by: dict[str, Callable[[Item], float]] = {
        "disagreement": (lambda item: sum(map(_disputed, item.findings()))) if modelled else (lambda item: 0.0),
        "uncertain": lambda item: sum(_doubt(f.get("confidence", 1.0)) for f in item.findings()),
        "weak": lambda item: sum(1 - f1.get(f["field"], 1.0) for f in item.findings()),
        "rare": lambda item: max((rarity[f["field"]] for f in item.findings()), default=0.0),
        "fresh": lambda item: _novelty(grams(item.text), known),
        "rejected": lambda item: float(item.rejected),
        "random": lambda item: 1.0,
    }
    return {name: {item.id: score(item) for item in pool} for name, score in by.items()}


def _rarity(pool: Sequence[Item], labelled: Sequence[Item]) -> dict[str, float]:
    """Per field how much a note with it is wanted: log of notes per note with it (inverse document frequency)."""
    basis = labelled or pool
    have = Counter(name for item in basis for name in {f["field"] for f in item.findings()})
    met = {f["field"] for item in [*pool, *labelled] for f in item.findings()}
    return {name: math.log((len(basis) + 1) / (have[name] + 1)) for name in met}


def _finders(finding: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether rules and whether the model point at it."""
    sources = finding.get("sources") or [c["source"] for c in finding.get("candidates", ())]
    return any(s.startswith("rule:") for s in sources), any(s.startswith("model:") for s in sources)


def _disputed(finding: Mapping[str, Any]) -> float:
    """1 where only one of rules and model points at it, or where they name different values."""
    hints = {c.get("value") for c in finding.get("candidates", ()) if c.get("value")}
    rule, model = _finders(finding)
    return float(rule != model or len(hints) > 1)


def _doubt(confidence: float) -> float:
    """Entropy in bits of being right or wrong."""
    if not 0 < confidence < 1:
        return 0.0
    return -confidence * math.log2(confidence) - (1 - confidence) * math.log2(1 - confidence)


def _novelty(own: frozenset[str], known: frozenset[str]) -> float:
    """New n-grams over the root of all, so that neither the longest nor the shortest note always wins."""
    return len(own - known) / math.sqrt(len(own))
