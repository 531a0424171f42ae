"""The commands about cells of all jobs, and of elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from search_space.published import published
from service.ports import UnitOfWork
from tests.client.conftest import Cellsmith
from tests.recorded import FAILED, evaluated, record

NAS_BENCH_201 = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|skip_connect~0|nor_conv_1x1~1|avg_pool_3x3~2|"


def test_the_best_of_all_jobs_are_listed_with_their_origin(cellsmith: Cellsmith, work: UnitOfWork) -> None:
    for _ in range(2):
        cellsmith("submit", "--dataset", "digits", "--trials", "6")
        record(work)
    shown = cellsmith("best", "digits", "--limit", "2")
    assert shown.exit_code == 0
    assert [line.split()[:3] for line in shown.stdout.splitlines()[1:]] == [["1", "4", "97.0"], ["1", "3", "96.0"]]
    assert len(json.loads(cellsmith("best", "digits", "--json").stdout)) == 4
    assert cellsmith("best", "fashion_mnist").exit_code == 1
    unknown = cellsmith("best", "digits", "--device", "phone")
    assert (unknown.exit_code, "use one of local" in unknown.stderr) == (3, True)
    assert cellsmith("best", "mine").exit_code == 3


def test_the_best_are_listed_with_the_epochs_that_each_was_trained_for(cellsmith: Cellsmith, work: UnitOfWork) -> None:
    cellsmith("submit", "--dataset", "digits")
    record(work, [evaluated(0.852, 1.0)])
    cellsmith("submit", "--dataset", "digits", "--epochs", "1")
    record(work, [FAILED, evaluated(0.448, 1.0, fidelity=1)])  # another cell: each is listed once
    heading, *rows = cellsmith("best", "digits").stdout.splitlines()
    assert heading.split()[:4] == ["job", "trial", "accuracy", "epochs"]
    assert [row.split()[:5] for row in rows] == [["1", "0", "85.2", "%", "6"], ["2", "1", "44.8", "%", "1"]]
    assert max(map(len, rows)) <= 80


def test_a_script_is_printed_as_it_is(cellsmith: Cellsmith) -> None:
    text = (Path(__file__).parents[2] / "search_space/scripts/train.py").read_text()
    assert cellsmith("script", "train.py").stdout == text
    assert json.loads(cellsmith("script", "train.py", "--json").stdout)["text"] == text
    assert cellsmith("script", "evil.py").exit_code == 3


def test_a_cell_of_elsewhere_is_registered_and_a_job_begins_with_it(cellsmith: Cellsmith, tmp_path: Path) -> None:
    file = tmp_path / "cell.txt"
    file.write_text(NAS_BENCH_201)
    key = json.loads(cellsmith("register", str(file), "--format", "nas-bench-201", "--json").stdout)["key"]
    made = cellsmith("submit", "--dataset", "digits", "--seed-with", key, "--seed-with", "enas", "--json")
    assert json.loads(made.stdout)["spec"]["seed_with"][0] == key
    assert cellsmith("register", str(file), "--format", "keras").exit_code == 2
    assert cellsmith("register", str(tmp_path / "nothing"), "--format", "darts").exit_code == 2


@pytest.mark.parametrize(
    ("found_on", "submit"), [({}, "digits"), ({"dataset": "waves"}, "waves"), ({"dataset": "a; b"}, "'a; b'")]
)
def test_a_cell_is_evaluated_on_the_data_set_that_its_config_names(
    cellsmith: Cellsmith, tmp_path: Path, found_on: dict[str, str], submit: str
) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"genotype": json.loads(published["enas"].to_json()), **found_on}))
    told = cellsmith("register", str(file)).stdout
    assert told.startswith(f"Registered. To evaluate it: cellsmith submit --dataset {submit} --seed-with ")
