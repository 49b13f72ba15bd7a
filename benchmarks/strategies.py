"""Each strategy of the annotation queue alone: the first rounds of the simulated season, one arm a strategy.

    FIELDNOTE_CORPUS=… FIELDNOTE_EVAL=… python -m benchmarks.strategies models/configs/zh-notes-1.yaml [--rounds N]

Micro F1 after each round on the notes kept aside for the gate, so that the shipped mix is chosen without a look at the
development notes.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

from annotation.queue import Mix, default_mix
from benchmarks import save
from benchmarks.loop import SEED, Season, by_queue, start, workers
from models.train.config import load_config

ROUND = 210  # notes, as in the season


def arm(season: Season, mix: Mix, rounds: int) -> list[dict[str, float]]:
    """F1 after each round of what the mix asks for, and the characters and marks that people had to read and set."""
    points = []
    for _ in range(rounds):
        known = set(season.labelled)
        season.turn(partial(by_queue, mix=mix), ROUND)
        fresh = [note for name, note in season.labelled.items() if name not in known]
        points.append(
            {
                "annotated": len(season.labelled), "aside": round(float(season.served.aside["micro"]["f1"]), 4),
                "characters": sum(len(n.text) for n in fresh), "marks": sum(len(n.marks) for n in fresh),
            }
        )  # fmt: skip
    return points


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--notes", type=int, default=10_000, help="at most so many of the labelled notes")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    config = load_config(options.config)
    mixes = {f.name: Mix(**{f.name: 1.0}) for f in fields(Mix)} | {"shipped": default_mix()}
    with workers(config, options.jobs) as pool:
        season = pool.submit(start, config, options.notes).result()
        arms = {
            name: pool.submit(arm, replace(season, rng=random.Random(SEED)), mix, options.rounds)
            for name, mix in mixes.items()
        }
        figures = {name: made.result() for name, made in arms.items()}
    save("strategies", {"seed": SEED, "notes_aside": len(season.bench.aside), "alone": figures})
    print(figures)


if __name__ == "__main__":
    main()
