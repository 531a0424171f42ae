"""The commands against a running service."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from rich.console import Console
from typer.testing import CliRunner

from cellsmith import __version__
from cellsmith.cli import app
from cellsmith.client import Client
from cellsmith.results import Job
from cellsmith.watch import view
from service.domain.job import JobState
from service.ports import UnitOfWork
from tests.client.conftest import Cellsmith
from tests.recorded import FRONT, SEARCH, WEIGHTS, evaluated, record

CLIENT = Path(__file__).parents[2] / "client"


@pytest.fixture
def searched(cellsmith: Cellsmith, work: UnitOfWork) -> None:
    cellsmith("submit", "--dataset", "digits", "--trials", "6", "--name", "first")
    record(work)


def test_a_search_is_asked_for_by_options(cellsmith: Cellsmith) -> None:
    result = cellsmith("submit", "--dataset", "digits", "--trials", "7", "--workers", "1", "--seed", "3", "--json")
    job = json.loads(result.stdout)
    assert (result.exit_code, job["state"]) == (0, "queued")
    assert (job["spec"]["budget"]["trials"], job["spec"]["resources"]["workers"], job["spec"]["seed"]) == (7, 1, 3)


def test_a_search_is_asked_for_by_a_file_and_options_go_before_it(cellsmith: Cellsmith, tmp_path: Path) -> None:
    file = tmp_path / "job.json"
    file.write_text(json.dumps({"dataset": "digits", "name": "from a file", "budget": {"trials": 9, "seconds": 60}}))
    spec = json.loads(cellsmith("submit", str(file), "--trials", "5", "--json").stdout)["spec"]
    assert (spec["name"], spec["budget"]["trials"], spec["budget"]["seconds"]) == ("from a file", 5, 60)


def test_a_limit_a_device_and_the_length_of_a_training_are_options(cellsmith: Cellsmith, tmp_path: Path) -> None:
    options = ("--max-latency-ms", "20", "--device", "local", "--epochs", "7", "--json")
    spec = json.loads(cellsmith("submit", "--dataset", "digits", *options).stdout)["spec"]
    latency = {"metric": "latency_ms", "device": "local", "limit": 20}
    assert (spec["objectives"][1], spec["training"]["epochs"]) == (latency, 7)
    assert [objective["metric"] for objective in spec["objectives"]] == ["accuracy", "latency_ms"]

    file = tmp_path / "job.json"
    of_size = [{"metric": "params"}, {"metric": "latency_ms", "limit": 50}, {"metric": "accuracy"}]
    file.write_text(json.dumps({"dataset": "digits", "objectives": of_size}))
    spec = json.loads(cellsmith("submit", str(file), "--max-latency-ms", "30", "--json").stdout)["spec"]
    assert [objective.get("limit") for objective in spec["objectives"]] == [None, 30, None]


def test_a_limit_that_is_no_number_is_refused_in_a_line(cellsmith: Cellsmith) -> None:
    result = cellsmith("submit", "--dataset", "digits", "--max-latency-ms", "nan")
    assert (result.exit_code, result.stderr) == (
        2,
        "cellsmith: --max-latency-ms is a number of milliseconds, such as 3, not nan.\n",
    )


def test_a_search_is_asked_for_on_standard_input(cellsmith: Cellsmith) -> None:
    result = cellsmith("submit", "-", stdin='{"dataset": "digits"}')
    first, *forecast = result.stdout.splitlines()
    assert (result.exit_code, first) == (0, "Job 1 is queued. Follow it with: cellsmith watch 1")
    assert forecast[0].startswith("The space holds ")
    assert forecast[-1].startswith("How long it takes is not known")


def test_a_forecast_asks_for_nothing(cellsmith: Cellsmith) -> None:
    lines = cellsmith("submit", "--dataset", "digits", "--forecast").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["The", "parameters:", "multiply-accumulates:", "memory:", "How"]
    told = json.loads(cellsmith("submit", "--dataset", "digits", "--forecast", "--json").stdout)
    assert told["time"]["basis"] == "unknown"
    assert cellsmith("jobs").exit_code == 1


def test_what_was_recorded_tells_how_long_the_next_search_takes(cellsmith: Cellsmith, searched: None) -> None:
    *_, time = cellsmith("submit", "--dataset", "digits", "--trials", "6").stdout.splitlines()
    assert time.startswith("With 2 workers it takes about 0:")
    assert time.endswith("ends when its trials are spent, by 5 recorded trainings of this data set in this skeleton.")


def test_a_search_may_begin_with_the_front_of_another(cellsmith: Cellsmith, searched: None) -> None:
    spec = json.loads(cellsmith("submit", "--dataset", "digits", "--reuse", "1", "--json").stdout)["spec"]
    assert (spec["reuse"], len(spec["seed_with"])) == (1, len(FRONT))


def test_the_status_tells_how_far_a_search_is_and_what_it_has_saved(cellsmith: Cellsmith, searched: None) -> None:
    told = cellsmith("status", "1")
    assert "6/6 trials" in told.stdout
    assert "not trained: evaluations that the record had 0   cells that miss a limit 0" in told.stdout
    assert json.loads(cellsmith("status", "1", "--json").stdout)["progress"]["reused_evaluations"] == 0


@pytest.mark.parametrize("job", ["{", "[]", '{"seed": NaN}', '{"seed": 1}', '{"a":' * 9999, "[" * 9999])
def test_a_file_that_holds_no_job_is_wrong_usage(cellsmith: Cellsmith, job: str) -> None:
    result = cellsmith("submit", "-", stdin=job)
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("seconds", ["nan", "inf", "-inf"])
def test_a_budget_of_no_number_of_seconds_is_wrong_usage(cellsmith: Cellsmith, seconds: str) -> None:
    result = cellsmith("submit", "--dataset", "digits", f"--seconds={seconds}")
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1


def test_a_refusal_is_one_line_and_an_exit_code(cellsmith: Cellsmith) -> None:
    result = cellsmith("submit", "--dataset", "mine")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "digits" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", [["jobs"], ["front", "1"], ["watch", "1"], ["cancel", "1"], ["code", "00"]])
def test_a_service_that_does_not_answer_has_an_exit_code_of_its_own(free_url: str, command: list[str]) -> None:
    from cellsmith import client, watch

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "FIRST_PAUSE_S", 0.0)
        patch.setattr(watch, "PATIENCE_S", 0.0)
        patch.setattr(watch, "INTERVAL_S", 0.0)
        result = CliRunner().invoke(app, [*command, "--url", free_url])
    assert result.exit_code == 4
    assert free_url in result.stderr


def test_the_jobs_are_listed_newest_first(cellsmith: Cellsmith, searched: None) -> None:
    cellsmith("submit", "--dataset", "digits")
    lines = cellsmith("jobs").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["job", "2", "1"]
    assert [job["id"] for job in json.loads(cellsmith("jobs", "--json", "--limit", "1").stdout)] == [2]


def test_no_jobs_at_all_is_nothing_found(cellsmith: Cellsmith) -> None:
    assert cellsmith("jobs").exit_code == 1


def test_a_front_is_a_table_with_the_knee_marked(cellsmith: Cellsmith, searched: None) -> None:
    result = cellsmith("front", "1")
    heading, *rows = result.stdout.splitlines()[:4]
    assert heading.split() == ["trial", "accuracy", "latency", "ms", "(95", "%)", "params", "MACs", "key"]
    assert [int(row.removeprefix("*").split()[0]) for row in rows] == FRONT
    assert [row.startswith("*") for row in rows] == [False, True, False]
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_a_front_has_a_column_of_memory_where_it_is_an_objective(cellsmith: Cellsmith, work: UnitOfWork) -> None:
    objectives = [{"metric": "accuracy"}, {"metric": "params"}, {"metric": "peak_memory_mb"}]
    cellsmith("submit", "-", stdin=json.dumps({"dataset": "digits", "objectives": objectives}))
    record(work, [replace(evaluated(0.97, 12.0, params=90_000), peak_memory_bytes=95_600)])
    heading, row = cellsmith("front", "1").stdout.splitlines()
    assert heading.split()[-4:] == ["MACs", "memory", "MB", "key"]
    assert row.split()[-3:-1] == ["900k", "0.0956"]
    assert len(row.rstrip()) <= 80


def test_a_hypervolume_is_for_programs(cellsmith: Cellsmith, searched: None) -> None:
    assert "ypervolume" not in cellsmith("front", "1").stdout
    assert json.loads(cellsmith("front", "1", "--json").stdout)["hypervolume"]["value"] > 0


def test_a_front_can_be_narrowed_to_fast_cells(cellsmith: Cellsmith, searched: None) -> None:
    narrowed = json.loads(cellsmith("front", "1", "--max-latency-ms", "1.1", "--json").stdout)
    assert [point["number"] for point in narrowed["points"]] == [0]
    told = cellsmith("front", "1", "--max-latency-ms", "0.01")
    assert (told.exit_code, told.stderr) == (
        1,
        "cellsmith: Of the fully trained cells of this job that keep every limit, none takes 0.01 ms or less; "
        "the fastest takes 1 ms.\n",
    )


def test_an_empty_front_is_an_answer_for_a_program(cellsmith: Cellsmith, searched: None) -> None:
    told = cellsmith("front", "1", "--max-latency-ms", "0.01", "--json")
    assert (told.exit_code, told.stderr) == (0, "")
    assert json.loads(told.stdout)["points"] == []


def test_the_fastest_that_is_advised_finds_a_cell(cellsmith: Cellsmith, work: UnitOfWork) -> None:
    cellsmith("submit", "--dataset", "digits")
    record(work, [evaluated(0.9, 1.23449)])
    told = cellsmith("front", "1", "--max-latency-ms", "1.234").stderr
    assert told.endswith("none takes 1.234 ms or less; the fastest takes 1.235 ms.\n")
    assert cellsmith("front", "1", "--max-latency-ms", "1.235").exit_code == 0


def test_a_job_that_has_no_cell_yet_has_none_that_is_fast(cellsmith: Cellsmith) -> None:
    cellsmith("submit", "--dataset", "digits")
    told = cellsmith("front", "1", "--max-latency-ms", "0.01").stderr
    assert told == "cellsmith: No cell of this job is fully trained and keeps every limit.\n"


def test_watching_prints_a_line_a_change_and_then_the_front(cellsmith: Cellsmith, work: UnitOfWork, url: str) -> None:
    cellsmith("submit", "--dataset", "digits", "--trials", "6")
    command = [sys.executable, "-m", "cellsmith", "watch", "1", "--url", url]
    environment = {"PYTHONPATH": str(CLIENT), "COLUMNS": "80", "NO_COLOR": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        first = watching.stdout.readline()
        record(work)  # not before the queued job has been shown
        lines = watching.stdout.read().splitlines()
    assert watching.returncode == 0
    assert first.startswith("job 1 queued  0/6 trials  best -  front 0")
    assert any(line.startswith("job 1 done  6/6 trials  best 97.0 %  front 3  1 failed") for line in lines)
    assert len(lines) == len(set(lines))
    assert any("latency ms (95 %)" in line for line in lines)


def test_what_the_service_tells_of_a_job_is_shown(cellsmith: Cellsmith, searched: None, work: UnitOfWork) -> None:
    told = "The budget of 60 s was spent after 2 of 40 trials."
    cellsmith("submit", "--dataset", "digits")
    record(work, SEARCH[:2], message=told)
    assert told in cellsmith("watch", "2").stdout
    assert cellsmith("jobs").stdout.splitlines()[-1] == f"Job 2: {told}"


def test_a_live_view_shows_what_the_service_tells_of_an_ended_job(cellsmith: Cellsmith, url: str) -> None:
    cellsmith("submit", "--dataset", "digits")
    with Client(url) as client:
        job = client.job(1)
    console = Console(width=80)
    for state, shown in [("queued", False), ("done", True)]:
        with console.capture() as capture:
            console.print(view(cast(Job, job | {"state": state, "message": "It is spent."})))
        assert ("It is spent." in capture.get()) == shown


def test_watching_for_a_program_prints_a_json_object_a_change(cellsmith: Cellsmith, searched: None) -> None:
    (line,) = cellsmith("watch", "1", "--json").stdout.splitlines()
    assert json.loads(line)["state"] == "done"


def test_watching_a_job_that_failed_tells_so(cellsmith: Cellsmith, work: UnitOfWork) -> None:
    cellsmith("submit", "--dataset", "digits")
    record(work, state=JobState.FAILED)
    result = cellsmith("watch", "1")
    assert result.exit_code == 1
    assert "Job 1 is failed." in result.stderr


def test_an_export_is_a_folder(cellsmith: Cellsmith, searched: None, tmp_path: Path) -> None:
    folder = tmp_path / "taken" / "away"
    result = cellsmith("export", "1", "3", "-o", str(folder), "--json")
    assert result.exit_code == 0
    assert sorted(file.name for file in folder.iterdir()) == json.loads(result.stdout)["files"]
    assert (folder / "weights.safetensors").read_bytes() == WEIGHTS["inference"]


def test_an_export_replaces_no_file_unless_told_to(cellsmith: Cellsmith, searched: None, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    assert cellsmith("export", "1", "3", "-o", str(tmp_path)).exit_code == 2
    assert [file.name for file in tmp_path.glob("*.md")] == ["README.md"]
    assert (tmp_path / "README.md").read_text() == "mine"
    assert cellsmith("export", "1", "3", "-o", str(tmp_path), "--force").exit_code == 0
    assert (tmp_path / "README.md").read_text() != "mine"


def test_a_trial_without_weights_cannot_be_exported(cellsmith: Cellsmith, searched: None, tmp_path: Path) -> None:
    assert cellsmith("export", "1", "1", "-o", str(tmp_path / "away")).exit_code == 3
    assert not (tmp_path / "away").exists()


def test_a_job_can_be_moved(cellsmith: Cellsmith) -> None:
    cellsmith("submit", "--dataset", "digits")
    told = [cellsmith(move, "1").stdout for move in ("pause", "resume", "cancel")]
    assert told == ["Job 1 is paused.\n", "Job 1 is queued.\n", "Job 1 is cancelled.\n"]
    assert cellsmith("resume", "1").exit_code == 3


def test_code_is_printed_as_it_is(cellsmith: Cellsmith, searched: None) -> None:
    key = json.loads(cellsmith("front", "1", "--json").stdout)["points"][0]["key"]
    result = cellsmith("code", key, "--dataset", "digits", "--channels", "8")
    assert result.exit_code == 0
    compile(result.stdout, "model.py", "exec")
    assert json.loads(cellsmith("code", key, "--dataset", "digits", "--channels", "8", "--json").stdout) == {
        "key": key,
        "params": 14_940,
        "macs": 322_912,
        "inference_params": 14_524,
        "inference_macs": 322_912,
        "auxiliary": None,
        "predicted_latency": None,
        "code": result.stdout,
    }


def test_the_code_of_a_published_cell_is_had_by_its_name(cellsmith: Cellsmith) -> None:
    result = cellsmith("code", "nasnet-a", "--dataset", "digits")
    assert result.exit_code == 0
    compile(result.stdout, "model.py", "exec")


def test_the_device_of_a_prediction_can_be_named(cellsmith: Cellsmith) -> None:
    assert "too few networks were measured on local" in cellsmith("code", "nasnet-a", "--device", "local").stdout
    refused = cellsmith("code", "nasnet-a", "--device", "phone")
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert "phone" in refused.stderr


@pytest.mark.parametrize("key", ["../jobs", "a?b#c", "Mine"])
def test_a_key_that_is_none_is_refused_in_one_line(cellsmith: Cellsmith, key: str) -> None:
    result = cellsmith("code", key)
    assert (result.exit_code, result.stdout) == (3, "")
    assert len(result.stderr.splitlines()) == 1


def test_an_input_that_is_none_is_told_what_one_looks_like(cellsmith: Cellsmith, searched: None) -> None:
    result = cellsmith("code", "abc", "--input", "x")
    assert result.exit_code == 3
    assert "C,H,W, such as 3,224,224" in result.stderr


def test_the_version_is_told(cellsmith: Cellsmith) -> None:
    result = cellsmith("--version")
    assert (result.exit_code, result.stdout) == (0, f"cellsmith {__version__}\n")


def test_a_genotype_that_is_text_is_told_of_its_format(cellsmith: Cellsmith, tmp_path: Path) -> None:
    file = tmp_path / "cell.txt"
    file.write_text("|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|")
    result = cellsmith("register", str(file))
    assert result.exit_code == 2
    assert "is no JSON" in result.stderr
    assert "needs its --format: darts or nas-bench-201" in result.stderr
    assert cellsmith("register", str(file), "--format", "nas-bench-201").exit_code == 0


@pytest.mark.parametrize("command", ["submit", "register"])
@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("{", "cellsmith: standard input is no JSON: "),
        ("[]", "cellsmith: standard input holds no JSON object.\n"),
        ('{"seed": NaN}', "cellsmith: Cannot read standard input: "),
        ("[" * 100_000, "cellsmith: Cannot read standard input: "),
    ],
)
def test_what_is_no_job_on_standard_input_is_not_called_a_file(
    cellsmith: Cellsmith, command: str, given: str, told: str
) -> None:
    result = cellsmith(command, "-", stdin=given)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(told)


@pytest.mark.parametrize("command", [("submit",), ("register",), ("register", "--format", "darts")])
def test_a_file_that_is_not_there_is_named_in_a_line(
    cellsmith: Cellsmith, tmp_path: Path, command: tuple[str, ...]
) -> None:
    missing = cellsmith(*command, str(tmp_path / "no.json"))
    assert (missing.exit_code, missing.stderr) == (2, f"cellsmith: There is no file {tmp_path / 'no.json'}.\n")
    folder = cellsmith(*command, str(tmp_path))
    assert (folder.exit_code, folder.stderr) == (2, f"cellsmith: Cannot read {tmp_path}: Is a directory.\n")
