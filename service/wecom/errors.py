"""Why WeCom's callback is refused; one step below ServiceError."""

from __future__ import annotations

from service.problems import ServiceError


class WecomError(ServiceError):
    """A callback that cannot be trusted (403) or read (400), or a key that cannot be used (503)."""
