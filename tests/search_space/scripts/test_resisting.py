"""What convert.py says of operators and formats is so: those that are said to resist do, and all others convert."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from search_space.export import to_python
from search_space.formats import resisting
from search_space.genotype import Cell, Edge, Genotype
from search_space.merge import merge
from search_space.network import Architecture
from search_space.operators import OPERATORS
from search_space.skeleton import Skeleton
from tests.search_space.scripts.test_scripts import SCRIPTS
from tests.search_space.trained import as_if_trained, tensors_of

ONNX = ("onnx", "onnxscript", "onnxruntime")

# Converts the network of each folder to a file, whatever convert.py would refuse, and tells of what came of it.
CONVERT = """
import importlib, json, os, sys, warnings
import torch
warnings.simplefilter("ignore")
file, *folders = sys.argv[1:]
for folder in folders:
    os.chdir(folder)
    sys.path[0] = folder
    for name in ("model", "convert"):
        sys.modules.pop(name, None)
    convert = importlib.import_module("convert")
    network = convert.model.load("weights.safetensors")
    shape = json.load(open("shape.json"))
    try:
        converted = convert.FORMATS[file](network, torch.randn(2, *shape), {})
        convert.compare(file, converted, network, shape)
        told = ""
    except (Exception, SystemExit) as error:
        told = (type(error).__name__ + " " + " ".join(str(error).split()))[:300]
    print("RESULT", json.dumps(told), flush=True)
"""


def written(folder: Path, operator: str) -> str:
    """A folder with a network for images of one operator; its path."""
    cell = Cell((Edge(0, 2, operator), Edge(1, 2, operator), Edge(2, 3, operator)), (2, 3))
    architecture = Architecture(Genotype(cell, cell), Skeleton((1, 10, 10), 3, 8, stages=2))
    torch.manual_seed(0)
    network = as_if_trained(architecture.build(), torch.randn(4, *architecture.skeleton.input_shape))
    folder.mkdir()
    (folder / "model.py").write_text(to_python(architecture, "inference"))
    (folder / "shape.json").write_text(json.dumps(architecture.skeleton.input_shape))
    save_file(tensors_of(merge(network)), folder / "weights.safetensors")
    shutil.copy(SCRIPTS / "convert.py", folder)
    return str(folder)


def said_to_resist(operator: str, file: str) -> bool:
    cell = Cell((Edge(0, 2, operator),), (2,))
    return file in resisting(Genotype(cell, cell))


@pytest.mark.long
@pytest.mark.parametrize("file", ["model.pt2", "model.onnx"])
@pytest.mark.parametrize("family", sorted({operator.family for operator in OPERATORS.values()}))
def test_what_is_said_to_resist_a_format_does_and_everything_else_converts(
    family: str, file: str, tmp_path: Path
) -> None:
    missing = [package for package in ONNX if importlib.util.find_spec(package) is None]
    if file == "model.onnx" and missing:
        pytest.skip(f"{', '.join(missing)} is not installed")
    names = [name for name, operator in OPERATORS.items() if operator.family == family]
    folders = [written(tmp_path / name, name) for name in names]
    command = [sys.executable, "-c", CONVERT, file, *folders]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    lines = [line for line in shown.stdout.splitlines() if line.startswith("RESULT ")]
    told = dict(zip(names, (json.loads(line.removeprefix("RESULT ")) for line in lines), strict=True))
    wrong = {name: reason for name, reason in told.items() if bool(reason) != said_to_resist(name, file)}
    assert not wrong
