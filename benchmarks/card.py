"""Draw the tables of `models/CARD.md` and the reliability picture from `results/tagger.json`; a test compares them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks import RESULTS
from extractor.contract import load_contract

ROOT = Path(__file__).parent.parent
CARD = ROOT / "models/CARD.md"
PICTURE = ROOT / "docs/reliability.svg"
MARKS = ("<!-- tagger: begin -->", "<!-- tagger: end -->")
SIDES = {"rules": "只用规则", "model": "只用模型", "both": "规则 + 模型"}


def page(text: str, result: dict[str, Any]) -> str:
    """The card with its tables redrawn."""
    head, _, rest = text.partition(MARKS[0])
    _, _, tail = rest.partition(MARKS[1])
    parts = (_whole(result), _fields(result), _reliability(result), _time(result))
    tables = "\n\n".join(parts)
    return f"{head}{MARKS[0]}\n\n{tables}\n\n{MARKS[1]}{tail}"


def _whole(result: dict[str, Any]) -> str:
    rows = [
        f"| {title} | {s['micro']['p']:.3f} | {s['micro']['r']:.3f} | {s['micro']['f1']:.3f} | {s['evidence_ok']:.3f} "
        f"| {s['certain_ok']:.3f} | {s['ece']:.3f} | {s['precision_at_0.9']:.3f} | {s['coverage_at_0.9']:.3f} |"
        for side, title in SIDES.items()
        for s in (result["scores"][side],)
    ]
    head = "| | 精确率 | 召回率 | F1 | 证据对 | 确定与否对 | ECE | 置信 ≥ 0.9 的精确率 | 置信 ≥ 0.9 的覆盖 |"
    return "\n".join([head, "|---|--:|--:|--:|--:|--:|--:|--:|--:|", *rows])


def _fields(result: dict[str, Any]) -> str:
    titles = {f.name: f.title for f in load_contract().fields.values()}
    scores = {side: result["scores"][side]["fields"] for side in SIDES}
    rows = []
    for name, both in sorted(scores["both"].items(), key=lambda item: -item[1]["gold"]):
        cells = " | ".join(f"{scores[side][name][k]:.2f}" for side in SIDES for k in ("p", "r", "f1"))
        rows.append(f"| {titles[name]} | {both['gold']} | {cells} | {both['promised']:.2f} |")
    head = "| 字段 | 金标数 | " + " | ".join(f"{SIDES[s]} P | R | F1" for s in SIDES) + " | 平均置信 |"
    return "\n".join([head, "|---|" + "--:|" * 11, *rows])


def _reliability(result: dict[str, Any]) -> str:
    rows = [
        f"| {r['from']:.1f}–{r['from'] + 0.1:.1f} | {r['findings']} | {r['promised']:.3f} | {r['right']:.3f} |"
        for r in result["scores"]["both"]["reliability"]
    ]
    return "\n".join(["| 置信 | 条数 | 平均置信 | 实际对的比例 |", "|---|--:|--:|--:|", *rows])


def _time(result: dict[str, Any]) -> str:
    time, parity = result["time"], result["parity"]
    note, model = time["note_ms"], time["model_call_ms"]
    bulk = "、".join(f"{n} 条 {ms} 毫秒" for n, ms in time["bulk_ms_per_note"].items())
    return (
        f"单线程处理器时间，{time['characters']} 字的笔记：整条 p50 {note['p50']} 毫秒、p99 {note['p99']} 毫秒，"
        f"其中模型 p50 {model['p50']} 毫秒；成批比逐条快 {time['bulk_gain']} 倍（每条：{bulk}）。\n\n"
        f"int8 与 fp32：F1 {parity['f1_int8']:.4f} 对 {parity['f1_fp32']:.4f}，"
        f"有把握的片段 {parity['spans_int8_in_fp32']:.1%} 相同；ONNX 与 torch 的分数最多差 "
        f"{parity['logits_fp32_against_torch']:.0e}。"
    )


def draw(result: dict[str, Any], file: Path) -> None:
    """Promised against right, by tenths, and by field."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    both = result["scores"]["both"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    for axes in (left, right):
        axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
        axes.set(xlim=(0.3, 1.0), ylim=(0.3, 1.02), xlabel="mean confidence", ylabel="share that is right")
    bins = both["reliability"]
    left.plot([b["promised"] for b in bins], [b["right"] for b in bins], marker="o")
    left.set_title("by tenth of confidence")
    for name, f in both["fields"].items():
        right.plot(f["promised"], f["p"], "o", color="C0", markersize=3 + f["gold"] / 12)
        right.annotate(name, (f["promised"], f["p"]), fontsize=6, xytext=(3, 3), textcoords="offset points")
    right.set_title("by field (size: gold values)")
    plt.rcParams["svg.hashsalt"] = "fieldnote"
    figure.savefig(file, format="svg", metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    """Rewrite card and picture in place."""
    result = json.loads((RESULTS / "tagger.json").read_text(encoding="utf-8"))
    CARD.write_text(page(CARD.read_text(encoding="utf-8"), result), encoding="utf-8")
    draw(result, PICTURE)


if __name__ == "__main__":
    main()
