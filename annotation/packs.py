"""Is a rule pack fit to be published? It lies on the contract, its patterns are quick, its examples hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from extractor.check import Trouble, blind_inferences, failures, slow_patterns
from extractor.errors import ContractError
from extractor.overlay import FILE, Pack, lay, naming
from extractor.pipeline import Engine
from extractor.scanner import Pattern


@dataclass(frozen=True, slots=True)
class Trial:
    """A pack on an engine. `troubles` forbid publishing; `broken` are shipped examples that held without the pack."""

    engine: Engine
    examples: int
    troubles: tuple[Trouble, ...]
    broken: tuple[Trouble, ...]


def engine_with(base: Engine, pack: Pack, file: str = FILE) -> Engine:
    """The engine of the same model over the contract with the pack. Raises ContractError with the pack's key."""
    contract = lay(base.contract, pack, file)
    if contract is base.contract:
        return base
    with naming(file, contract):
        return Engine(contract, tagger=base.tagger, calibrator=base.calibrator)


def trial(base: Engine, pack: Pack, file: str = FILE) -> Trial:
    """Build the pack's engine, time its patterns on hostile notes, run its examples and the shipped ones.

    Raises ContractError for what cannot be read, compiled, or is too slow.
    """
    engine = engine_with(base, pack, file)
    for trouble in chain(slow_patterns(_brought(engine, pack)), blind_inferences(engine.contract)):
        with naming(file, engine.contract):
            raise ContractError(trouble.file, trouble.key, trouble.cure)
    own, broken = [], []
    for name, change in pack.fields.items():
        field = engine.contract.fields[name]
        for number, example in enumerate(field.examples):
            found = list(failures(engine, field, number, example))
            if number < len(change.examples):
                own += [Trouble(file, f"fields.{name}.{t.key}", t.cure) for t in found]
            elif found and not any(failures(base, base.contract.fields[name], number, example)):
                broken += found
    count = sum(len(change.examples) for change in pack.fields.values())
    return Trial(engine, count, tuple(own), tuple(broken))


def _brought(engine: Engine, pack: Pack) -> Iterator[Pattern]:
    """The patterns that came with the pack."""
    own = {(f"{name}.yaml", rule.name) for name, change in pack.fields.items() for rule in change.rules}
    own |= {("cues.yaml", cue.name) for cue in pack.cues.rules}
    return (p for p in engine.finder.patterns() if (p.file, p.key.rpartition(".")[0]) in own)
