"""Further versions of the shipped model, cheaply: the same network, another calibrator, other scores."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models.bundle import DEFAULT, load_bundle, write_manifest

Change = Callable[[dict[str, Any]], None]


def worse(scores: dict[str, Any]) -> None:
    """Twenty points lost on one field: past any gate's tolerance."""
    scores["fields"]["contact_person"]["f1"] -= 0.2


def version(registry: Path, name: str, *, bias: float = 0.0, scores: Change | None = None, tenant: str = "") -> str:
    """A sealed version below `registry`, whose confidences are those of the shipped one moved by `bias` logits."""
    shipped, folder = load_bundle(DEFAULT), registry / name
    folder.mkdir(parents=True)
    for file in ("model.onnx", "vocab.txt"):
        shutil.copyfile(DEFAULT / file, folder / file)
    fusion = json.loads((DEFAULT / "calibrator.json").read_text(encoding="utf-8"))
    for weights in (fusion["shared"], *fusion["fields"].values()):
        weights[0] += bias
    (folder / "calibrator.json").write_text(json.dumps(fusion), encoding="utf-8")
    figures = json.loads(json.dumps(shipped.manifest.scores))
    if scores:
        scores(figures)
    made = {"config": {"tenant": tenant}} if tenant else {}
    write_manifest(folder, name, shipped.labels, made=made, scores=figures)
    return name
