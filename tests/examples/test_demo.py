"""The demo: every step of it, on a search that is small enough for a test."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT, wait_for_the_end_of

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
    with started(tmp_path, SMALL_JOB) as demo:
        output, _ = demo.communicate(timeout=900)
    assert demo.returncode == 0, output
    assert "4/4 trials" in output
    assert re.search(r"^4 trials, [1-4] of them trained fully$", output, re.MULTILINE)
    assert "latency ms (95 %)" in output
    assert "validation images right with torch alone" in output
    assert {path.name for path in (tmp_path / "best").iterdir()} == {
        "README.md",
        "config.json",
        "front.svg",
        "model.py",
        "weights.safetensors",
    }
    wait_for_the_end_of(str(tmp_path), 10)


@pytest.mark.xdist_group("ray")
def test_an_interrupted_demo_says_so_and_leaves_nothing_running(tmp_path: Path) -> None:
    with started(tmp_path, {"dataset": "digits"}) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if line.startswith("job 1 queued"):  # the first line of `watch`
                break
        os.killpg(demo.pid, signal.SIGINT)  # as a terminal does
        rest = demo.stdout.read()
    assert demo.returncode == 130, rest
    assert rest.index("Interrupted. Stopping") < rest.index("Everything is stopped.")
    assert "Traceback" not in rest
    wait_for_the_end_of(str(tmp_path), 10)


def test_a_demo_that_fails_shows_the_end_of_the_log(tmp_path: Path) -> None:
    with started(tmp_path, {"dataset": "digits"}, CELLSMITH_WORKERS="none") as demo:
        assert demo.stdout is not None
        output = demo.stdout.read()
    assert demo.returncode == 1
    assert "CELLSMITH_WORKERS cannot be used" in output
    assert "Traceback" not in output


def started(folder: Path, job: dict[str, object], **environment: str) -> subprocess.Popen[str]:
    """The demo in a process group of its own, all that it says on one pipe."""
    file = folder / "job.json"
    file.write_text(json.dumps(job))
    whole = os.environ | {"TMPDIR": str(folder), "PYTHONPATH": f"{ROOT}:{ROOT / 'client'}"} | environment
    return subprocess.Popen(
        [sys.executable, "-m", "examples.demo", str(file), str(folder / "best")],
        cwd=ROOT,
        env=whole,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )
