"""The benchmarks give the figures that documents and others name, on runs too small to mean anything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.export import too_slow
from tests.faults.killing import PARTS
from tests.processes import ROOT

pytestmark = [pytest.mark.xdist_group("ray"), pytest.mark.long]


def figures(folder: Path, *command: str) -> dict[str, float]:
    """What `python -m benchmarks...` writes."""
    file = folder / "figures.json"
    subprocess.run([sys.executable, "-m", *command, "--json", str(file)], cwd=ROOT, check=True, capture_output=True)
    found: dict[str, float] = json.loads(file.read_text())["figures"]
    return found


def test_overhead_compares_three_sides(tmp_path: Path) -> None:
    small = ("--trials", "12", "--repeats", "1", "--ray-tune-trials", "3")
    found = figures(tmp_path, "benchmarks.overhead", *small)
    for side, trials in [("ours", 12), ("optuna_sqlite", 12), ("ray_tune_optuna", 3)]:
        assert found[f"{side}.trials"] == trials
        assert found[f"{side}.median_ms"] > 0
    assert 1 <= found["ours.commits_per_trial"] <= 3


def test_utilisation_tells_how_busy_the_workers_were(tmp_path: Path) -> None:
    found = figures(tmp_path, "benchmarks.utilisation", "--trials", "3")
    assert 0 < found["busy_share"] <= 1
    assert found["trials"] == 3
    assert found["evaluations"] >= 3


def test_recovery_tells_how_soon_each_part_is_back(tmp_path: Path) -> None:
    found = figures(tmp_path, "benchmarks.recovery", "--repeats", "1")
    for part in PARTS:
        assert 0 < found[f"{part}.median_s"] <= found[f"{part}.longest_s"]
        assert found[f"{part}.goal_s"] in (5, 30)


def test_export_compares_the_inference_form_with_the_training_form_and_a_cell_by_hand(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks.export", "--passes", "6", "--random", "1", "--json", str(file)]
    shown = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    found: dict[str, float] = json.loads(file.read_text())["figures"]
    assert shown.stderr.split("\n")[:-1] == too_slow(found)  # whatever so few passes come to
    assert shown.returncode == bool(too_slow(found))
    assert found["nasnet_a_cell_by_hand_to_inference_ratio"] > 0
    for cell in ("nasnet-a", "lk_rep_17", "sep_conv_5x5", "least_of_nasnet"):
        assert found[f"{cell}_training_to_inference_ratio"] > 0
