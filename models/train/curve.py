"""Pictures of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def draw(losses: Sequence[float], file: Path) -> None:
    """Mean loss of each epoch, as SVG."""
    lines({"loss": list(enumerate(losses, 1))}, file, x="epoch", y="mean training loss")


def lines(series: Mapping[str, Sequence[tuple[float, float]]], file: Path, *, x: str, y: str) -> None:
    """One line for each series of `(x, y)`."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for name, points in series.items():
        axes.plot([p[0] for p in points], [p[1] for p in points], marker="o", label=name)
    axes.set(xlabel=x, ylabel=y)
    axes.grid(alpha=0.3)
    if len(series) > 1:
        axes.legend()
    figure.savefig(file, format="svg", metadata={"Date": None})
    plt.close(figure)
