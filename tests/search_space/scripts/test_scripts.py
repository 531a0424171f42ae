"""The scripts of an exported folder, run as a user runs them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from search_space.cost import auxiliary_cost, cost
from search_space.export import to_python
from search_space.genotype import Genotype
from search_space.merge import merge
from search_space.modules.initialisation import use_clusters_of, use_unit_variances_for
from search_space.network import Architecture
from search_space.published import published
from search_space.regularisation import Auxiliary, DropPath
from search_space.skeleton import Initialisation, Skeleton
from tests.search_space.trained import tensors_of

SCRIPTS = Path(__file__).parents[3] / "search_space" / "scripts"
SKELETON = Skeleton(
    (1, 10, 10), 3, 4, stages=2, auxiliary=Auxiliary(widths=(8, 8)), drop_path=DropPath(0.8), dropout=0.1
)
ARCHITECTURE = Architecture(published["darts-v2"], SKELETON)


def ran(folder: Path, *command: str) -> str:
    shown = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    return shown.stdout


def refused(folder: Path, *command: str) -> str:
    shown = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False)
    assert shown.returncode == 1
    return shown.stderr


def three_classes(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Images whose class is where they are bright."""
    y_N = torch.arange(count) % 3
    x_NCHW = 0.3 * torch.randn(count, 1, 10, 10)
    for image, label in zip(x_NCHW, y_N.tolist(), strict=True):
        image[:, 3 * label : 3 * label + 3] += 1
    return x_NCHW, y_N


