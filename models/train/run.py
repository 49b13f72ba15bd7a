"""`fieldnote train`: pretrain → fine-tune → export → calibrate → evaluate → seal, each step kept in the run's folder.

A step whose result is already there is not done again, so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml

from extractor.errors import ModelError
from extractor.pipeline import load_engine
from models.bundle import Manifest, sha256
from models.labels import FIELDNOTE
from models.registry import Registry
from models.tagger import load_tagger
from models.tokens import Tokenizer
from models.train import export
from models.train.config import TrainConfig
from models.train.curve import draw
from models.train.finetune import Beside, Lexicon, Progress, finetune
from models.train.marks import Labelled, read_all, read_notes
from models.train.network import HeadShape, SpanTagger
from models.train.quantize import quantize
from models.train.seal import seal
from models.train.weak import Weak, load_weak, save_weak, weak_notes

LOGGED, RANGED, TIMED = 100, 25, 40


@dataclass(frozen=True, slots=True)
class Run:
    """One training: its config, its folder, and whom to tell how far it is."""

    config: TrainConfig
    folder: Path
    progress: Progress

    def tell(self, stage: str, step: int, total: int, figures: dict[str, float]) -> None:
        """To the caller, and every LOGGED steps as a line of `log.jsonl`."""
        self.progress(stage, step, total, figures)
        if step % LOGGED == 0:
            with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps({"stage": stage, "step": step, "of": total, **figures}) + "\n")

    def once(self, name: str, make: Callable[[Path], None]) -> Path:
        """The file `name` of the run, made if it is not there yet (written beside and moved, so never half)."""
        file = self.folder / name
        if not file.exists():
            part = self.folder / f"part.{name}"
            make(part)
            part.rename(file)
        return file


def train(config: TrainConfig, *, progress: Progress) -> Manifest:
    """The whole recipe; returns the manifest of the sealed bundle in `<runs>/<name>/bundle`, which is also registered.

    Raises ModelError where an export loses too much, is slower than the version that serves, or the registry has other
    bytes under this name. Run again after a change of rules it calibrates, scores and seals anew; the weights stay.
    """
    run = Run(config, config.runs / config.name, progress)
    start, data, weak, weights = _learnt(run)
    tokenizer, model = Tokenizer.load(start / "vocab.txt"), restored(start, weights, config)
    fp32 = run.once("fp32.onnx", lambda part: export.export_onnx(model, part))
    int8 = run.once("int8.onnx", lambda part: quantize(fp32, part, _sample(config), tokenizer))
    parity = run.once("parity.json", lambda part: _parity(run, model, (fp32, int8), tokenizer, part))
    bundle = run.folder / "bundle"
    bundle.mkdir(exist_ok=True)
    shutil.copyfile(start / "vocab.txt", bundle / "vocab.txt")
    shutil.copyfile(int8, bundle / "model.onnx")
    _check_speed(run, int8, tokenizer)
    manifest = seal(config, bundle, made={"data": _json(data), "weak": weak.story, "parity": _json(parity)})
    Registry(config.registry).add(bundle)
    return manifest


def learn(config: TrainConfig, *, progress: Progress) -> Path:
    """Only the weights, `<runs>/<name>/weights.pt`; `train` goes on from there."""
    return _learnt(Run(config, config.runs / config.name, progress))[-1]


def _learnt(run: Run) -> tuple[Path, Path, Weak, Path]:
    """The encoder the run starts from, its data's digests, its weak labels and its weights."""
    config = run.config
    run.folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(config.threads)
    start = _start(run)
    tokenizer = Tokenizer.load(start / "vocab.txt")
    (run.folder / "config.yaml").write_text(_yaml(config), encoding="utf-8")
    data = run.once("data.json", lambda part: _digests(config, part))
    weak = weakly(run)
    return start, data, weak, run.once("weights.pt", lambda part: _finetune(run, start, tokenizer, weak.notes, part))


def _check_speed(run: Run, int8: Path, tokenizer: Tokenizer) -> None:
    """The time against the version that serves, if there is one, to `speed.json`. Raises ModelError past the gate."""
    registry, slower = Registry(run.config.registry), run.config.gate.slower
    if registry.current is None:
        return
    incumbent = registry.get(registry.current).file("model.onnx")
    texts = [note.text for note in read_notes(run.config.development_file())][:TIMED]
    ratio = export.slowdown(int8, incumbent, texts, tokenizer)
    figures = {"incumbent": registry.current, "times": round(ratio, 3)}
    (run.folder / "speed.json").write_text(json.dumps(figures), encoding="utf-8")
    if ratio > slower:
        raise ModelError(f"新模型用时是正在用的 {registry.current} 的 {ratio:.2f} 倍，超过 {slower}；不放行")


