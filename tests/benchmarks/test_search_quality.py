"""The benchmark of the samplers: the tables it reads, and the task it makes up."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

from benchmarks import synthetic
from benchmarks.tables import Table
from service.sampling.encoding.base import Answers
from service.sampling.encoding.dense_cell import DenseCell
from service.sampling.encoding.one_hot import OneHot

EDGES = ("0->1", "0->2", "1->2")


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


def written(folder: Path, answers: Answers, edges: Sequence[str] = EDGES, **other: ArrayLike) -> tuple[Path, Path]:
    """The files of a table in which a cell is the better and the slower the greater its answers are."""
    accuracy = {
        "arch_ops": answers,
        "val_acc_200": 92.0 + answers.sum(1),
        "test_acc_200": 92.0 + answers.sum(1),
        "functional_class": np.arange(len(answers)),
        "edge_names": edges,
        "op_names": ["none", "skip_connect", "conv"],
    }
    latency = {"device_names": ["phone"], "latency_ms": 1.0 + answers.sum(1)[:, None]}
    files = folder / "accuracy.npz", folder / "latency.npz"
    for file, arrays in zip(files, (accuracy, latency), strict=True):
        np.savez(file, allow_pickle=False, **{name: np.asarray(other.get(name, own)) for name, own in arrays.items()})
    return files


def run(files: tuple[Path, Path], *flags: str) -> subprocess.CompletedProcess[str]:
    """What the command says; the JSON goes beside `files`."""
    command = [sys.executable, "-m", "benchmarks.search_quality", "--accuracy", str(files[0]), "--latency"]
    command += [str(files[1]), "--json", str(files[0].parent / "found.json"), *flags]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=Path(__file__).parents[2])


def found(files: tuple[Path, Path]) -> dict[str, Any]:
    """What `run` wrote."""
    document: dict[str, Any] = json.loads((files[0].parent / "found.json").read_text())
    return document


def every(edges: int) -> Answers:
    """All cells of three operators."""
    return np.array(list(itertools.product(range(3), repeat=edges)))


@pytest.mark.parametrize(
    "edges",
    [
        ("0->2", "1->2", "0->3", "1->3", "2->3"),  # two inputs
        ("0->1", "0->2", "1->2", "1->3"),  # two outputs
        ("0->1", "2->1", "0->2"),  # runs backwards
        ("0->1", "00->1"),  # twice between two nodes
        ("stem", "0->1"),
    ],
)
def test_edges_that_are_no_dense_cell_are_searched_as_plain_decisions(tmp_path: Path, edges: tuple[str, ...]) -> None:
    table = Table(*written(tmp_path, every(len(edges)), edges))
    assert table.encoding == OneHot(dict.fromkeys(edges, 3))
    assert table.without_noise("phone", 10).losses[:, 1] == pytest.approx(1 + every(len(edges)).sum(1))


@pytest.mark.parametrize("edges", [("1->2", "1->3", "2->3"), ("0->2", "0->7", "2->7")])
def test_nodes_may_be_numbered_from_any_number(tmp_path: Path, edges: tuple[str, ...]) -> None:
    table = Table(*written(tmp_path, every(3), edges))
    links = dict(zip(edges, [(0, 1), (0, 2), (1, 2)], strict=True))
    assert table.encoding == DenseCell(links, 3, none=0, identity=1)


def test_a_table_may_lack_cells_and_trying_one_of_them_is_a_trial_that_failed(tmp_path: Path) -> None:
    answers = every(3)[1:-4:2]
    files = written(tmp_path, answers)
    flags = ("--seeds", "1", "--trials", "20", "--samplers", "default,random", "--problems", "a,b,d")
    run(files, *flags).check_returncode()
    figures = found(files)["figures"]
    for sampler in ("default", "random"):
        assert figures[f"{sampler}.test_accuracy.20"] <= 92 + answers.sum(1).max()
        assert 0 <= figures[f"{sampler}.hypervolume_share.20.phone"] <= 1
        assert figures[f"{sampler}.feasible_share.20.phone"] <= 0.5  # at least ten of the twenty are not in the table


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
