"""Logs: one JSON object a line, with the request's id; never a note's text, personal data, a body or a real path.

Everything that uses `logging` comes out the same way. Of an exception its type and places are kept, not its message:
messages of libraries may quote what they were given.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.types import EventDict, Processor

from service.randomness import digits

_GIVEN = re.compile(r"[\w.:-]{1,128}")
Failure = tuple[type[BaseException], BaseException, TracebackType | None]


def configure(stream: TextIO | None = None, *, level: int | str = logging.INFO) -> None:
    """Send all logs to `stream` (standard error) as JSON lines."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _failure,
    ]
    render: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=render))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("httpx", "httpx2", "httpcore", "alembic"):  # their INFO lines hold whole URLs, or nothing of interest
        logging.getLogger(name).setLevel(logging.WARNING)


def request_id(given: bytes | None) -> str:
    """The id that a caller or a proxy gave, where it is a plain one; else a new one."""
    text = (given or b"").decode("latin-1")
    return text if _GIVEN.fullmatch(text) else digits() + digits()


def _failure(logger: Any, method: str, event: EventDict) -> EventDict:
    """An exception as `error` (its type) and `at` (the places it came through), without its message."""
    info = event.pop("exc_info", None)
    failure = sys.exc_info() if info is True else info
    if isinstance(failure, BaseException):
        failure = (type(failure), failure, failure.__traceback__)
    if failure and failure[0] is not None:
        event["error"] = f"{failure[0].__module__}.{failure[0].__qualname__}"
        frames = traceback.extract_tb(failure[2])[-12:]
        event["at"] = [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]
    return event


def _short(path: str) -> str:
    return "/".join(path.rsplit("/", 3)[-3:])
