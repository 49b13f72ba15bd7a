"""docs/fields.md, drawn from the contract; a test keeps the committed page equal to this."""

from __future__ import annotations

from collections.abc import Iterator

from extractor.contract import Contract, Field


def fields_page(contract: Contract) -> str:
    """The page of all fields as Markdown."""
    head = "# 字段一览\n\n由 `fieldnote fields` 从 `rules/fields/*.yaml` 生成，请改 YAML 而不是这一页。\n"
    return "\n".join([head, *(line for f in contract.fields.values() for line in _section(f))])


def _section(field: Field) -> Iterator[str]:
    many = "可多个值" if field.many else "一个值"
    yield f"## {field.title} `{field.name}`\n"
    yield f"类型 `{field.kind}`，{many}，阈值 {field.threshold}，{len(field.rules)} 条规则。\n"
    yield f"- **定义标准** {field.definition}"
    yield f"- **录入方式** {field.capture.note}。缺了就问：{field.capture.ask}"
    yield f"- **验证规则** {field.validation.note}"
    yield f"- **修正路径** {field.correction.note}"
    yield from (f"    - `{value}` {meaning}" for value, meaning in field.values.items())
    yield ""
    for example in field.examples:
        found = "、".join(f"`{e.evidence or e.value}`" for e in example.expect) or "什么都不找"
        gap = f"（已知缺口：{example.todo}）" if example.todo else ""
        yield f"> {' '.join(example.text.split())} → {found}{gap}\n"
