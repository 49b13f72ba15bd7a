"""Tables of releases: which model and which rules serve whom, and the jobs that make new ones. As in `tables.py`."""

from __future__ import annotations
