"""A folder of sealed bundles: versions never change, one of them is current, every change of that is written down.

<registry>/<version>/           a bundle (see `models/bundle.py`)
          current               link to the version that serves: `FIELDNOTE_MODEL=<registry>/current` follows it
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

from pydantic import TypeAdapter

from extractor.errors import ModelError
from models.bundle import Bundle, Manifest, load_bundle

ENOUGH = 15  # gold values from which the F1 of one field says something


@dataclass(frozen=True, slots=True)
class Registry:
    """Versions below `root`."""

    root: Path

    def versions(self) -> list[Bundle]:
        """Every sealed version, by name."""
        return [load_bundle(self.root / name) for name in self._names()]

    def get(self, version: str) -> Bundle:
        """One version. Raises ModelError with those that exist."""
        folder = self.root / version
        if not (folder / "manifest.json").is_file():
            raise ModelError(f"没有版本 {version}；现有：{'、'.join(self._names()) or '还没有'}")
        return load_bundle(folder)

    @property
    def current(self) -> str | None:
        """The version that serves, or None."""
        link = self.root / "current"
        return link.readlink().name if link.is_symlink() else None

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
        served: list[str] = []
        for event in self.history():
            if event["event"] == "rollback":
                served.pop()
            else:
                served.append(event["version"])
        if len(served) < 2:
            raise ModelError("没有更早的版本可退")
        self._switch(served[-2], "rollback")
        return served[-2]

    def history(self) -> list[dict[str, Any]]:
        """`{"at", "event", "version"}`, oldest first."""
        file = self.root / "history.jsonl"
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.is_file() else []

    def _switch(self, version: str, event: str) -> None:
        entry = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "event": event, "version": version}
        with (self.root / "history.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(entry) + "\n")
        part = self.root / ".current.part"
        part.unlink(missing_ok=True)
        part.symlink_to(version, target_is_directory=True)
        os.replace(part, self.root / "current")

    def _names(self) -> list[str]:
        return sorted(p.parent.name for p in self.root.glob("*/manifest.json") if not p.parent.is_symlink())


def manifests(root: Path) -> dict[str, Manifest]:
    """What the versions below `root` say of themselves, by name; their bytes are checked when they are loaded."""
    found = {}
    for file in sorted(root.glob("*/manifest.json")):
        if not file.parent.is_symlink() and not file.parent.name.startswith("."):
            found[file.parent.name] = TypeAdapter(Manifest).validate_json(file.read_bytes())
    return found


def _fields(scores: dict[str, Any], enough: int = 0) -> dict[str, float]:
    return {name: row["f1"] for name, row in scores.get("fields", {}).items() if row.get("gold", enough) >= enough}


def losses(incumbent: dict[str, Any], candidate: dict[str, Any], tolerance: float) -> list[str]:
    """Fields on which the candidate loses more than `tolerance` points of F1.

    Fields with fewer than ENOUGH gold values cannot tell a loss from chance and are left out. Raises ModelError where
    the two were not measured on the same notes.
    """
    if incumbent.get("development") != candidate.get("development"):
        raise ModelError("两个版本不是在同一份开发集上评分的，没法比较；用 fieldnote train 重新封存旧版本")
    old, new = _fields(incumbent, ENOUGH), _fields(candidate)
    lost = {name: 100 * (old[name] - new.get(name, 0.0)) for name in old}
    return [f"{name} −{points:.1f}" for name, points in sorted(lost.items()) if points > tolerance]


def changes(incumbent: dict[str, Any], candidate: dict[str, Any]) -> list[str]:
    """Every field's F1 before and after."""
    old, new = _fields(incumbent), _fields(candidate)
    return [f"{name} {old.get(name, 0.0):.3f} → {new.get(name, 0.0):.3f}" for name in sorted({*old, *new})]
