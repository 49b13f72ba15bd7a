"""Tables of annotation: what is asked of whom, and what they marked. Same conventions as `tables.py`."""

from __future__ import annotations
