"""A model bundle: one folder with everything the tagger and the calibrator need, checked byte for byte at load.

<name>/manifest.json     name, labels, sha256 of the other files, how it was made, what it scored
       model.onnx        ids, mask → span scores, value parts (see `models/train/network.py`)
       vocab.txt         one token a line, the line number is its id
       calibrator.json   maps of raw scores to probabilities (see `models/fusion.py`)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from extractor.errors import ModelError
from models.labels import Labels

SHIPPED = Path(__file__).parent / "bundles"
DEFAULT = SHIPPED / "zh-notes-1"
FILES = ("model.onnx", "vocab.txt", "calibrator.json")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `manifest.json` says. `made` names command, seed, config and data digests; `scores` are by field."""

    name: str
    labels: dict[str, Any]
    files: dict[str, str]
    made: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A folder whose files are what its manifest says; `digest` is over the manifest, hence over all of them."""

    folder: Path
    manifest: Manifest
    labels: Labels
    digest: str

    def file(self, name: str) -> Path:
        return self.folder / name


def sha256(file: Path) -> str:
    """Hex digest of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def load_bundle(folder: Path) -> Bundle:
    """Read and check a bundle. Raises ModelError with what to do where it is missing, incomplete or changed."""
    path = folder / "manifest.json"
    try:
        text = path.read_bytes()
        manifest = TypeAdapter(Manifest).validate_json(text)
    except OSError:
        raise ModelError(f"{path} 读不到；FIELDNOTE_MODEL 要指向一个模型目录，不用模型就加 --no-model") from None
    except ValidationError as error:
        raise ModelError(f"{path} 不是模型清单：{error.errors()[0]['msg']}") from None
    for name, digest in manifest.files.items():
        file = folder / name
        if not file.is_file():
            raise ModelError(f"{file} 不见了；重新取得这个模型目录")
        if sha256(file) != digest:
            raise ModelError(f"{file} 与清单里的摘要不符；文件被改过或没传完，重新取得这个模型目录")
    return Bundle(folder, manifest, Labels.from_json(manifest.labels), hashlib.sha256(text).hexdigest()[:16])


def write_manifest(
    folder: Path, name: str, labels: Labels, *, made: Mapping[str, Any], scores: Mapping[str, Any]
) -> Manifest:
    """Seal a folder: digests of its files, and how it was made."""
    files = {file: sha256(folder / file) for file in FILES}
    manifest = Manifest(name, labels.to_json(), files, dict(made), dict(scores))
    text = json.dumps(asdict(manifest), ensure_ascii=False, indent=1)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
    return manifest
