"""Data sets of one's own: from an archive to a job, without code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest

from api.schemas.job_create import JobCreate
from service.domain.errors import Conflict, Invalid
from service.domain.spec_data import spec_from_data, spec_to_data
from service.store.memory import MemoryUnitOfWork
from service.usecases.datasets import dataset_of
from service.usecases.jobs import checked
from service.wiring import search_data
from workers.data.archive import Unsuitable
from workers.data.catalogue import DATASETS
from workers.data.load import DatasetAbsent, load
from workers.data.register import main, register
from workers.data.registered import datasets
from workers.data.save import save
from workers.data.splits import split
from workers.evaluate import evaluate
from workers.messages import Evaluated, EvaluationRequest, Recipe

ROOT = Path(__file__).parents[3]
TOLD = {1: "signals of size 8, 2 channels", 2: "images of size 8 x 8, 2 channels", 3: "volumes of size 8 x 8 x 8"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CELLSMITH_DATA", str(tmp_path))
    return tmp_path


def arrays(axes: int = 1, count: int = 60) -> dict[str, Any]:
    """Noise that is louder in one of three classes than in the next, around 40."""
    y = np.arange(count) % 3
    loud = (1 + 2 * y).reshape(-1, *[1] * (axes + 1))
    x = 40 + loud * np.random.default_rng(0).standard_normal((count, 2, *[8] * axes))
    return {"x": x, "y": np.array(["low", "middle", "high"])[y]}


def put(folder: Path, name: str = "mine", **given: Any) -> Path:
    np.savez(folder / f"{name}.npz", **given)
    return folder / f"{name}.npz"


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_a_job_on_data_of_ones_own_is_trained_and_measured(axes: int, folder: Path) -> None:
    put(folder, **arrays(axes))
    dataset = register("mine", folder)
    assert dataset.summary.startswith(f"60 {TOLD[axes]}")
    asked: dict[str, Any] = {"dataset": "mine", "skeleton": {"channels": 4, "stages": 2}}
    spec = JobCreate.model_validate(asked).to_spec()
    assert (spec.skeleton.input_shape, spec.skeleton.classes) == ((2, *[8] * axes), 3)
    request = EvaluationRequest(
        genotype=spec.space.sample(Random(0)),
        skeleton=spec.skeleton,
        dataset=spec.dataset,
        recipe=Recipe(epochs=4, batch_size=8),
        seed=0,
        fidelities=(4,),
    )
    (report,) = evaluate(request, split(load("mine"), 0).search)
    assert isinstance(report, Evaluated), report
    assert report.images == dataset.validation_images == 12


def test_items_are_standardised_channel_by_channel_and_classes_in_order(folder: Path) -> None:
    given = arrays(2)
    put(folder, **given)
    known, data = register("mine", folder), load("mine")
    assert data.images_NCHW.mean((0, 2, 3)) == pytest.approx([0, 0], abs=1e-4)
    assert data.images_NCHW.std((0, 2, 3)) == pytest.approx([1, 1], abs=1e-4)
    raw = given["x"][7, 1, 3, 2]
    assert data.images_NCHW[7, 1, 3, 2] == pytest.approx((raw - known.mean[1]) / known.sd[1], abs=1e-4)
    assert known.class_names == ("high", "low", "middle")
    assert [known.class_names[label] for label in data.labels_N] == given["y"].tolist()


def test_groups_stay_together_and_marked_items_are_kept_for_the_end(folder: Path) -> None:
    groups, test = np.repeat(np.arange(20), 3), np.arange(60) >= 45
    put(folder, **arrays(), groups=groups, test=test)
    known, data = register("mine", folder), load("mine")
    parts = split(data, 0)
    assert len(parts.test) == 15
    assert len(parts.validation) == known.validation_images
    assert data.groups_N is not None
    assert data.groups_N.tolist() == groups.tolist()
    assert known.mean == pytest.approx(arrays()["x"][:45].mean((0, 2)))


def test_it_is_listed_without_numpy_after_those_of_the_catalogue(folder: Path) -> None:
    put(folder, **arrays())
    known = register("mine", folder)
    code = "import sys; from workers.data.registered import datasets; print('numpy' in sys.modules, *datasets())"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert shown.stdout.split()[0] == "False"
    assert shown.stdout.split()[-1] == "mine"
    assert datasets()["mine"] == known


def test_its_items_can_be_written_for_the_scripts_of_an_export(folder: Path) -> None:
    put(folder, **arrays())
    register("mine", folder)
    save("mine", str(folder / "items.pt"))
    assert (folder / "items.pt").stat().st_size > 0


def test_a_name_stands_for_one_content(folder: Path) -> None:
    file = put(folder, **arrays())
    first = register("mine", folder)
    assert register("mine", folder) == first
    put(folder, **arrays(count=90))
    with pytest.raises(Unsuitable, match="registered with another content"):
        register("mine", folder)
    with pytest.raises(DatasetAbsent, match=r"mine\.npz has changed since it was registered"):
        load("mine")
    file.unlink()
    with pytest.raises(DatasetAbsent, match=r"Put mine\.npz into"):
        load("mine")


def test_a_damaged_description_is_passed_over(folder: Path) -> None:
    put(folder, "four", **arrays())
    register("four", folder)
    four = json.loads((folder / "four.dataset.json").read_text())
    wrong = {"five": {}, "six": {"name": "six", "files": []}, "seven": {"name": 7, "files": ["7.npz"]}}
    for name, changes in wrong.items():
        (folder / f"{name}.dataset.json").write_text(json.dumps(four | changes))
    assert set(datasets()) - set(DATASETS) == {"four"}
    for name, text in (("one", "{"), ("two", "[]"), ("three", '{"name": "three"}')):
        (folder / f"{name}.dataset.json").write_text(text)
    assert not {"one", "two", "three"} & set(datasets())
    put(folder, "one", **arrays())
    with pytest.raises(Unsuitable, match=r"one\.dataset\.json cannot be read, and results may rest on it"):
        register("one", folder)
    with pytest.raises(Invalid, match="Unknown data set 'two'"):
        JobCreate.model_validate({"dataset": "two"}).to_spec()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"x": np.zeros((60, 12))}, r"x has the shape \(60, 12\); .* x\[:, None\] adds one channel"),
        ({"x": np.zeros((0, 1, 1000))}, r"^x has the shape \(0, 1, 1000\), so it holds no items\.$"),
        ({"x": np.zeros((60, 0, 12))}, r"^x has the shape \(60, 0, 12\), so it holds no numbers\.$"),
        ({"x": np.array([[["a"]]] * 60)}, "x holds <U1; give it plain numbers"),
        ({"x": np.array([[[None]]] * 60)}, r"cannot be read .* of plain numbers"),
        ({"y": np.array(["ill", "well"] * 30, dtype=object)}, r"cannot be read .* or texts: y\.astype\(str\)\.$"),
        ({"y": np.array([b"ill", b"well"] * 30)}, r"y holds \|S4; .* or texts, y\.astype\(str\)\.$"),
        ({"x": np.full((60, 2, 12), np.nan)}, "x holds NaN"),
        ({"x": np.full((60, 2, 12), 1e39)}, "x holds NaN, infinity or more than float32"),
        ({"x": np.ones((60, 2, 12))}, r"Channel 0 of x \(from 0\) is constant"),
        (
            {"x": 1e-46 * np.random.default_rng(0).standard_normal((60, 2, 12))},
            r"Channel 0 of x \(from 0\) is constant",
        ),
        ({"x": np.random.default_rng(0).standard_normal((60, 5000, 1))}, "No network takes such items: .* channels"),
        ({"y": np.arange(60) / 2}, r"y holds float64; .* y\.astype\(int\)"),
        ({"y": np.eye(60)}, r"y has the shape \(60, 60\); it should be \(60,\)"),
        ({"y": np.arange(59)}, r"y has the shape \(59,\)"),
        ({"y": np.zeros(60, dtype=int)}, "y holds one class alone"),
        ({"y": np.arange(60) // 59}, "Class 1 would have no item in the validation part"),
        ({"test": np.arange(60)}, "test holds int64"),
        ({"test": np.ones(60, dtype=bool)}, "too few items"),
        ({"groups": np.arange(60) // 3, "test": np.arange(60) % 3 == 0}, "some items of group 0 and not all"),
        ({"groups": np.zeros(60, dtype=int)}, "too few items, or groups of them"),
        ({"group": np.arange(60)}, "has group too; only x, y, groups and test are known"),
    ],
)
def test_what_is_no_data_set_is_refused_in_one_line(wrong: dict[str, Any], told: str, folder: Path) -> None:
    put(folder, **arrays() | wrong)
    with pytest.raises(Unsuitable, match=told) as refused:
        register("mine", folder)
    assert "\n" not in str(refused.value)
    assert not list(folder.glob("*.json"))


def test_texts_held_as_objects_are_taken_as_the_refusal_says(folder: Path) -> None:
    labels = np.array(["ill", "well"] * 30, dtype=object)
    put(folder, **arrays() | {"y": labels.astype(str)})
    assert register("mine", folder).class_names == ("ill", "well")


def test_a_file_without_its_arrays_is_refused(folder: Path) -> None:
    put(folder, images=np.zeros(3))
    with pytest.raises(Unsuitable, match=r"mine\.npz has no x and no y, but images: write it by np\.savez"):
        register("mine", folder)
    with ZipFile(folder / "mine.npz", "w") as archive:
        archive.writestr("x", "1, 2")
        archive.writestr("y", "3, 4")
    with pytest.raises(Unsuitable, match=r"x in mine\.npz is no NumPy array"):
        register("mine", folder)
    (folder / "mine.npz").write_text("x,y\n1,2\n")
    with pytest.raises(Unsuitable, match=r"mine\.npz is no NumPy archive"):
        register("mine", folder)


def test_an_encrypted_file_is_refused(folder: Path) -> None:
    file = put(folder, **arrays())
    content = bytearray(file.read_bytes())
    for signature, flags_at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags_at] |= 1  # of the first array
    file.write_bytes(content)
    with pytest.raises(Unsuitable, match=r"mine\.npz cannot be read .*encrypted"):
        register("mine", folder)


def test_a_folder_that_cannot_be_written_to_is_told(folder: Path) -> None:
    put(folder, **arrays())
    (folder / "mine.new").mkdir()  # where the description is written first
    with pytest.raises(Unsuitable, match=r"mine\.dataset\.json cannot be written"):
        register("mine", folder)


def test_results_on_other_content_do_not_stand_in(folder: Path) -> None:
    put(folder, **arrays())
    register("mine", folder)
    work = MemoryUnitOfWork()
    spec = JobCreate.model_validate({"dataset": "mine", "skeleton": {"channels": 4, "stages": 2}}).to_spec()
    first = checked(spec, work)
    assert search_data(first).train.input_shape == (2, 8)
    (folder / "mine.dataset.json").unlink()
    put(folder, **arrays(count=90))
    register("mine", folder)
    second = checked(spec, work)
    assert spec_from_data(json.loads(json.dumps(spec_to_data(second)))) == second
    requests = [
        EvaluationRequest(
            spec.space.sample(Random(0)), spec.skeleton, "mine", spec.recipe, 0, (1,), data_sha256=job.data_sha256
        )
        for job in (first, second)
    ]
    assert requests[0].key != requests[1].key
    with pytest.raises(Invalid, match="'mine' has another content than when this job was submitted"):
        search_data(first)
    with work() as store:
        old, new = store.add_job(first), store.add_job(second)
    assert dataset_of(new).validation_images == 18
    with pytest.raises(Conflict, match="another content than when job 1 was submitted: put the old one back"):
        dataset_of(old)


def test_a_seed_that_leaves_a_part_without_a_class_is_refused_and_named(folder: Path) -> None:
    groups = np.repeat(np.arange(20), 3)
    put(folder, x=arrays()["x"], y=np.isin(groups, (5, 6, 7, 8)).astype(int), groups=groups)
    register("mine", folder)
    asked = {"dataset": "mine", "skeleton": {"channels": 4, "stages": 2}}
    refused = 0
    for seed in range(12):
        spec = checked(JobCreate.model_validate(asked | {"seed": seed}).to_spec(), MemoryUnitOfWork())
        if split(load("mine"), seed).search.lacks(2):
            refused += 1
            with pytest.raises(Invalid, match=f"With seed {seed}, class 1 has no item in the validation part of mine"):
                search_data(spec)
        else:
            assert set(search_data(spec).validation.labels_N.tolist()) == {0, 1}
    assert 0 < refused < 12


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("digits", "comes with Cellsmith: use another name"),
        ("mine.npz", "use another name without .npz"),
        *((name, "use another name, of a to z") for name in ("../mine", "Mine", "", "a b")),
    ],
)
def test_a_name_is_short_plain_and_free(name: str, told: str, folder: Path) -> None:
    with pytest.raises(Unsuitable, match=told):
        register(name, folder)


def test_the_command_says_what_it_has_understood_or_what_is_missing(folder: Path) -> None:
    def told(*arguments: str, data: str = str(folder)) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "workers.data.register", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, cwd=ROOT, env=os.environ | {"CELLSMITH_DATA": data}
        )

    assert told("mine", data="").stderr == "Set CELLSMITH_DATA to the folder of mine.npz, here and for the service.\n"
    assert told("mine").stderr == f"Put mine.npz into {folder}, the folder named by CELLSMITH_DATA.\n"
    put(folder, **arrays(2))
    done = told("mine", "--licence", "CC0")
    assert done.stdout == (
        "mine: 60 images of size 8 x 8, 2 channels each; with seed 0, 36 train, 12 score, and 12 are kept for the end. "
        "Classes: high, low, middle.\ncellsmith submit --dataset mine\n"
    )
    assert json.loads((folder / "mine.dataset.json").read_text())["licence"] == "CC0"


@pytest.mark.parametrize(
    ("shape", "warned"),
    [
        *(((32, 32, 3), True), ((32, 30, 1), True), ((9, 9, 9, 2), True), ((50, 4), True)),
        *(((3, 32, 32), False), ((4, 50), False), ((1, 4, 4), False), ((8, 8, 5), False), ((3, 8, 3), False)),
    ],
)
def test_channels_that_seem_to_be_last_are_told_to_come_second(
    shape: tuple[int, ...],
    warned: bool,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    put(folder, x=np.random.default_rng(0).standard_normal((60, *shape)), y=np.arange(60) % 3)
    monkeypatch.setattr(sys, "argv", ["register", "mine"])
    main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "cellsmith submit --dataset mine"
    told = "Channels come second: if they are last in x, register np.moveaxis(x, -1, 1) under another name."
    assert lines[1:-1] == [told] * warned
    assert datasets(folder)["mine"].input_shape == shape
