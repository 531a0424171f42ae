"""The benchmark of the samplers: the tables it reads, and the task it makes up."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

from benchmarks import search_quality, synthetic
from benchmarks.competitors import COMPETITORS
from benchmarks.tables import Table
from service.sampling.encoding.base import Answers
from service.sampling.encoding.dense_cell import DenseCell
from service.sampling.encoding.one_hot import OneHot

EDGES = ("0->1", "0->2", "1->2")
NONE, SKIP, CONV = range(3)


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


def test_the_help_says_what_each_option_is_and_names_arrays_samplers_and_problems(tmp_path: Path) -> None:
    files = written(tmp_path, np.zeros((1, 3), dtype=int))
    told = run(files, "--help").stdout
    for option in told.partition("\noptions:\n")[2].split("\n  -")[1:]:
        flags, *words = re.split(r"\s{2,}", option.strip(), maxsplit=1)
        assert words, f"-{flags}"
    arrays = [name for file in files for name in np.load(file).files]
    names = [*COMPETITORS, *search_quality.PROBLEMS]
    assert not [name for name in arrays if f"`{name}`" not in told]
    assert not [name for name in names if not re.search(rf"[\s,]{name}[\s,]", told)]


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
    answers = every(3)[every(3)[:, 1] == CONV]
    files = written(tmp_path, answers)
    flags = ("--seeds", "1", "--trials", "20", "--samplers", "default,random", "--problems", "a,b,d")
    run(files, *flags).check_returncode()
    figures = found(files)["figures"]
    for sampler in ("default", "random"):
        assert figures[f"{sampler}.test_accuracy.20"] <= 92 + answers.sum(1).max()
        assert 0 <= figures[f"{sampler}.hypervolume_share.20.phone"] <= 1
        assert figures[f"{sampler}.feasible_share.20.phone"] <= 0.5  # ten of fifteen functions are not in the table


SLOW, FAST, OWN, OTHER = [CONV, CONV, NONE], [SKIP, CONV, NONE], [NONE, CONV, NONE], [SKIP, SKIP, SKIP]


def test_a_cell_that_is_missing_is_answered_by_one_of_the_same_simplest_form(tmp_path: Path) -> None:
    table = Table(*written(tmp_path, np.array([SLOW, FAST, OTHER])))
    for problem in (table.accuracy(), table.without_noise("phone", 10), table.without_noise("phone", 10, 50)):
        assert [problem.row(tuple(cell)) for cell in (SLOW, FAST, OTHER)] == [0, 1, 2]
        assert problem.row((NONE, CONV, NONE)) == problem.row((NONE, CONV, SKIP)) == 0
        assert problem.row((NONE, SKIP, NONE)) is None
    assert table.without_noise("phone", 10).losses[:, 1].tolist() == [4, 4, 4]  # no dead edge makes a cell faster
    raw = table.raw("phone", 10)
    assert raw.row((NONE, CONV, NONE)) is None
    assert raw.losses[:, 1].tolist() == [5, 4, 4]


def test_the_simplest_form_itself_answers_where_it_is_there(tmp_path: Path) -> None:
    table = Table(*written(tmp_path, np.array([SLOW, OWN, OTHER])))
    assert table.accuracy().row((SKIP, CONV, NONE)) == 1
    assert table.without_noise("phone", 10).losses[:, 1].tolist() == [3, 3, 4]


def test_every_function_of_a_table_can_be_found_by_its_simplest_form(tmp_path: Path) -> None:
    answers = every(6)[np.random.default_rng(0).permutation(729)[:300]]
    edges = ("0->1", "0->2", "1->2", "0->3", "1->3", "2->3")
    times = np.random.default_rng(1).random((300, 1))
    cell = DenseCell({edge: (int(edge[0]), int(edge[-1])) for edge in edges}, 3, NONE, SKIP)
    table = Table(*written(tmp_path, answers, edges, functional_class=cell.functions(answers), latency_ms=times))
    for problem in (table.without_noise("phone", 10), table.without_noise("phone", 10, 25)):
        rows = [problem.row(tuple(form)) for form in table.encoding.simplest(every(6)).tolist()]
        assert problem.share([row for row in rows if row is not None]) == pytest.approx(1)


def test_a_cell_is_missing_from_what_needs_an_accuracy_that_it_lacks(tmp_path: Path) -> None:
    answers = np.array([OTHER, OWN, [CONV, CONV, CONV], [CONV, SKIP, CONV]])
    validation, test = [94.0, 95, np.nan, 93], [93.0, 91, 96, np.nan]
    table = Table(
        *written(tmp_path, answers, val_acc_200=validation, test_acc_200=test, functional_class=[7, 5, 5, -2])
    )
    assert [table.accuracy().row(tuple(row)) for row in answers.tolist()] == [0, 1, None, None]
    assert [table.raw("phone", 10).row(tuple(row)) for row in answers.tolist()] == [0, 1, 2, None]
    without_noise = table.without_noise("phone", 10)
    assert [without_noise.row(tuple(row)) for row in answers.tolist()] == [0, 1, 2, None]
    assert without_noise.losses[:3, 0].tolist() == [7, 6.5, 6.5]
    assert without_noise.share([0, 1, 2]) == pytest.approx(1)


def test_a_mean_is_of_those_of_a_class_whose_accuracy_is_told(tmp_path: Path) -> None:
    test = [90.0, np.nan, 94, 91]
    answers = np.array([OTHER, OWN, [CONV, CONV, CONV], [CONV, SKIP, CONV]])
    table = Table(*written(tmp_path, answers, test_acc_200=test, functional_class=[1, 1, 1, 0]))
    assert table.without_noise("phone", 20).losses[:, 0].tolist() == [8, 8, 8, 9]


def test_a_cell_is_missing_on_the_device_that_it_was_not_timed_on(tmp_path: Path) -> None:
    answers = np.array([SLOW, OWN, OTHER, [CONV, CONV, CONV]])
    times = np.array([[6, 6], [2, np.nan], [3, 3], [9, np.nan]])
    table = Table(*written(tmp_path, answers, device_names=["phone", "dev.board"], latency_ms=times))
    assert table.without_noise("phone", 10).losses[:, 1].tolist() == [2, 2, 3, 9]
    board = table.without_noise("dev.board", 10, 25)
    assert board.losses[:3, 1].tolist() == [6, 6, 3]
    assert board.row((CONV, CONV, CONV)) is None
    assert board.share([2]) == pytest.approx(1)
    assert [table.raw("dev.board", 10).row(tuple(row)) for row in answers.tolist()] == [0, None, 2, None]


def test_a_cell_that_is_there_twice_is_what_it_is_at_first(tmp_path: Path) -> None:
    answers, accuracy, times = np.array([OTHER, OWN, OWN]), [93.0, 94, 99], np.array([[3], [2], [1]])
    files = written(
        tmp_path, answers, val_acc_200=accuracy, test_acc_200=accuracy, latency_ms=times, functional_class=[0, 1, 1]
    )
    table = Table(*files)
    assert np.nanmin(table.accuracy().losses) == -94
    assert table.accuracy().row(tuple(OWN)) == 1
    for problem in (table.raw("phone", 10), table.without_noise("phone", 10)):
        row = problem.row(tuple(OWN))
        assert row is not None
        assert problem.losses[row].tolist() == [6, 2]
        assert problem.share([0, row]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("limit_percentile", "other", "reason"),
    [
        (25, {"latency_ms": [[np.nan]] * 3}, "both a test accuracy and a latency"),
        (25, {"test_acc_200": [np.nan] * 3}, "both a test accuracy and a latency"),
        (None, {"test_acc_200": [50.0] * 3}, "no cell has an error below 10 %"),
        (None, {"latency_ms": [[0.0]] * 3}, "took 0 ms; latencies are above 0"),
        (25, {"test_acc_200": [95.0, 50, 50], "latency_ms": [[9.0], [1], [1]]}, "no cell of the fastest 25 % has"),
    ],
)
def test_a_problem_that_no_cell_is_left_of_is_refused(
    tmp_path: Path, limit_percentile: float | None, other: dict[str, Any], reason: str
) -> None:
    table = Table(*written(tmp_path, np.array([OTHER, OWN, [CONV, CONV, CONV]]), **other))
    with pytest.raises(ValueError, match=reason):
        table.without_noise("phone", 10, limit_percentile)


def test_tables_of_other_cells_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="27 cells were trained, but 26 timed on phone"):
        Table(*written(tmp_path, every(3), latency_ms=np.ones((26, 1))))


def test_the_best_cell_is_the_best_of_those_whose_accuracy_is_told(tmp_path: Path) -> None:
    accuracy = np.where((every(3) == CONV).all(1), np.nan, 92.0 + every(3).sum(1))
    files = written(tmp_path, every(3), val_acc_200=accuracy)
    run(files, "--seeds", "1", "--trials", "20", "--samplers", "random", "--problems", "a,b").check_returncode()
    assert found(files)["figures"]["random.best_found.20"] == 1
    assert found(files)["figures"]["random.test_accuracy.20"] == 97


def test_who_finds_no_cell_of_the_table_has_not_found_the_best(tmp_path: Path) -> None:
    edges = ("0->1", "0->2", "1->2", "0->3", "1->3", "2->3")
    files = written(tmp_path, every(6)[-1:], edges)
    run(files, "--seeds", "1", "--trials", "20", "--samplers", "random", "--problems", "a").check_returncode()
    assert found(files)["figures"]["random.best_found.20"] == 0
    assert "random.test_accuracy.20" not in found(files)["figures"]


def test_the_last_trial_is_reported_and_the_names_end_with_the_device_even_with_dots_in_it(tmp_path: Path) -> None:
    files = written(tmp_path, every(3), device_names=["dev.board"])
    run(files, "--seeds", "2", "--trials", "25", "--samplers", "random", "--problems", "a,b,d").check_returncode()
    figures = found(files)["figures"]
    for quantity in ("test_accuracy", "best_found"):
        assert {f"random.{quantity}{end}.{trials}" for end in ("", "_ci95") for trials in (20, 25)} <= figures.keys()
    for quantity in ("hypervolume_share", "reached_99", "hypervolume_share_limited", "feasible_share"):
        for end, trials in itertools.product(("", "_ci95"), (20, 25)):
            assert f"random.{quantity}{end}.{trials}.dev.board" in figures
    assert figures["random.hypervolume_share.25.dev.board"] == 1  # there are fifteen functions


def test_fewer_trials_than_the_first_checkpoint_are_reported_too(tmp_path: Path) -> None:
    files = written(tmp_path, every(3))
    flags = ("--seeds", "1", "--trials", "3", "--samplers", "random", "--problems", "a,b,c,d,synthetic")
    run(files, *flags).check_returncode()
    assert {
        "random.best_found.3",
        "random.hypervolume_share.3.phone",
        "random.hypervolume_share_raw.3.phone",
        "random.hypervolume_share_limited.3.phone",
        "random.synthetic_regret.3",
    } <= found(files)["figures"].keys()


def test_a_slow_sampler_has_the_seeds_of_the_others_and_the_details_say_so(tmp_path: Path) -> None:
    files = written(tmp_path, every(3))
    flags = ("--seeds", "3", "--trials", "2", "--samplers", "random,gp", "--problems", "a")
    run(files, *flags).check_returncode()
    assert "gp.best_found_ci95.2" in found(files)["figures"]
    told = {"seeds": 3, "trials": 2, "slow_samplers": ["gp"], "slow_seeds": 3, "slow_trials": 2}
    assert found(files)["details"] == told | {"reference_error": 10}
    run(files, *flags, "--slow-seeds", "1", "--slow-trials", "1").check_returncode()
    assert {"gp.best_found.1", "random.best_found_ci95.2"} <= found(files)["figures"].keys()
    assert "gp.best_found_ci95.1" not in found(files)["figures"]
    assert found(files)["details"] == told | {"reference_error": 10, "slow_seeds": 1, "slow_trials": 1}


def test_a_slow_sampler_is_given_a_hundred_trials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    accuracy, latency = map(str, written(tmp_path, every(3)))
    monkeypatch.setattr(sys, "argv", ["search_quality", "--accuracy", accuracy, "--latency", latency])
    options = search_quality._options()
    assert (options.slow_seeds, options.slow_trials) == (30, 100)


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (("--device", "nosuch"), "unknown device nosuch; there are phone"),
        (("--problems", "a,bc"), "unknown problem bc; there are a, b, c, d, synthetic"),
        (("--samplers", "random,nosuch"), "unknown sampler nosuch; there are default,"),
        (("--reference-error", "0.5"), "no cell has an error below 0.5 %"),
        (("--seeds", "0"), "0 is no number from 1 on"),
        (("--trials", "-5"), "-5 is no number from 1 on"),
        (("--accuracy", "nosuch.npz"), "No such file or directory: 'nosuch.npz'"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(tmp_path: Path, flags: tuple[str, ...], reason: str) -> None:
    said = run(written(tmp_path, every(3)), "--samplers", "random", "--trials", "1", *flags)
    assert said.returncode == 2
    assert f"error: {reason}" in said.stderr.replace(f"argument {flags[0]}: ", "").replace("[Errno 2] ", "")


def test_what_is_named_twice_is_run_once(tmp_path: Path) -> None:
    files = written(tmp_path, every(3))
    flags = ("--seeds", "1", "--trials", "20", "--samplers", "random,random", "--problems", "b,b")
    run(files, *flags, "--device", "phone", "--device", "phone").check_returncode()
    assert "random.hypervolume_share_ci95.20.phone" not in found(files)["figures"]


def test_the_far_larger_space_needs_no_table(tmp_path: Path) -> None:
    files = tmp_path / "nosuch.npz", tmp_path / "neither.npz"
    flags = ("--seeds", "1", "--trials", "1", "--samplers", "random", "--problems", "synthetic")
    run(files, *flags).check_returncode()
    assert found(files)["figures"]["random.synthetic_regret.1"] > 0


def test_no_single_change_makes_the_optimum_better_and_few_leave_it_as_good() -> None:
    best = synthetic.optimum()
    assert synthetic.loss(best, noisy=False) == 0
    as_good = set()
    for decision in synthetic.SPACE.decisions:
        for choice in set(range(len(decision.choices))) - {best[decision.name]}:
            loss = synthetic.loss(best | {decision.name: choice}, noisy=False)
            assert loss == 0 or loss > 0.005
            if loss == 0:
                as_good.add(decision.name.split(".", 1)[1])
    # how a node combines does not matter, nor from which of the two inputs the first node reads
    assert as_good == {"2.first.source", "2.second.source", *(f"{node}.combine" for node in range(2, 7))}


@pytest.mark.parametrize("cell", ["normal", "reduction"])
@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"6.first.source": 4}, 1 / 5),  # depth: four of five nodes are in a row
        ({"4.first.source": 1}, 2 / 5),
        ({"4.second.source": 0}, 1 / 5),  # wiring: one of five nodes does not read the newest input
        ({"3.second.source": 0, "4.second.source": 0}, 2 / 5),
    ],
)
def test_depth_and_wiring_matter_as_much_as_is_said(cell: str, change: dict[str, int], part: float) -> None:
    changed = {f"{cell}.{name}": source for name, source in change.items()}
    loss = synthetic.loss(synthetic.optimum() | changed, noisy=False)
    assert loss == pytest.approx(part / 6)  # one of three parts, in one of two cells


@pytest.mark.parametrize("far", [{"normal.3.first.operator": 8}, {"reduction.6.second.operator": 2}])
def test_an_operator_unlike_the_best_on_one_of_ten_edges_matters_as_much_as_is_said(far: dict[str, int]) -> None:
    assert synthetic.loss(synthetic.optimum() | far, noisy=False) == pytest.approx(1 / 10 / 6)


def test_the_noise_of_the_task_is_the_same_for_the_same_cell_and_as_great_as_it_is_said() -> None:
    rng = np.random.default_rng(0)
    noise = []
    for _ in range(300):
        drawn = {decision.name: int(rng.integers(len(decision.choices))) for decision in synthetic.SPACE.decisions}
        assert synthetic.loss(drawn) == synthetic.loss(drawn)
        noise.append(synthetic.loss(drawn) - synthetic.loss(drawn, noisy=False))
    assert np.std(noise) == pytest.approx(synthetic.NOISE, rel=0.2)
