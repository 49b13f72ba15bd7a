"""Spans for OpenTelemetry: around a request, the reading, the storing, a delivery. Without an SDK they cost next to
nothing and go nowhere; with one (`opentelemetry-instrument fieldnote serve …`) they go where it is told to send them.

Attributes are ids, counts and names of routes and fields; never texts or values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

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


@contextmanager
def spans(name: str, parents: Iterable[Context]) -> Iterator[None]:
    """A span around the block under each of the parents that are recorded: work done for several requests at once."""
    tracer = trace.get_tracer("fieldnote")
    opened = [tracer.start_span(name, p) for p in parents if trace.get_current_span(p).is_recording()]
    try:
        yield
    finally:
        for span in opened:
            span.end()
