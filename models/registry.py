"""A local registry of bundles: one folder a version, never changed once it is in; what serves is a link.

<root>/<name>/        a bundle (see `models/bundle.py`)
       current        link to the version that serves; `FIELDNOTE_MODEL=<root>/current` follows it
       history.json   every promotion and rollback, oldest first
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from extractor.errors import ModelError
from models.bundle import Bundle, load_bundle

ENOUGH = 15  # gold values from which one field's F1 says something


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How many points (hundredths of F1) a candidate may lose against what serves: over all, and in one field."""

    micro: float = 0.5
    field: float = 4.0


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the history."""

    at: str
    action: Literal["promote", "rollback"]
    name: str


@dataclass(frozen=True, slots=True)
class Change:
    """One row of a comparison: F1 before and after (None where one side did not measure it), and the gold count."""

    field: str
    before: float | None
    after: float | None
    gold: int

    @property
    def points(self) -> float:
        return 100 * ((self.after or 0.0) - (self.before or 0.0))


class Registry:
    """The versions below `root`. All methods raise ModelError with what to do."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> list[str]:
        """Versions in name order."""
        return sorted(f.parent.name for f in self.root.glob("*/manifest.json") if not f.parent.is_symlink())

    def get(self, name: str) -> Bundle:
        """A version by name; `current` is the one that serves."""
        if name != "current" and name not in self.names():
            raise ModelError(f"登记处 {self.root} 里没有 {name}；有：{'、'.join(self.names()) or '（空）'}")
        return load_bundle(self.root / name)

    def current(self) -> str | None:
        """Name of the version that serves."""
        link = self.root / "current"
        return link.readlink().name if link.is_symlink() else None

    def add(self, folder: Path) -> Bundle:
        """Copy a bundle in. The same bytes again are no change; other bytes under a taken name are refused."""
        bundle = load_bundle(folder)
        home = self.root / bundle.manifest.name
        if home.exists():
            if load_bundle(home).digest == bundle.digest:
                return load_bundle(home)
            raise ModelError(f"{bundle.manifest.name} 已经登记，内容不同；登记过的版本不能改，请换一个名字")
        self.root.mkdir(parents=True, exist_ok=True)
        draft = self.root / f".{bundle.manifest.name}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(folder, draft)
        draft.rename(home)
        return load_bundle(home)

    def promote(self, name: str, tolerance: Tolerance | None = None, *, force: bool = False) -> list[Change]:
        """Let `name` serve, unless it loses more than the tolerance against what serves now."""
        bundle, before = self.get(name), self.current()
        changes = compare(self.get(before), bundle) if before else []
        lost = losses(changes, tolerance or Tolerance())
        if lost and not force:
            raise ModelError(f"{name} 不能上线：{'；'.join(lost)}。补数据重训，或确认可以接受后加 --force")
        self._serve(name, "promote")
        return changes

    def rollback(self) -> str:
        """Let the version that served before serve again; its name."""
        served: list[str] = []
        for event in self.history():
            if event.action == "promote":
                served.append(event.name)
            elif served:
                served.pop()
        if len(served) < 2:
            raise ModelError("没有更早上线过的版本，退不回去")
        self._serve(served[-2], "rollback")
        return served[-2]

    def history(self) -> list[Event]:
        """Promotions and rollbacks, oldest first."""
        file = self.root / "history.json"
        return [Event(**row) for row in json.loads(file.read_text(encoding="utf-8"))] if file.is_file() else []

    def _serve(self, name: str, action: Literal["promote", "rollback"]) -> None:
        events = [*self.history(), Event(datetime.now(UTC).isoformat(timespec="seconds"), action, name)]
        draft = self.root / "history.json.draft"
        draft.write_text(json.dumps([asdict(e) for e in events], ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        link = self.root / ".current.draft"
        link.unlink(missing_ok=True)
        link.symlink_to(name, target_is_directory=True)
        os.replace(link, self.root / "current")
        os.replace(draft, self.root / "history.json")


def compare(before: Bundle, after: Bundle) -> list[Change]:
    """F1 of every field of two bundles measured on the same notes, all fields together first (`*`)."""
    a, b = before.manifest.scores, after.manifest.scores
    if a.get("development") != b.get("development"):
        raise ModelError(f"{before.manifest.name} 与 {after.manifest.name} 不是在同一份开发集上量的，无法比较")
    old, new = _rows(a), _rows(b)
    return [
        Change(name, _f1(old.get(name)), _f1(new.get(name)), (new.get(name) or old[name])["gold"])
        for name in dict.fromkeys([*new, *old])
    ]


def losses(changes: list[Change], tolerance: Tolerance) -> list[str]:
    """What a gate holds against a candidate, in words."""
    lost = []
    for change in changes:
        allowed = tolerance.micro if change.field == "*" else tolerance.field
        if change.before is not None and change.gold >= ENOUGH and change.points < -allowed:
            name = "总体" if change.field == "*" else change.field
            lost.append(f"{name} F1 {change.before:.3f} → {change.after or 0:.3f}（最多可降 {allowed:g} 分）")
    return lost


def _rows(scores: Mapping[str, Any]) -> dict[str, Any]:
    both = scores.get("both") or {}
    return {"*": both["micro"], **both["fields"]} if both else {}


def _f1(row: Mapping[str, Any] | None) -> float | None:
    return float(row["f1"]) if row else None
