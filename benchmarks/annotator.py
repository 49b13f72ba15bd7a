"""Keys that a note of 60 characters costs on the annotation desk, counted by the browser test that presses them.

    python -m benchmarks.annotator

The time is not measured but estimated by the keystroke-level model (S. Card, T. Moran, A. Newell, The Keystroke-Level
Model for User Performance Time, CACM 23, 1980): K = 0.2 s a key for an average skilled typist, M = 1.35 s to make up
one's mind, once a correction and once for the whole note.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks import save
from benchmarks.pages import redraw

COUNTED = Path("artifacts/pages/annotator.json")
TEST = "tests/pages/test_annotator.py::test_three_fields_are_corrected_by_keys_alone"
K, M = 0.2, 1.35  # seconds


def main() -> None:
    """Run the test and keep what it counted."""
    COUNTED.unlink(missing_ok=True)
    subprocess.run([sys.executable, "-m", "pytest", "-q", TEST], check=True)
    counted = json.loads(COUNTED.read_text(encoding="utf-8"))
    seconds = K * counted["keys"] + M * (counted["corrected"] + 1)
    print(save("annotator", {**counted, "estimated_seconds": round(seconds, 1), "estimate": "keystroke-level model"}))
    redraw()


if __name__ == "__main__":
    main()
