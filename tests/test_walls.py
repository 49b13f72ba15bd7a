"""The walls between the rooms, and what a serving process must not load."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HEAVY = ("torch", "transformers", "spacy", "jieba", "pandas", "sklearn")


def test_import_contracts_hold():
    done = subprocess.run([sys.executable, "-m", "importlinter.cli"], capture_output=True, text=True, check=False)
    done = subprocess.run(["lint-imports"], capture_output=True, text=True, check=False) if done.returncode else done
    assert done.returncode == 0, done.stdout


def test_a_serving_process_stays_light(tmp_path: Path):
    loaded = f"[m for m in {HEAVY} if m in sys.modules]"
    code = f"import sys; from service.app import create_app; create_app(); print({loaded})"
    env = {**os.environ, "FIELDNOTE_DATABASE_URL": f"sqlite:///{tmp_path}/fieldnote.db"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.strip() == "[]"


def test_the_engine_alone_needs_no_web_server():
    code = "import sys; from extractor.pipeline import load_engine; load_engine(); print('fastapi' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        == "False"
    )
