"""The demo: every step of it, on a search that is small enough for a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT, alive_with, wait_for

SMALL_JOB = {
    "dataset": "digits",
    "space": {"preset": "nasnet", "nodes": 1},
    "skeleton": {"channels": 4},
    "training": {"epochs": 2},
    "budget": {"trials": 4, "seconds": 900},
    "seed": 3,
}


@pytest.mark.xdist_group("ray")
def test_the_demo_goes_from_submit_to_a_checked_file_and_leaves_nothing_running(tmp_path: Path) -> None:
    job = tmp_path / "job.json"
    job.write_text(json.dumps(SMALL_JOB))
    environment = os.environ | {"DEMO_OF_THIS_TEST": str(tmp_path), "TMPDIR": str(tmp_path)}
    environment["PYTHONPATH"] = f"{ROOT}:{ROOT / 'client'}"
    command = [sys.executable, "-m", "examples.demo", str(job), str(tmp_path / "best")]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4/4 trials" in done.stdout
    assert "latency ms (95 %)" in done.stdout
    assert "validation images right with torch alone" in done.stdout
    assert {path.name for path in (tmp_path / "best").iterdir()} == {
        "README.md",
        "config.json",
        "model.py",
        "weights.safetensors",
    }
    wait_for(lambda: not alive_with(str(tmp_path)), 10, "nothing is left running")