def _sample(config: TrainConfig) -> list[str]:
    """Texts of every RANGED-th note, to see which ranges the network's numbers have."""
    return [note.text for note in read_all(config.note_files())][::RANGED]


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _digests(config: TrainConfig, part: Path) -> None:
    part.write_text(json.dumps({f.name: sha256(f) for f in config.note_files()}, indent=1), encoding="utf-8")


def _start(run: Run) -> Path:
    config = run.config
    start = config.below(config.start)
    if not config.pretrain.steps:
        return start
    from models.train import pretrain

    folder = config.below(config.raw_text)
    tokenizer = Tokenizer.load(start / "vocab.txt")
    lines = pretrain.read_lines(folder, config.pretrain)
    rows = pretrain.rows_of(lines, tokenizer, config.pretrain.length, config.seed)
    target = run.folder / "encoder"
    return pretrain.pretrain(
        start, target, rows, config.pretrain, seed=config.seed, device=config.torch_device(), progress=run.tell
    )


def weakly(run: Run) -> Weak:
    """The run's weakly labelled sentences, made once; none where the config wants none."""
    config, wanted = run.config, run.config.weak
    if not wanted.marked and not wanted.negatives:
        return Weak()

    def make(part: Path) -> None:
        judge = load_tagger(wanted.judge) if wanted.judge else None
        notes, folder = read_all(config.note_files()), config.below(config.raw_text)
        save_weak(weak_notes(load_engine(), notes, folder, wanted, seed=config.seed, judge=judge), part)

    return load_weak(run.once("weak.jsonl", make))


def _finetune(run: Run, start: Path, tokenizer: Tokenizer, weak: Sequence[Labelled], part: Path) -> None:
    checkpoint = run.folder / "checkpoint.pt"
    trained, losses = tuned(run.config, start, tokenizer, weak=weak, progress=run.tell, checkpoint=checkpoint)
    (run.folder / "losses.json").write_text(json.dumps([round(x, 4) for x in losses]), encoding="utf-8")
    draw(losses, run.folder / "losses.svg")
    torch.save(trained.state_dict(), part)


def tuned(
    config: TrainConfig,
    start: Path,
    tokenizer: Tokenizer,
    *,
    progress: Progress,
    weak: Sequence[Labelled] = (),
    checkpoint: Path | None = None,
) -> tuple[SpanTagger, list[float]]:
    """The encoder `start` fine-tuned on the config's share of its notes; the mean loss of each epoch."""
    torch.manual_seed(config.seed)
    notes = read_all(config.note_files())
    chosen = random.Random(config.seed).sample(notes, int(len(notes) * config.finetune.share))
    chosen = [n for n in chosen if n.origin not in config.finetune.leave_out]
    model = SpanTagger.start_from(start, FIELDNOTE, HeadShape(dropout=config.finetune.dropout))
    if config.weights is not None:
        model.load_state_dict(torch.load(config.weights))
    return finetune(
        model, chosen, tokenizer, config.finetune, seed=config.seed, lexicon=_lexicon(config),
        weak=Beside(weak, config.weak.tokens, config.weak.weight), progress=progress, checkpoint=checkpoint,
    )  # fmt: skip


def restored(start: Path, weights: Path, config: TrainConfig) -> SpanTagger:
    """The network of a run with the weights it was left with, ready to run."""
    model = SpanTagger.start_from(start, FIELDNOTE, HeadShape(dropout=config.finetune.dropout))
    model.load_state_dict(torch.load(weights))
    return model.eval()


def _lexicon(config: TrainConfig) -> Lexicon:
    """Surnames and company names to swap in, from the lexicon folder."""
    folder = config.below(config.lexicon)

    def column(name: str) -> list[str]:
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        return [line.split("\t")[0] for line in lines if line and line[0] != "#"]

    return Lexicon(tuple(column("surnames.tsv")[:150]), tuple(column("companies_cluener.tsv")))


def _parity(run: Run, model: SpanTagger, files: tuple[Path, Path], tokenizer: Tokenizer, part: Path) -> None:
    """How far ONNX is from torch, and int8 from fp32, on the development notes. Raises ModelError past the gate."""
    notes = read_notes(run.config.development_file())
    figures = export.gate(model, *files, notes, tokenizer, run.config.gate)
    part.write_text(json.dumps(figures), encoding="utf-8")


def _yaml(config: TrainConfig) -> str:
    return yaml.safe_dump(config.model_dump(mode="json"), allow_unicode=True, sort_keys=False)
