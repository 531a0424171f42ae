"""The benchmark of the samplers: the tables it reads, and the task it makes up."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import synthetic
from benchmarks.tables import Table


@pytest.fixture(scope="module")
def table() -> Table:
    folder = Path(os.environ.get("CELLSMITH_DATA", "."))
    files = folder / "nb201_cifar10.npz", folder / "nb201_latency.npz"
    if not all(file.is_file() for file in files):
        pytest.skip("CELLSMITH_DATA names no folder with nb201_cifar10.npz and nb201_latency.npz")
    return Table(*files)


def test_the_whole_table_has_all_of_the_hypervolume(table: Table) -> None:
    for device in table.devices:
        for problem in (table.without_noise(device, 10), table.raw(device, 10), table.without_noise(device, 10, 25)):
            assert problem.share(list(range(len(problem.losses)))) == pytest.approx(1)
            assert 0 <= problem.share([0, 1, 2]) < 1


def test_what_misses_the_limit_counts_for_nothing(table: Table) -> None:
    limited = table.without_noise(table.devices[0], 10, 25)
    assert limited.excess is not None
    assert (limited.excess <= 0).mean() == pytest.approx(0.25, abs=0.01)
    assert limited.share(np.flatnonzero(limited.excess > 0).tolist()) == 0


def test_a_table_may_lack_cells_and_trying_one_of_them_is_a_trial_that_failed(tmp_path: Path) -> None:
    answers = np.array(list(itertools.product(range(3), repeat=3)))[1:-4:2]
    accuracy = 92.0 + answers.sum(1)
    np.savez(
        tmp_path / "accuracy.npz",
        arch_ops=answers,
        val_acc_200=accuracy,
        test_acc_200=accuracy,
        functional_class=np.arange(len(answers)),
        edge_names=["0->1", "0->2", "1->2"],
        op_names=["none", "skip_connect", "conv"],
    )
    latency = 1.0 + answers.sum(1)[:, None]
    np.savez(tmp_path / "latency.npz", device_names=["phone"], latency_ms=latency)
    files = ["--accuracy", str(tmp_path / "accuracy.npz"), "--latency", str(tmp_path / "latency.npz")]
    small = ["--seeds", "1", "--trials", "20", "--samplers", "default,random", "--problems", "a,b,d"]
    command = [
        sys.executable,
        "-m",
        "benchmarks.search_quality",
        *files,
        *small,
        "--json",
        str(tmp_path / "found.json"),
    ]
    subprocess.run(command, check=True, capture_output=True, cwd=Path(__file__).parents[2])
    found = json.loads((tmp_path / "found.json").read_text())["figures"]
    for sampler in ("default", "random"):
        assert found[f"{sampler}.test_accuracy.20"] <= accuracy.max()
        assert 0 <= found[f"{sampler}.hypervolume_share.20.phone"] <= 1
        assert found[f"{sampler}.feasible_share.20.phone"] <= 0.5  # at least ten of the twenty are not in the table


def test_nothing_beats_the_optimum_of_the_task_that_is_made_up() -> None:
    assert synthetic.loss(synthetic.optimum(), noisy=False) == pytest.approx(0)
    rng = np.random.default_rng(0)
    for _ in range(200):
        drawn = {decision.name: int(rng.integers(len(decision.choices))) for decision in synthetic.SPACE.decisions}
        assert synthetic.loss(drawn, noisy=False) > 0


def test_every_part_of_the_task_matters() -> None:
    best = synthetic.optimum()
    for worse in ({"normal.3.first.operator": 8}, {"normal.5.first.source": 0}, {"normal.4.second.source": 0}):
        assert synthetic.loss(best | worse, noisy=False) > 0.01
