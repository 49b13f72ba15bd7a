"""The card that asks a rep by buttons, and what a tap on it means (path/90236 按钮交互型, path/90240 模板卡片事件)."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from extractor.types import Json
from service.wecom.reply import mark, short

SHOWN = 6  # rows that a card has room for
EVENT = "template_card_event"
Verdict = Literal["confirm", "reject"]
KEYS: dict[str, Verdict] = {"confirm": "confirm", "reject": "reject"}
ENDED = {"expired": "已过期", "superseded": "笔记已更新"}
HANDLED = "已处理"
_KEYNAME, _VALUE, _TITLE = 8, 26, 30  # code points that WeCom shows on one line


@dataclass(frozen=True, slots=True)
class Tap:
    """A tap on a card: on which extraction, with which button."""

    extraction: str
    verdict: Verdict


def question(
    fields: Sequence[Mapping[str, Json]], *, extraction: str, link: str, customer: str | None = None
) -> dict[str, Any]:
    """The card about the first `SHOWN` of `fields`; its buttons speak of these alone, the link leads to all."""
    shown = fields[:SHOWN]
    rest = len(fields) - len(shown)
    all_of_them = f"确认这 {len(shown)} 项" if rest else "确认" if len(shown) == 1 else "全部确认"
    return {
        "card_type": "button_interaction",
        "main_title": {"title": f"读出 {len(fields)} 项，对吗？", "desc": short(customer, _TITLE)},
        "sub_title_text": f"另有 {rest} 项，请点开看" if rest else "要改其中一项，请点「逐项看」",
        "horizontal_content_list": [
            {"keyname": short(f.get("title"), _KEYNAME), "value": short(f.get("display"), _VALUE) + mark(f)}
            for f in shown
        ],
        "task_id": f"{extraction}@{secrets.token_hex(4)}",  # WeCom takes each id once
        "card_action": {"type": 1, "url": link},
        "button_list": [
            {"text": all_of_them, "style": 1, "key": "confirm"},
            {"text": "不对" if len(shown) == 1 else "都不对", "style": 2, "key": "reject"},
            {"type": 1, "text": "逐项看", "style": 3, "url": link},
        ],
    }


def label(states: Collection[str]) -> str:
    """What stands in place of the buttons once the shown suggestions have these states, other than by a tap."""
    return ENDED.get(next(iter(states)), HANDLED) if len(states) == 1 else HANDLED


def tapped(key: str, task: str) -> Tap | None:
    """What a tap means; None where the card is none of ours."""
    extraction, _, chance = task.partition("@")
    verdict = KEYS.get(key)
    return Tap(extraction, verdict) if verdict and chance and len(extraction) == 32 else None