def last_accuracy(told: str) -> float:
    """That after the last epoch, of what a training has told."""
    return float(told.splitlines()[-2].split()[-1])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    (x_train, y_train), (x_test, y_test) = three_classes(48), three_classes(24)
    torch.save({"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}, tmp_path / "images.pt")
    for name in ("train.py", "convert.py"):
        shutil.copy(SCRIPTS / name, tmp_path)
    return tmp_path


def test_training_learns_resumes_with_the_same_bits_and_writes_weights_that_load(folder: Path) -> None:
    (folder / "model.py").write_text(to_python(ARCHITECTURE))
    common = ["train.py", "images.pt", "--batch-size", "16", "--average", "0.5", "--epochs", "6"]
    through = ran(folder, *common)
    assert last_accuracy(through) > 0.6
    whole = load_file(folder / "trained.safetensors")
    # stopped after four epochs: the checkpoint of then, and the command again
    code = (
        "import sys, train; sys.argv[1:] = sys.argv[1:]; save = train.save\n"
        "def stop(*state):\n    save(*state)\n    if state[-1] == 4: sys.exit()\n"
        "train.save = stop; train.main()"
    )
    ran(folder, "-c", code, *common[1:])
    assert ran(folder, *common, "--resume") == "".join(through.splitlines(keepends=True)[4:])
    again = load_file(folder / "trained.safetensors")
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    ran(folder, "-c", "import model; model.load('trained.safetensors')")


@pytest.mark.parametrize("options", [{"drop_path": DropPath(0.8)}, {"drop_path": None, "reversible": True}])
def test_an_auxiliary_head_learns_beside_the_network(folder: Path, options: dict[str, Any]) -> None:
    skeleton = replace(SKELETON, auxiliary=None, **options)
    (folder / "model.py").write_text(to_python(replace(ARCHITECTURE, skeleton=skeleton)))
    code = (
        "import argparse, torch, model, train; chosen = argparse.Namespace(label_smoothing=0.0)\n"
        "for weight in (0.0, 0.4):\n"
        "    network = model.build_model(auxiliary_weight=weight)\n"
        "    train.loss_of(network, torch.randn(4, 1, 10, 10), torch.arange(4) % 3, 0.5, chosen).backward()\n"
        "    learned = [p.grad for name, p in network.named_parameters() if name.startswith('auxiliary.')]\n"
        "    print(network.auxiliary_weight, len(learned), all(g.abs().max() > 0 for g in learned))"
    )
    *_, without, beside = ran(folder, "-c", code, "images.pt").splitlines()
    assert (without, beside) == ("0.0 0 True", "0.4 8 True")


def test_training_begins_with_the_weights_that_are_named_and_leaves_them_as_they_were(folder: Path) -> None:
    (folder / "model.py").write_text(to_python(ARCHITECTURE))
    save_file(tensors_of(ARCHITECTURE.build()), folder / "weights.safetensors")
    given = (folder / "weights.safetensors").read_bytes()
    slow = ["train.py", "images.pt", "--epochs", "1", "--learning-rate", "1e-9", "--weights", "weights.safetensors"]
    ran(folder, *slow, "--output", "on.safetensors")
    assert (folder / "weights.safetensors").read_bytes() == given
    begun, trained = load_file(folder / "weights.safetensors"), load_file(folder / "on.safetensors")
    learned = [name for name, _ in ARCHITECTURE.build().named_parameters()]
    assert all(torch.allclose(begun[name], trained[name], atol=1e-5) for name in learned)


def test_training_whose_loss_is_no_number_ends_with_what_would_help(folder: Path) -> None:
    (folder / "model.py").write_text(to_python(ARCHITECTURE))
    told = refused(folder, "train.py", "images.pt", "--batch-size", "16", "--epochs", "9", "--learning-rate", "1e30")
    assert "the loss is nan" in told
    assert "try a lower --learning-rate" in told
    assert "Traceback" not in told


def test_a_network_is_grown_and_helped_by_options_and_its_weights_load_as_the_last_line_says(folder: Path) -> None:
    (folder / "model.py").write_text(to_python(replace(ARCHITECTURE, skeleton=replace(SKELETON, drop_path=None))))
    larger = ["--channels", "6", "--cells-per-stage", "2", "--classes", "5", "--norm", "gn", "--keep", "0.7"]
    told = ran(folder, "train.py", "images.pt", "--batch-size", "16", "--epochs", "1", *larger)
    loads = told.splitlines()[-1].removesuffix(" has these weights")
    assert "channels=6, cells_per_stage=2, norm='gn', keep=0.7" in loads.replace("classes=5, ", "")
    shown = ran(folder, "-c", f"import model; print(sum(p.numel() for p in {loads}.parameters()))")
    grown = replace(SKELETON, channels=6, cells_per_stage=2, classes=5, norm="gn")
    architecture = replace(ARCHITECTURE, skeleton=grown)
    assert int(shown) == cost(architecture).params + auxiliary_cost(architecture).params
    assert "use --classes 5" in refused(folder, "train.py", "images.pt", "--epochs", "1", "--resume")
    spent = refused(folder, "train.py", "images.pt", "--batch-size", "16", "--epochs", "1", *larger, "--resume")
    assert "checkpoint.pt ends with epoch 1: ask for more --epochs" in spent


def test_what_cannot_be_trained_is_refused_in_a_line(folder: Path) -> None:
    (folder / "model.py").write_text(to_python(ARCHITECTURE))
    data = torch.load(folder / "images.pt", weights_only=True)
    torch.save({"x": torch.zeros(3)}, folder / "numbers.pt")
    torch.save(data | {"x_train": data["x_train"].byte()}, folder / "bytes.pt")
    torch.save(data | {"x_train": data["x_train"][:, 0]}, folder / "signals.pt")
    torch.save(data | {"x_test": data["x_test"][..., :1]}, folder / "thin.pt")
    torch.save(data | {"y_test": data["y_test"] - 1}, folder / "below.pt")
    torch.save(data | {"x_test": data["x_test"] / 0}, folder / "infinite.pt")
    torch.save(data | {"y_train": data["y_train"].float()}, folder / "halves.pt")
    torch.save({name: tensor.numpy() for name, tensor in data.items()}, folder / "numpy.pt")
    (folder / "empty.pt").touch()
    wrong = {
        "numpy.pt": "numpy.pt cannot be read: it is not what torch.save writes of tensors alone; torch.from_numpy",
        "empty.pt": "empty.pt cannot be read: it is empty",
        "below.pt": "y_test has classes from -1 to 1, and classes count from 0: add 1 to y_train and y_test",
        "infinite.pt": "x_test holds numbers that are not finite",
        "halves.pt": "not float32 (48, 1, 10, 10) and float32 (48,)",
        "nowhere.pt": "nowhere.pt cannot be read",
        "model.py": "model.py cannot be read",
        "numbers.pt": "numbers.pt holds no x_train (N, C, ...) and y_train (N,)",
        "bytes.pt": "x_train is float32 (N, C, ...), and y_train is int64 (N,)",
        "images.pt --input-channels 2": "channels of x_train: 1, of the network: 2; use --input-channels 1",
        "images.pt --classes 2": "use --classes 3",
        "images.pt --channels 0": "channels is a whole number of 1 or more, not 0",
        "images.pt --keep 2": "more than 0 and at most 1, not 2.0",
        "images.pt --weights nowhere.safetensors": "nowhere.safetensors",
        "images.pt --weights images.pt": "images.pt is no safetensors file",
        "images.pt --resume": "--resume wants the checkpoint.pt",
        "signals.pt": "x_train has 3 axes where the network takes 4",
        "thin.pt --auxiliary-weight 0": "inputs of size [10, 1] are too small for the reductions: use 2 or more",
        "images.pt --auxiliary-weight 0.4 --image-size 40 40": "use --image-size 10 10",
        "images.pt --device nowhere": "nowhere",
        "images.pt --output no/where": "there is no folder for no/where",
        "images.pt --epochs 1 --learning-rate 3e38 --batch-size 48": "epoch 1: the logits of x_test are not finite",
    }
    for told, expected in zip(refusals(folder, "train", wrong), wrong.values(), strict=True):
        assert expected in told
        assert "\x1b" not in told


def test_classes_of_any_whole_numbers_are_taken(folder: Path) -> None:
    (folder / "model.py").write_text(to_python(ARCHITECTURE))
    data = torch.load(folder / "images.pt", weights_only=True)
    for dtype in ("int64", "int32", "uint8"):
        y_train, y_test = (data[name].to(getattr(torch, dtype)) for name in ("y_train", "y_test"))
        torch.save(data | {"y_train": y_train, "y_test": y_test}, folder / f"{dtype}.pt")
    told = refusals(folder, "train", [f"{dtype}.pt --epochs 1" for dtype in ("int64", "int32", "uint8")])
    assert told[0].startswith("epoch 1: loss ")
    assert told[:2] * 3 == told


def refusals(folder: Path, script: str, commands: Iterable[str]) -> list[str]:
    """What is said to each, all in one process, since each would load torch."""
    code = (
        f"import sys, {script} as script\nfor line in sys.argv[1:]:\n    sys.argv[1:] = line.split()\n"
        "    try: script.main()\n    except SystemExit as error: print(str(error).splitlines()[0])"
    )
    return ran(folder, "-c", code, *commands).splitlines()


@pytest.mark.parametrize(
    "wrong",
    ["--epochs 0", "--threads 0", "--batch-size -5", "--learning-rate nan", "--label-smoothing 2", "--weight-decay -1"],
)
def test_numbers_that_make_no_sense_are_refused_with_the_option(folder: Path, wrong: str) -> None:
    (folder / "model.py").write_text(to_python(ARCHITECTURE))
    command = [sys.executable, "train.py", "images.pt", *wrong.split()]
    shown = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert shown.returncode == 2
    assert f"argument {wrong.split()[0]}: " in shown.stderr


def test_the_help_tells_what_holds_where_nothing_is_said(folder: Path) -> None:
    (folder / "model.py").write_text(to_python(ARCHITECTURE))
    told = " ".join(ran(folder, "train.py", "--help").partition("options:")[2].split())
    of_option = {option.split()[0]: option for option in re.split(r" (?=--)", told)}
    for option, default in {
        "--epochs": "default 100",
        "--batch-size": "default 64",
        "--learning-rate": "default 0.1",
        "--weight-decay": "default 0.0005",
        "--threads": "as many as torch takes",
        "--output": "default trained.safetensors",
        "--resume": "checkpoint.pt",
        "--norm": "default bn",
    }.items():
        assert default in of_option[option]


def test_training_takes_no_more_threads_than_it_may(folder: Path) -> None:
    (folder / "model.py").write_text(to_python(ARCHITECTURE))
    code = "import torch, train; train.main(); print(torch.get_num_threads())"
    told = ran(folder, "-c", code, "images.pt", "--epochs", "1", "--threads", "3").splitlines()
    assert told[0].startswith("epoch 1: loss ")
    assert told[-1] == "3"


def test_a_model_in_its_inference_form_is_not_trained(folder: Path) -> None:
    (folder / "model.py").write_text(to_python(ARCHITECTURE, "inference"))
    refused = subprocess.run(
        [sys.executable, "train.py", "images.pt"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert refused.stderr.startswith("This model.py is in its inference form")


@pytest.mark.parametrize(("initialisation", "use"), [("lsuv", use_unit_variances_for), ("kmeans", use_clusters_of)])
def test_training_begins_with_what_images_suggest_as_in_the_service(
    folder: Path, initialisation: Initialisation, use: Callable[[torch.Tensor, nn.Module], None]
) -> None:
    architecture = replace(ARCHITECTURE, skeleton=replace(SKELETON, initialisation=initialisation))
    (folder / "model.py").write_text(to_python(architecture))
    x_NCHW = torch.load(folder / "images.pt", weights_only=True)["x_train"]
    torch.manual_seed(0)
    expected = architecture.build()
    use(x_NCHW[torch.randperm(len(x_NCHW))[:256]], expected)
    code = "torch.save(train.fresh(torch.load('images.pt')['x_train'], chosen).state_dict(), 'begin.pt')"
    ran(folder, "-c", f"import torch, train; chosen = train.arguments(); torch.manual_seed(0); {code}", "images.pt")
    begun = torch.load(folder / "begin.pt", weights_only=True)
    assert all(torch.equal(tensor, begun[name]) for name, tensor in expected.state_dict().items())


def test_a_network_for_signals_is_trained_too(folder: Path) -> None:
    skeleton = Skeleton((2, 40), classes=2, channels=4, stages=2)
    (folder / "model.py").write_text(to_python(replace(ARCHITECTURE, skeleton=skeleton)))
    x, y = torch.randn(32, 2, 40), torch.arange(32) % 2
    x[y == 1] += 1
    torch.save({"x_train": x, "y_train": y, "x_test": x, "y_test": y}, folder / "images.pt")
    told = ran(folder, "train.py", "images.pt", "--batch-size", "8", "--epochs", "6")
    assert last_accuracy(told) > 0.7


@pytest.fixture
def merged(folder: Path) -> Path:
    """The folder with the inference form in it."""
    (folder / "model.py").write_text(to_python(ARCHITECTURE, "inference"))
    save_file(tensors_of(merge(ARCHITECTURE.build().eval())), folder / "weights.safetensors")
    return folder


@pytest.mark.parametrize("file", ["model.pt2", "model.onnx"])
def test_a_converted_network_computes_the_same_for_any_batch(merged: Path, file: str) -> None:
    folder = merged
    (folder / "README.md").write_text("# No card\n")
    told = ran(folder, "convert.py", file, "--images", "images.pt").splitlines()
    assert (folder / "README.md").read_text() == "# No card\n"
    assert [line.partition(":")[0] for line in told[:2]] == ["model.py", file]
    assert told[2:] == ["README.md is no model card, so the scores stand in conversions.json alone"]
    assert told[0].split()[-1] == told[1].split()[-1]
    assert (folder / file).stat().st_size > 10_000


def test_what_is_written_tells_nothing_of_the_machine_and_8_bits_take_less_room(merged: Path) -> None:
    wide = replace(ARCHITECTURE, skeleton=replace(SKELETON, channels=24))
    (merged / "model.py").write_text(to_python(wide, "inference"))
    save_file(tensors_of(merge(wide.build().eval())), merged / "weights.safetensors")
    files = ("model.pt2", "model.onnx", "model.int8.onnx")
    ran(merged, "convert.py", *files, "--images", "images.pt")
    for file in files:
        written = (merged / file).read_bytes()
        assert str(merged).encode() not in written
        assert b'File "' not in written
        assert b'File \\"' not in written  # as JSON has it
    assert (merged / "model.int8.onnx").stat().st_size < (merged / "weights.safetensors").stat().st_size


def test_scores_of_files_of_earlier_runs_stay_as_long_as_the_files(merged: Path) -> None:
    card, kept = merged / "README.md", {"latency_ms": 12.5, "threads": 3}
    card.write_text("---\nlibrary_name: pytorch\n---\n", encoding="utf-8")
    earlier = {"model.py": kept, "model.pt2": kept, "model.onnx": kept, "model.int8.onnx": kept}
    (merged / "conversions.json").write_text(json.dumps(earlier))
    (merged / "model.int8.onnx").touch()
    assert "ms for one item, threads: 1" in ran(merged, "convert.py", "model.pt2", "--threads", "1")
    scores = json.loads((merged / "conversions.json").read_text())
    assert {path: scored == kept for path, scored in scores.items()} == {
        "model.py": False,
        "model.pt2": False,
        "model.int8.onnx": True,
    }
    rows = [line for line in card.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == list(scores)
    assert rows[-1] == "| `model.int8.onnx` | 12.500 ms | 3 | no images given |"


def test_a_network_of_8_bits_is_scored_again_in_accuracy_and_latency(merged: Path) -> None:
    card = merged / "README.md"
    card.write_text("---\nlicense: mit\nlibrary_name: pytorch\n---\n# Cell é\n", encoding="utf-8")
    for note in ("", "\nA remark.\n\n## My notes\n\n| kept |\n"):
        card.write_text(card.read_text(encoding="utf-8") + note, encoding="utf-8")
        told = ran(merged, "convert.py", "model.int8.onnx", "--images", "images.pt").splitlines()
    assert [line.partition(":")[0] for line in told] == ["model.py", "model.int8.onnx"]
    assert not list(merged.glob("model.onnx*"))  # which nothing would have compared
    before, after = json.loads((merged / "conversions.json").read_text()).values()
    images = torch.load(merged / "images.pt", weights_only=True)
    session = onnxruntime.InferenceSession(merged / "model.int8.onnx", providers=["CPUExecutionProvider"])
    (logits_NK,) = session.run(None, {"images": images["x_test"].numpy()})
    accuracy = float((torch.from_numpy(logits_NK).argmax(1) == images["y_test"]).float().mean())
    assert after["accuracy"] == pytest.approx(accuracy)
    assert 0 < after["latency_ms"] != before["latency_ms"] > 0
    for path, line, scored in (("model.py", told[0], before), ("model.int8.onnx", told[1], after)):
        assert f"{path}: {scored['latency_ms']:.3f} ms" in line
        assert line.endswith(f"accuracy {scored['accuracy']:.4f}")
        row = f"| `{path}` | {scored['latency_ms']:.3f} ms | {scored['threads']} | {scored['accuracy']:.4f} |"
        assert card.read_text(encoding="utf-8").count(row) == 1
    sections = card.read_text(encoding="utf-8").split("\n## ")
    assert sections[0] == "---\nlicense: mit\nlibrary_name: pytorch\n---\n# Cell é\n\nA remark.\n"
    assert sections[1] == "My notes\n\n| kept |\n"
    assert sections[2].startswith("Converted")
    assert len(sections) == 3
    nodes = [node.op_type for node in onnx.load(merged / "model.int8.onnx").graph.node]
    assert "QuantizeLinear" in nodes
    assert any(
        tensor.data_type == onnx.TensorProto.INT8 for tensor in onnx.load(merged / "model.int8.onnx").graph.initializer
    )


def test_as_many_items_are_scored_at_once_as_memory_holds(merged: Path) -> None:
    code = (
        "import convert, torch\n"
        "for side in (8, 512, 2048):\n"
        "    x_NCHW, sizes = torch.zeros(300, 1, 1, 1).expand(300, 1, side, side), []\n"
        "    run = lambda x_NCHW: (sizes.append(len(x_NCHW)), torch.eye(3)[torch.zeros(len(x_NCHW)).long()])[1]\n"
        "    convert.score('', run, x_NCHW[:1], {'x_test': x_NCHW, 'y_test': torch.zeros(300)})\n"
        "    print(sum(sizes[40:]), max(sizes[40:]))"
    )
    assert ran(merged, "-c", code, "model.pt2").splitlines()[1::2] == ["300 256", "300 2", "300 1"]


def test_what_cannot_be_converted_is_refused_in_a_line(merged: Path) -> None:
    data = torch.load(merged / "images.pt", weights_only=True)
    torch.save({"x": torch.zeros(3)}, merged / "numbers.pt")
    torch.save(data | {"x_test": data["x_test"].double()}, merged / "doubles.pt")
    torch.save(data | {"x_test": data["x_test"][..., :1]}, merged / "thin.pt")
    torch.save({name: tensor.numpy() for name, tensor in data.items()}, merged / "numpy.pt")
    wrong = {
        "model.pt2 --images numpy.pt": "numpy.pt cannot be read: it is not what torch.save writes of tensors alone",
        "model.pt2 --weights nowhere": "No such file or directory: 'nowhere'",
        "model.pt2 --weights images.pt": "images.pt is no safetensors file",
        "model.pt2 --channels 9": "of other sizes",
        "model.pt2 --images nowhere.pt": "nowhere.pt cannot be read",
        "model.pt2 --images numbers.pt": "numbers.pt holds no x_test (N, C, ...)",
        "model.pt2 --images doubles.pt": "x_test is float32 (N, 1, ...) with 4 axes",
        "model.pt2 --images thin.pt": "inputs of size [10, 1] are too small for the reductions: use 2 or more",
    }
    for told, expected in zip(refusals(merged, "convert", wrong), wrong.values(), strict=True):
        assert expected in told


def test_weights_with_an_auxiliary_head_are_told_of_the_option_that_makes_one(folder: Path) -> None:
    (folder / "model.py").write_text(to_python(ARCHITECTURE))
    held = tensors_of(ARCHITECTURE.build())
    save_file(held, folder / "weights.safetensors", {"format": "pt"})
    save_file(held | {"more": torch.zeros(1)}, folder / "more.safetensors")
    commands = ["model.pt2 --auxiliary-weight 0", "model.pt2 --auxiliary-weight 0 --weights more.safetensors"]
    told, of_another = refusals(folder, "convert", commands)
    assert told == "weights.safetensors has an auxiliary head too: use --auxiliary-weight 0.4"
    assert of_another.endswith("it belongs to another one")
    ran(folder, "convert.py", "model.pt2", "--auxiliary-weight", "0.4")


def test_8_bits_want_images_to_be_calibrated_on(merged: Path) -> None:
    assert "wants --images with x_train" in refused(merged, "convert.py", "model.int8.onnx")


def test_operators_that_a_format_cannot_hold_are_named_before_the_conversion(folder: Path) -> None:
    genotype = Genotype.from_json(ARCHITECTURE.genotype.to_json().replace('"sep_conv_3x3"', '"rbf_3x3"'))
    (folder / "model.py").write_text(to_python(replace(ARCHITECTURE, genotype=genotype), "inference"))
    assert refused(folder, "convert.py", "model.onnx") == (
        "model.onnx cannot hold rbf_3x3; use model.pt2, or a cell without them\n"
    )


def test_a_package_that_a_format_needs_is_named(merged: Path) -> None:
    hidden = "import importlib.util as i, runpy, sys; i.find_spec = lambda name: None; sys.argv = sys.argv[1:]; "
    told = refused(
        merged, "-c", hidden + "runpy.run_path('convert.py', run_name='__main__')", "convert.py", "model.onnx"
    )
    assert told == "ONNX needs onnx, onnxscript, onnxruntime too: pip install onnx onnxscript onnxruntime\n"


def test_a_network_that_training_made_larger_is_converted(folder: Path) -> None:
    (folder / "model.py").write_text(to_python(ARCHITECTURE))
    larger = ["--channels", "6", "--cells-per-stage", "2", "--image-size", "10", "10"]
    ran(folder, "train.py", "images.pt", "--batch-size", "16", "--epochs", "1", *larger)
    weights = ["--weights", "trained.safetensors", "--threads", "1", *larger]
    told = ran(folder, "convert.py", "model.onnx", "--images", "images.pt", *weights)
    before, after = (line.split()[-1] for line in told.splitlines())
    assert before == after
