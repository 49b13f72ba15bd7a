"""Files of the contract: YAML and TSV become checked records, or an error that names file, key and cure."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from extractor.errors import ContractError

adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)


def read_words(path: Path) -> tuple[str, ...]:
    """First column of a TSV; lines that start with # are remarks."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(dict.fromkeys(line.split("\t")[0].strip() for line in lines if line.strip() and line[0] != "#"))


def load_data(path: Path, kind: type[Any]) -> Any:
    """A YAML file as one of the records. Raises ContractError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ContractError(path.name, "-", f"缺少这个文件；契约目录要有 {path.name}") from None
    except UnicodeDecodeError as error:
        raise ContractError(path.name, "-", f"不是合法的 YAML（UTF-8）：{error}") from None
    return checked(read_yaml(text, path.name), kind, path.name)


def read_yaml(text: str, file: str) -> Any:
    """The data of a YAML text; `file` is what the error calls it. Raises ContractError."""
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date that is none, brackets without end
        raise ContractError(file, "-", f"不是合法的 YAML（UTF-8）：{error}") from None


def checked(data: Any, kind: type[Any], file: str) -> Any:
    """Read data as one of the records. Raises ContractError with the key and the cure."""
    try:
        return adapter(kind).validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        raise ContractError(file, ".".join(map(str, first["loc"])) or "-", remedy(first)) from None


def remedy(problem: Any) -> str:
    """What to do about one of pydantic's errors."""
    match problem["type"]:
        case "missing":
            return "缺少这一项，请补上"
        case "extra_forbidden" | "unexpected_keyword_argument":
            return "没有这一项；请删去或改正拼写"
        case _:
            return f"{problem['msg']}（现在是 {str(problem.get('input'))[:60]!r}）"
