"""Spans for OpenTelemetry: around a request, the reading, the storing, a delivery. Without an SDK they cost next to
nothing and go nowhere; with one (`opentelemetry-instrument fieldnote serve …`) they go where it is told to send them.

Attributes are ids, counts and names of routes and fields; never texts or values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from typing import TypeVar

from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

T = TypeVar("T")
Attribute = str | int | float | bool


@contextmanager
def span(
    name: str, *, kind: SpanKind = SpanKind.INTERNAL, carrier: Mapping[str, str] | None = None, **attributes: Attribute
) -> Iterator[Span]:
    """A span around the block; a failure is noted by its type alone. `carrier`: headers that may name a parent."""
    tracer = trace.get_tracer("fieldnote")
    context = propagate.extract(carrier) if carrier else None
    with tracer.start_as_current_span(
        name, context, kind, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as opened:
        try:
            yield opened
        except BaseException as error:
            opened.set_attribute("error.type", type(error).__name__)
            opened.set_status(Status(StatusCode.ERROR))
            raise


def carried(work: Callable[[], T]) -> Callable[[], T]:
    """The work in today's context, for a pool whose threads know nothing of it."""
    return partial(copy_context().run, work)
