"""Draw the tables of README and two pages from `benchmarks/results/`, between markers; a test compares."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from annotation.queue import Mix
from benchmarks import RESULTS
from extractor.contract import load_contract

ROOT = Path(__file__).parent.parent
TITLES = {"rules": "只用规则", "model": "只用模型", "both": "**规则 + 模型**"}
MARKS = ("<!-- benchmarks: begin -->", "<!-- benchmarks: end -->")


def tables() -> str:
    """The Markdown between the markers."""
    parts = []
    if accuracy := _read("accuracy-rules"):
        parts.append(_accuracy(accuracy))
    if tagger := _read("tagger"):
        parts.append(_tagger(tagger))
    if speed := _read("speed"):
        parts.append(_speed(speed))
    return "\n\n".join(parts)


def page(text: str, drawn: str) -> str:
    """A page with what stands between its markers replaced."""
    head, _, rest = text.partition(MARKS[0])
    _, _, tail = rest.partition(MARKS[1])
    return f"{head}{MARKS[0]}\n{drawn}\n{MARKS[1]}{tail}"


def season() -> str:
    """The simulated season (`benchmarks/loop.py`)."""
    result = _read("loop")
    if not result:
        return ""
    queue, chance = result["queue"], result["random"]
    said = {True: "过", False: "不过"}
    rows = [
        f"| {a['annotated']} | {a['f1']:.3f} | {said[a['let_through']]} | {b['f1']:.3f} | {said[b['let_through']]} |"
        for a, b in zip(queue, chance, strict=True)
    ]
    first, poison = queue[0]["annotated"], result["poisoned"]
    at = {name: round(value) for name, value in result["annotated_for_95_percent"].items()}
    held = "、".join(poison["held_before_training"]) or "没有拦下"
    return "\n".join(
        [
            "| 标注过的笔记 | F1，按队列 | 闸门 | F1，随机 | 闸门 |", "|--:|--:|---|--:|---|", *rows, "",
            f"一次全部训练：标注无错 {result['all_at_once']:.3f}，标注与季度里一样有错"
            f" {result['all_at_once_with_errors']:.3f}。",
            f"到最后得分的 95%：按队列标到 {at['queue']} 条，随机 {at['random']} 条；"
            f"不算开头的 {first} 条，是 {at['queue'] - first} 与 {at['random'] - first} 条。",
            f"中毒的一轮（`{poison['field']}` 三成标错，{poison['notes']} 条新笔记）：训练前被拦下的检查：{held}。",
        ]
    )  # fmt: skip


def strategies() -> str:
    """The queue's strategies alone (`benchmarks/strategies.py`)."""
    result = _read("strategies")
    if not result:
        return ""
    alone: dict[str, list[dict[str, float]]] = result["alone"]
    (notes,) = {tuple(point["annotated"] for point in points) for points in alone.values()}
    rows = [
        f"| {f'`{name}`' if hasattr(Mix, name) else '当时的默认份额'} | "
        + " | ".join(f"{point['aside']:.3f}" for point in points)
        + f" | {sum(point['characters'] for point in points)} | {sum(point['marks'] for point in points)} |"
        for name, points in alone.items()
    ]
    head = f"| 只用 | {' | '.join(f'{n} 条' for n in notes)} | 读的字 | 标的处 |"
    return "\n".join([head, "|---|" + "--:|" * (len(notes) + 2), *rows])


def _read(name: str) -> dict[str, Any] | None:
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _accuracy(result: dict[str, Any]) -> str:
    titles = {f.name: f.title for f in load_contract().fields.values()}
    micro = result["micro"]
    rows = [f"| **全部** | {micro['p']:.2f} | {micro['r']:.2f} | {micro['f1']:.2f} | {micro['gold']} |"]
    rows += [
        f"| {titles.get(name, name)} | {f['p']:.2f} | {f['r']:.2f} | {f['f1']:.2f} | {f['gold']} |"
        for name, f in sorted(result["fields"].items(), key=lambda item: -item[1]["gold"])
    ]
    right = f"证据对 {result['evidence_ok']:.2f}，确定与否对 {result['certain_ok']:.2f}"
    head = f"开发集 {result['notes']} 条，只用规则；{right}。\n"
    return "\n".join([head, "| 字段 | 精确率 | 召回率 | F1 | 金标数 |", "|---|--:|--:|--:|--:|", *rows])


def _tagger(result: dict[str, Any]) -> str:
    scores, both = result["scores"], result["scores"]["both"]
    rows = [
        f"| {title} | {m['p']:.3f} | {m['r']:.3f} | {m['f1']:.3f} |"
        for title, m in ((t, scores[name]["micro"]) for name, t in TITLES.items())
    ]
    sure = f"把握 ≥ 0.9 的里头 {both['precision_at_0.9']:.3f} 是对的，占金标的 {both['coverage_at_0.9']:.2f}"
    tail = f"\n校准误差 ECE {both['ece']:.3f}；{sure}。每个字段的得分与短处见[模型卡](models/CARD.md)。"
    head = "规则与模型（两半互为校准集，合起来报）：\n"
    return "\n".join([head, "| | 精确率 | 召回率 | F1 |", "|---|--:|--:|--:|", *rows, tail])


def _speed(result: dict[str, Any]) -> str:
    ours, peer, start = result["fieldnote_us"], result["jionlp_us"], result["start"]
    lines = [
        f"同一进程、单线程、交替测量（{result['machine']['processor']}）：\n",
        "| | 平均 µs | p50 | p99 |",
        "|---|--:|--:|--:|",
        f"| FieldNote 规则，19 个字段 | {ours['mean']} | {ours['p50']} | {ours['p99']} |",
        f"| JioNLP 时间+金额+电话+邮箱 | {peer['mean']} | {peer['p50']} | {peer['p99']} |",
        "",
        f"导入加载 {start['seconds']} 秒，常驻 {start['resident_mb']} MB。",
    ]
    return "\n".join(lines)


PAGES = {ROOT / "README.md": tables, ROOT / "docs/retrain.md": season, ROOT / "docs/annotate.md": strategies}


def main() -> None:
    """Rewrite the pages in place."""
    for file, draw in PAGES.items():
        file.write_text(page(file.read_text(encoding="utf-8"), draw()), encoding="utf-8")


if __name__ == "__main__":
    main()
