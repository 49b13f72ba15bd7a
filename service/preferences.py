"""What a tenant may set for itself beside the write policy: the morning digest, how long texts are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt


class Digest(BaseModel):
    """The morning digest: whether, and from which hour (China's time)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    on: StrictBool = False
    hour: Annotated[StrictInt, Field(ge=0, le=19)] = 8


class Preferences(BaseModel):
    """`retention_days`: texts of notes older than that go; none: they are kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    digest: Digest = Digest()
    retention_days: Annotated[StrictInt, Field(ge=1, le=3650)] | None = None


def preferences_of(settings: Mapping[str, Any]) -> Preferences:
    """Those of a tenant's settings; what was never set is off."""
    return Preferences.model_validate({k: v for k, v in settings.items() if k in Preferences.model_fields})
