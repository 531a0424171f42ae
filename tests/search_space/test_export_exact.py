"""Exported files of random genotypes in random skeletons compute, bit by bit, what the service's networks compute.

They run in a process of their own, in which they can import torch and math and nothing else.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from itertools import count, islice
from pathlib import Path
from statistics import median

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from search_space.export import to_python
from search_space.genotype import InvalidGenotype
from search_space.merge import merge
from search_space.module_source import Form
from search_space.modules.regularised import RegularisedNetwork
from search_space.network import Architecture
from search_space.operators.base import UnsuitableWidth
from tests.search_space.random_cells import random_genotype
from tests.search_space.random_skeletons import random_skeleton
from tests.search_space.trained import as_if_trained, tensors_of

# Each file of a folder gives the logits of the evaluation, and in the training form those of a step of training too.
CHECK = """
import builtins, sys, torch
real_import = builtins.__import__
def guarded(name, globals=None, *rest):
    asking = (globals or {}).get("__name__")
    if asking == "exported" and name.partition(".")[0] not in {"torch", "math"}:
        raise ImportError("the exported file imports " + name)
    return real_import(name, globals, *rest)
builtins.__import__ = guarded
def same(one, other):
    return torch.allclose(one, other, rtol=0, atol=0, equal_nan=True)
for folder in sys.argv[1:]:
    case = torch.load(folder + "/case.pt")
    for form in ("training", "inference"):
        exported = {"__name__": "exported"}
        exec(compile(open(folder + "/" + form + ".py").read(), "model.py", "exec"), exported)
        network = exported["load"](folder + "/" + form + ".safetensors")
        with torch.inference_mode():
            print(same(network(case["images"]), case[form]))
        if form == "training":
            torch.manual_seed(1)
            network.train()
            if hasattr(network, "set_progress"):
                network.set_progress(0.6)
            outputs = [logits for logits in network.logits(case["images"]) if logits is not None]
            print(all(same(a, b) for a, b in zip(outputs, case["step"], strict=True)))
"""


def training_step(network: nn.Module, images_NCHW: torch.Tensor) -> list[torch.Tensor]:
    """The logits in training, drop path and dropout at work."""
    torch.manual_seed(1)
    network.train()
    if isinstance(network, RegularisedNetwork):
        network.set_progress(0.6)
        return [logits.detach() for logits in network.logits(images_NCHW) if logits is not None]
    return [network(images_NCHW).detach()]


def drawn(seed: int) -> tuple[Architecture, nn.Module, torch.Tensor] | None:
    """Any genotype in any skeleton, its network as training leaves it, and inputs; None where it cannot be built.

    Every second one is for images, the others are for signals and for volumes.
    """
    dims = (2, 1, 2, 3)[seed % 4]
    try:
        architecture = Architecture(random_genotype(seed, dims), random_skeleton(seed, dims))
        torch.manual_seed(seed)
        network = architecture.build()
    except (InvalidGenotype, UnsuitableWidth):
        return None
    images_NCHW = torch.randn(4, *architecture.skeleton.input_shape, generator=torch.Generator().manual_seed(seed))
    return architecture, as_if_trained(network, images_NCHW, seed), images_NCHW


def drawn_from(first_seed: int, cases: int) -> Iterator[tuple[Architecture, nn.Module, torch.Tensor]]:
    """So many that can be built."""
    return islice(filter(None, map(drawn, count(first_seed))), cases)


def write_case(folder: Path, architecture: Architecture, network: nn.Module, images_NCHW: torch.Tensor) -> None:
    """Writes a case in both forms, with what the service's networks compute."""
    merged = merge(network)
    folder.mkdir()
    with torch.inference_mode():
        case = {"images": images_NCHW, "training": network(images_NCHW), "inference": merged(images_NCHW)}
    forms: dict[Form, nn.Module] = {"training": network, "inference": merged}
    for form, measured in forms.items():
        save_file(tensors_of(measured), folder / f"{form}.safetensors")
        (folder / f"{form}.py").write_text(to_python(architecture, form))
    torch.save(case | {"step": training_step(network, images_NCHW)}, folder / "case.pt")


def apart(one_NK: torch.Tensor, other_NK: torch.Tensor) -> float:
    """The largest difference, as a share of the largest logit where that is above 1."""
    return float((one_NK - other_NK).abs().max() / one_NK.abs().max().clamp(min=1))


@pytest.mark.parametrize(
    ("first_seed", "cases"),
    [(0, 16), *(pytest.param(seed, 100, marks=pytest.mark.long) for seed in range(0, 10_000, 1000))],
)
def test_exported_files_compute_the_very_same_with_nothing_but_torch(
    tmp_path: Path, first_seed: int, cases: int
) -> None:
    folders = [str(tmp_path / str(number)) for number in range(cases)]
    axes = set()
    for folder, case in zip(folders, drawn_from(first_seed, cases), strict=True):
        write_case(Path(folder), *case)
        axes.add(case[0].skeleton.dims)
    assert axes == {1, 2, 3}
    command = [sys.executable, "-c", CHECK, *folders]
    shown = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.split() == ["True"] * 3 * cases


@torch.inference_mode()
def merging(network: nn.Module, images_NCHW: torch.Tensor) -> tuple[float, float] | None:
    """How far the merged form is from the trained one, in float32 and in float64; None where weights explode."""
    expected_NK = network(images_NCHW)
    if not torch.isfinite(expected_NK).all():
        return None
    exact, doubled_NCHW = deepcopy(network).double(), images_NCHW.double()
    found = apart(expected_NK, merge(network)(images_NCHW))
    return found, apart(exact(doubled_NCHW), merge(exact)(doubled_NCHW))


@pytest.mark.parametrize("cases", [20, pytest.param(1000, marks=pytest.mark.long)])
def test_merged_forms_compute_what_was_trained_but_for_the_rounding_of_float32(cases: int) -> None:
    found = list(filter(None, (merging(network, images_NCHW) for _, network, images_NCHW in drawn_from(0, cases))))
    in_float32, in_float64 = (sorted(distances) for distances in zip(*found, strict=True))
    near = sum(distance < 1e-5 for distance in in_float32)
    told = f"{near} of {len(found)} within 1e-5 in float32, half within {median(in_float32):.0e}"
    print(f"{told}, the last ten {in_float32[-10:]}; at most {in_float64[-1]:.0e} in float64")  # noqa: T201
    assert len(found) >= 0.95 * cases
    assert in_float64[-1] < 1e-9
    # Some three in a hundred random cells round a little further away than that in float32.
    assert near >= 0.95 * len(found)
