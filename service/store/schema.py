"""All tables at once: what a migration is compared with."""

from __future__ import annotations

import service.store.annotation_tables
import service.store.release_tables  # noqa: F401
from service.store.tables import metadata

__all__ = ["metadata"]
