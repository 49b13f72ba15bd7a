"""A folder of sealed bundles: versions never change, one of them is current, every change of that is written down.

<registry>/<version>/           a bundle (see `models/bundle.py`)
          current               the version that serves
          history.jsonl         promotions and rollbacks, oldest first
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from extractor.errors import ModelError
from models.bundle import Bundle, load_bundle


@dataclass(frozen=True, slots=True)
class Registry:
    """Versions below `root`."""

    root: Path

    def versions(self) -> list[Bundle]:
        """Every sealed version, by name."""
        return [load_bundle(path.parent) for path in sorted(self.root.glob("*/manifest.json"))]

    def get(self, version: str) -> Bundle:
        """One version. Raises ModelError with those that exist."""
        folder = self.root / version
        if not (folder / "manifest.json").is_file():
            known = "、".join(p.parent.name for p in sorted(self.root.glob("*/manifest.json"))) or "还没有"
            raise ModelError(f"没有版本 {version}；现有：{known}")
        return load_bundle(folder)

    @property
    def current(self) -> str | None:
        """The version that serves, or None."""
        file = self.root / "current"
        return file.read_text(encoding="utf-8").strip() if file.is_file() else None

    def add(self, folder: Path) -> Bundle:
        """Take a sealed bundle in under its name. Raises ModelError where that name is taken by other bytes."""
        bundle = load_bundle(folder)
        target = self.root / bundle.manifest.name
        if target.exists():
            if load_bundle(target).digest != bundle.digest:
                raise ModelError(f"版本 {bundle.manifest.name} 已经有了，内容不同；版本不可改，换一个名字")
            return load_bundle(target)
        part = self.root / f".part-{bundle.manifest.name}"
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(folder, part)
        part.rename(target)
        return load_bundle(target)

    def promote(self, version: str, *, tolerance: float) -> Sequence[str]:
        """Let a version serve. Raises ModelError where it loses more than `tolerance` F1 points on a field.

        Returns the changes by field as lines.
        """
        candidate = self.get(version)
        lines: Sequence[str] = []
        if self.current and self.current != version:
            incumbent = self.get(self.current)
            lost = losses(incumbent.manifest.scores, candidate.manifest.scores, tolerance)
            if lost:
                raise ModelError(f"{version} 在这些字段上退步超过 {tolerance} 分，不能上线：{'；'.join(lost)}")
            lines = changes(incumbent.manifest.scores, candidate.manifest.scores)
        self._switch(version, "promote")
        return lines

    def rollback(self) -> str:
        """Back to the version that served before. Raises ModelError where there was none."""
        events = self.history()
        before = [e["version"] for e in events if e["version"] != self.current]
        if not before:
            raise ModelError("没有更早的版本可退")
        self._switch(before[-1], "rollback")
        return str(before[-1])

    def history(self) -> list[dict[str, Any]]:
        """`{"at", "event", "version"}`, oldest first."""
        file = self.root / "history.jsonl"
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.is_file() else []

    def _switch(self, version: str, event: str) -> None:
        entry = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "event": event, "version": version}
        with (self.root / "history.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(entry) + "\n")
        part = self.root / "current.part"
        part.write_text(version + "\n", encoding="utf-8")
        os.replace(part, self.root / "current")


def _fields(scores: dict[str, Any]) -> dict[str, float]:
    return {name: row["f1"] for name, row in scores.get("fields", {}).items()}


def losses(incumbent: dict[str, Any], candidate: dict[str, Any], tolerance: float) -> list[str]:
    """Fields on which the candidate loses more than `tolerance` points of F1."""
    old, new = _fields(incumbent), _fields(candidate)
    lost = {name: 100 * (old[name] - new.get(name, 0.0)) for name in old}
    return [f"{name} −{points:.1f}" for name, points in sorted(lost.items()) if points > tolerance]


def changes(incumbent: dict[str, Any], candidate: dict[str, Any]) -> list[str]:
    """Every field's F1 before and after."""
    old, new = _fields(incumbent), _fields(candidate)
    return [f"{name} {old.get(name, 0.0):.3f} → {new.get(name, 0.0):.3f}" for name in sorted({*old, *new})]
