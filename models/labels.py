"""What the model can say: fields, and for the enumerated ones their values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Labels:
    """`fields` index the span scores; `values` index the value logits, field after field, then one for "hedged"."""

    fields: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]

    @property
    def width(self) -> int:
        """Number of logits a span gets from the value head: every enum value, and `hedged` last."""
        return sum(len(v) for v in self.values.values()) + 1

    def slot(self, field: str) -> slice:
        """Where the logits of an enumerated field's values lie."""
        start = 0
        for name, values in self.values.items():
            if name == field:
                return slice(start, start + len(values))
            start += len(values)
        raise KeyError(field)

    def to_json(self) -> dict[str, Any]:
        return {"fields": list(self.fields), "values": {k: list(v) for k, v in self.values.items()}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Labels:
        return cls(tuple(data["fields"]), {k: tuple(v) for k, v in data["values"].items()})


FIELDNOTE = Labels(
    fields=(
        "budget_amount", "budget_cycle", "budget_source", "company_size", "competitor", "contact_person",
        "contact_phone", "contract_expiry", "customer_name", "decision_cycle", "decision_role", "demand_tag",
        "equipment", "expansion_plan", "next_visit", "pain_point", "purchase_intent", "purchase_quantity", "timeline",
    ),
    values={
        "budget_source": tuple("政府拨款 专项资金 集团拨付 自有资金 银行贷款 股权融资 经营回款 融资租赁 其他".split()),
        "decision_role": tuple("决策者 影响者 使用者 把关者 支持者 反对者".split()),
        "demand_tag": tuple(
            "价格敏感 交付时效 售后服务 质量稳定 系统对接 数据安全 国产替代 "
            "定制开发 易用性 产能效率 节能降耗 资质合规 续航焦虑".split()
        ),
        "purchase_intent": tuple("高 中 低 无".split()),
    },
)  # fmt: skip
