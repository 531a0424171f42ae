"""The exported file, against the network that was trained, in a process that can import torch only."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

import search_space.modules
from search_space.cost import cost
from search_space.export import to_python
from search_space.genotype import Cell, Edge, Genotype
from search_space.merge import merge
from search_space.module_source import Form
from search_space.modules.early_strides import EverySecond, use_early_strides
from search_space.modules.network import Network
from search_space.network import Architecture
from search_space.operators import OPERATORS
from search_space.published import published
from search_space.regularisation import Auxiliary, DropPath
from search_space.skeleton import Head, InvalidSkeleton, Norm, OlderInput, Skeleton, StemName, skeletons
from tests.search_space.counted import counted
from tests.search_space.random_cells import every_operator, random_genotype
from tests.search_space.test_axes_source import exports
from tests.search_space.trained import as_if_trained, tensors_of

SKELETONS = [
    Skeleton((1, 8, 8), classes=10, channels=8),
    Skeleton((2, 9, 7), classes=3, channels=5, cells_per_stage=2, stem="cifar"),
    Skeleton((3, 35, 35), classes=10, channels=16, stem="imagenet", skip_reduction_input=True),
    Skeleton((3, 20, 19), 10, 8, 2, reduction_in_stage=True, auxiliary=Auxiliary(), drop_path=DropPath(0.7)),
    Skeleton((3, 35, 35), 10, 8, stem="imagenet-darts", older_input="prepared", final_relu=False),
]
FORMS: list[Form] = ["training", "inference"]

# Runs each exported file of a folder on its images, beside which its weights lie, and compares with its logits.
# Whatever the file itself imports, at any time, must be torch or math.
CHECK = """
import builtins, sys, torch
real_import = builtins.__import__
def guarded(name, globals=None, *rest):
    asking = (globals or {}).get("__name__")
    if asking == "exported" and name.partition(".")[0] not in {"torch", "math"}:
        raise ImportError("the exported file imports " + name)
    return real_import(name, globals, *rest)
builtins.__import__ = guarded
for folder in sys.argv[1:]:
    exported = {"__name__": "exported"}
    exec(compile(open(folder + "/model.py").read(), "model.py", "exec"), exported)
    case = torch.load(folder + "/case.pt")
    with torch.inference_mode():
        logits = exported["load"](folder + "/weights.safetensors")(case["images"])
    print(float((logits - case["logits"]).abs().max()))
"""


def write_case(folder: Path, architecture: Architecture, form: Form, seed: int) -> None:
    images_NCHW = torch.randn(3, *architecture.skeleton.input_shape)
    network = as_if_trained(architecture.build(), images_NCHW, seed)
    measured = merge(network) if form == "inference" else network
    folder.mkdir()
    with torch.inference_mode():
        torch.save({"images": images_NCHW, "logits": measured(images_NCHW)}, folder / "case.pt")
    save_file(tensors_of(measured), folder / "weights.safetensors")
    (folder / "model.py").write_text(to_python(architecture, form))


@pytest.mark.parametrize("form", FORMS)
def test_an_exported_file_needs_torch_alone_and_computes_the_very_same(tmp_path: Path, form: Form) -> None:
    genotypes = [published["nasnet-a"], *(random_genotype(seed) for seed in range(3))]
    architectures = [Architecture(genotype, skeleton) for genotype in genotypes for skeleton in SKELETONS]
    architectures.append(Architecture(every_operator(), Skeleton((2, 9, 7), classes=3, channels=5, stages=2)))
    folders = [tmp_path / str(number) for number in range(len(architectures))]
    for number, (folder, architecture) in enumerate(zip(folders, architectures, strict=True)):
        write_case(folder, architecture, form, number)
    command = [sys.executable, "-c", CHECK, *map(str, folders)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert [float(line) for line in shown.stdout.split()] == [0.0] * len(folders)


def executed(architecture: Architecture, form: Form = "training", **head: str) -> dict[str, Any]:
    exported: dict[str, Any] = {"__name__": "exported"}
    exec(to_python(architecture, form, head), exported)
    return exported


def test_the_seed_given_to_torch_decides_the_weights_as_in_the_service() -> None:
    architecture = Architecture(published["nasnet-a"], SKELETONS[0])
    torch.manual_seed(3)
    built = architecture.build().state_dict()
    torch.manual_seed(3)
    exported = executed(architecture)["build_model"]().state_dict()
    assert list(built) == list(exported)
    assert all(torch.equal(built[name], exported[name]) for name in built)


def test_an_exported_file_grows_to_any_depth_and_width_and_number_of_classes() -> None:
    build_model = executed(Architecture(published["nasnet-a"], skeletons["tiny"]))["build_model"]
    grown = build_model(input_channels=3, classes=100, channels=24, cells_per_stage=2)
    other = Skeleton((3, 16, 16), classes=100, channels=24, cells_per_stage=2)
    expected = Architecture(published["nasnet-a"], other).build()
    assert {n: t.shape for n, t in grown.state_dict().items()} == {n: t.shape for n, t in expected.state_dict().items()}
    assert grown(torch.randn(2, 3, 19, 17)).shape == (2, 100)


IMAGES = Skeleton((3, 16, 16), 10, 8, stages=2)


@pytest.mark.parametrize("norm", ["bn", "ibn_a", "ibn_b", "gn", "ln"])
@pytest.mark.parametrize("head", ["average", "max", "gem"])
def test_norm_head_and_helps_for_training_are_arguments_of_the_call_and_of_build_model(norm: Norm, head: Head) -> None:
    asked = replace(IMAGES, norm=norm, head=head, auxiliary=Auxiliary(weight=0.3), drop_path=DropPath(0.8))
    torch.manual_seed(0)
    by_call = executed(Architecture(published["nasnet-a"], asked))["build_model"]()
    torch.manual_seed(0)
    by_argument = executed(Architecture(published["nasnet-a"], IMAGES))["build_model"](
        norm=norm, head=head, auxiliary_weight=0.3, keep=0.8
    )
    assert list(by_call.state_dict()) == list(by_argument.state_dict())
    images_NCHW = torch.randn(4, 3, 16, 16)
    for network in (by_call, by_argument):
        network.set_progress(1.0)
    outputs = []
    for network in (by_call, by_argument):
        torch.manual_seed(1)
        outputs.append(network.logits(images_NCHW))
    for one, other in zip(*outputs, strict=True):
        assert torch.equal(one, other)
    params = sum(p.numel() for name, p in by_call.named_parameters() if not name.startswith("auxiliary"))
    assert params == cost(Architecture(published["nasnet-a"], asked)).params


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"norm": "xn"}, "a norm is bn, ibn_a"),
        ({"channels": 3}, "use 4 channels or more"),
        ({"channels": "16"}, "channels is a whole number of 1 or more, not '16'"),
        ({"channels": 16.0}, "channels is a whole number of 1 or more, not 16.0"),
        ({"input_channels": 0}, "input_channels is a whole number of 1 or more, not 0"),
        ({"classes": -1}, "classes is a whole number"),
        ({"cells_per_stage": 0}, "cells_per_stage is a whole number"),
        ({"stages": True}, "stages is a whole number of 1 or more, not True"),
        ({"keep": 2.0}, "keep is the probability .* not 2.0"),
        ({"auxiliary_weight": -0.4}, "more than 0 and at most 10, not -0.4"),
        ({"auxiliary_weight": float("nan")}, "more than 0 and at most 10, not nan"),
        ({"auxiliary_weight": 0.4, "stages": 1}, "stands at a reduction cell: use more stages"),
        ({"dropout": 1.0}, "dropout is a share from 0 to less than 1, not 1.0"),
        ({"head": "flat"}, "a head is average, max or gem"),
        ({"norm": "ibn_a", "stages": 1}, "there is only one"),
        ({"auxiliary_weight": 0.4, "image_size": (4, 4)}, "5 pixels or more"),
        (
            {"auxiliary_weight": 0.4, "image_size": (1, 16)},
            r"size \[1, 16\] are too small for the reductions: use 2 or more along each axis",
        ),
        (
            {"auxiliary_weight": 0.4, "stages": 6},
            r"size \[16, 16\] are too small .* use 17 or more along each axis, or fewer stages",
        ),
    ],
)
def test_what_a_network_cannot_be_is_refused_with_what_it_can(wish: dict[str, Any], told: str) -> None:
    build_model = executed(Architecture(published["nasnet-a"], IMAGES))["build_model"]
    with pytest.raises(ValueError, match=told):
        build_model(**wish)


@pytest.mark.parametrize(
    ("skeleton", "form", "wish", "told"),
    [
        (Skeleton((1, 16, 16), 10, recursion=2), "training", {"auxiliary_weight": 0.4, "stages": 1}, "use more stages"),
        (Skeleton((1, 16, 16), 10, reversible=True), "training", {"auxiliary_weight": 1, "stages": 1}, "more stages"),
        (Skeleton((1, 16, 16), 10, norm="ibn_a"), "inference", {"stages": 1}, "ibn_a is for stages before the last"),
        (Skeleton((1, 16, 16), 10, norm="ibn_b"), "inference", {"stages": 1}, "use 2 stages or more"),
        *(
            (
                Skeleton((1, 16, 16), 10, cells_per_stage=2, skip_reduction_input=True, reduction_in_stage=True),
                form,
                {"cells_per_stage": 1},
                "use 2 cells a stage or more",
            )
            for form in FORMS
        ),
    ],
)
def test_what_no_skeleton_can_be_is_refused_of_what_is_grown(
    skeleton: Skeleton, form: Form, wish: dict[str, Any], told: str
) -> None:
    cell = Cell((Edge(0, 2, "sep_conv_3x3"), Edge(1, 2, "sep_conv_3x3")), (2,))
    build_model = executed(Architecture(Genotype(cell, cell), skeleton), form)["build_model"]
    build_model()
    with pytest.raises(ValueError, match=told):
        build_model(**wish)


def test_the_size_of_images_is_not_asked_after_where_no_auxiliary_head_reads_them() -> None:
    build_model = executed(Architecture(published["nasnet-a"], IMAGES))["build_model"]
    assert build_model(stages=6)(torch.randn(2, 3, 64, 64)).shape == (2, 10)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("stem", get_args(StemName))
@pytest.mark.parametrize("stages", [1, 2, 4])
def test_an_input_too_small_for_the_reductions_is_refused_with_the_smallest_that_works(
    stem: StemName, stages: int, form: Form
) -> None:
    smallest = next(side for side in range(1, 100) if _is_taken(side, stem, stages))
    skeleton = Skeleton((1, smallest, 60), 10, 16, stages=stages, stem=stem)
    network = executed(Architecture(published["enas"], skeleton), form)["build_model"]().eval()
    assert network(torch.randn(1, 1, smallest, 60)).shape == (1, 10)
    if smallest > 1:
        with pytest.raises(ValueError, match=f"use {smallest} or more along each axis, or fewer stages$"):
            network(torch.randn(1, 1, 60, smallest - 1))


def _is_taken(side: int, stem: StemName, stages: int) -> bool:
    try:
        Skeleton((1, side, 60), 10, 16, stages=stages, stem=stem)
    except InvalidSkeleton:
        return False
    return True


def test_an_exported_file_holds_only_what_it_uses() -> None:
    defined = {
        name for name, thing in executed(Architecture(published["enas"], SKELETONS[0])).items() if callable(thing)
    }
    assert {"AveragePool", "MaxPool", "SeparableConv", "NormalCell", "build_model", "load"} <= defined
    assert not {"Shift", "Band", "InceptionMixer", "FactorizedConv", "VolumeAverage", "DoubleStem"} & defined


def joining_nine() -> Genotype:
    """A node that concatenates nine edges, and one that adds nine."""
    edges = [Edge(number % 2, 2 + number // 9, "conv_3x3") for number in range(18)]
    cell = Cell(tuple(edges), (2, 3), (2,))
    return Genotype(cell, cell)


@pytest.mark.parametrize(
    ("norm", "told", "layer", "other"),
    [
        ("gn", "Group norm stands", "GroupNorm", "ChannelNorm"),
        ("ln", "Layer norm over the channels of each pixel stands", "ChannelNorm", "GroupNorm"),
    ],
)
def test_the_inference_form_holds_and_names_the_norm_alone_that_stands_for_batch_norm(
    norm: Norm, told: str, layer: str, other: str
) -> None:
    architecture = Architecture(published["darts-v2"], replace(IMAGES, norm=norm))
    text = to_python(architecture, "inference")
    assert f"    # {told} wherever batch norm did.\n    use_for_batch_norm(network)\n" in text
    assert f"{layer}(" in text
    assert other not in text
    assert '"ln"' not in text
    merged, exported = merge(architecture.build()), executed(architecture, "inference")["build_model"]()
    used, written = ([type(part).__name__ for part in net.modules()].count(layer) for net in (merged, exported))
    assert written == used > 0


def test_what_there_is_one_of_is_not_multiplied() -> None:
    cell = Cell((Edge(1, 2, "conv_3x3"),), (2,), (2,))
    text = to_python(Architecture(Genotype(cell, cell), IMAGES))
    assert "1 * channels" not in text
    assert "ReLUConvBN(channels, channels)" in text
    assert "(N, channels, ceil(H/2), ceil(W/2)) where" in text


def test_a_node_copies_what_it_concatenates_once_however_many_edges_there_are() -> None:
    for drop_path in (None, DropPath(0.8)):
        text = to_python(Architecture(joining_nine(), replace(IMAGES, drop_path=drop_path)))
        cells = [body.partition("\nclass ")[0] for body in text.split("Cell(Cell):")[1:]]
        assert [body.count("torch.cat(") for body in cells] == [2, 2]  # its own, and that of the outputs


MODULES = Path(search_space.modules.__path__[0])


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_a_docstring_names_no_class_that_is_not_in_its_file(dims: int) -> None:
    known = {
        name for path in MODULES.glob("*.py") for name in re.findall(r"^class (\w+)", path.read_text(), re.MULTILINE)
    }
    for text in exports(dims):
        classes = {node.name: node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)}
        for name, node in classes.items():
            # A name of two words; one of one word may be a word.
            named = set(re.findall(r"[A-Z][a-z]+[A-Z]\w+|(?<=`)[A-Z]\w+(?=`)", ast.get_docstring(node) or ""))
            assert not named & known - classes.keys(), name


@pytest.mark.parametrize("form", FORMS)
def test_an_exported_file_is_formatted_and_free_of_lint(tmp_path: Path, form: Form) -> None:
    genotypes = [every_operator(), joining_nine(), *(random_genotype(seed) for seed in range(6))]
    for number, genotype in enumerate(genotypes):
        architecture = Architecture(genotype, SKELETONS[number % len(SKELETONS)])
        (tmp_path / f"network_{number}.py").write_text(to_python(architecture, form, {"Accuracy": "0.97"}))
    for arguments in (["format", "--check"], ["check", "--select", "A,B,E,F,I,RET,SIM,UP,W"]):
        oldest = ["--target-version", "py310"]  # that this torch runs on
        command = [
            sys.executable,
            "-m",
            "ruff",
            *arguments,
            "--isolated",
            *oldest,
            "--line-length",
            "120",
            str(tmp_path),
        ]
        shown = subprocess.run(command, capture_output=True, text=True, check=False)
        assert shown.returncode == 0, shown.stdout


def test_an_exported_file_has_types_that_a_strict_checker_takes(tmp_path: Path) -> None:
    drawn = [replace(skeleton, initialisation="kmeans", norm="ibn_b", residual_scale=0.1) for skeleton in SKELETONS[1:]]
    drawn.append(replace(SKELETONS[2], reversible=True, initialisation="lsuv", norm="ibn_a"))
    texts = [text for dims in (1, 2, 3) for text in exports(dims)[:2]]
    texts += [to_python(Architecture(published["enas"], skeleton)) for skeleton in drawn]
    for number, text in enumerate(texts):
        (tmp_path / f"network_{number}.py").write_text(text)
    # With the settings of the project, and so with what it has found out about torch already.
    command = [sys.executable, "-m", "mypy", "--strict", *map(str, tmp_path.glob("*.py"))]
    shown = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert shown.returncode == 0, shown.stdout


OPTIONS: dict[str, dict[str, Any]] = {
    "range(2, 0, -1)": {"stem": "imagenet", "input_shape": (3, 35, 35)},
    "3, 2, 0)": {"stem": "imagenet", "input_shape": (3, 35, 35)},
    "DoubleStem": {"stem": "imagenet-darts", "input_shape": (3, 35, 35)},
    "self.skipping": {"skip_reduction_input": True},
    "range(cells_per_stage - (stage > 0))": {"reduction_in_stage": True},
    "elif older != self.channels_h0": {"older_input": "fitted"},
    "width in (newest, channels)": {"newest_units": 2},
    "bias=False)\n        self.apply": {"classifier_bias": False},
    "use_activation": {"activation": "gelu"},
    "use_residual_cells": {"residual_scale": 0.1},
    "use_recursion": {"recursion": 2},
    "ChannelNorm": {"norm": "ln"},
    "InstanceBatchNorm": {"norm": "ibn_a"},
    "NormalisedCell": {"norm": "ibn_b"},
}
FOR_TRAINING = ("drop", "auxiliary", "use_norm", "set_progress", "BatchNorm")
FOR_INFERENCE = ("layout", "finish", "use_early_strides", "channels_last", "use_shared_activations")


@pytest.mark.parametrize("form", FORMS)
def test_an_option_is_in_an_exported_file_only_where_the_file_uses_it(form: Form) -> None:
    skeleton = Skeleton((3, 16, 16), 10, 16, 2, older_input="prepared")
    plain = to_python(Architecture(published["darts-v2"], skeleton), form)
    norms = {"ChannelNorm", "InstanceBatchNorm", "NormalisedCell"} if form == "training" else set()
    assert {option for option in OPTIONS if option in plain} == norms
    assert not any(other in plain for other in (FOR_TRAINING if form == "inference" else FOR_INFERENCE))
    assert "unread" not in plain.lower()
    for option, chosen in OPTIONS.items():
        assert option in to_python(Architecture(published["darts-v2"], replace(skeleton, **chosen)), form)
    assert "range(cells_per_stage)" in plain
    assert "self.final_relu = nn.ReLU()" in plain
    bare = to_python(Architecture(published["darts-v2"], replace(skeleton, final_relu=False)), form)
    assert "final_relu = nn.ReLU()" not in bare


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("older_input", get_args(OlderInput))
def test_an_exported_file_has_no_option_that_is_always_the_same(form: Form, older_input: OlderInput) -> None:
    text = to_python(Architecture(published["nasnet-a"], Skeleton((3, 32, 32), 10, older_input=older_input)), form)
    assert not re.search(
        r"\b(fit|first_fit|units|newest_units|older_input|final_relu|classifier_bias|shrinks)\b[:=]", text
    )
    assert ("raw_h0" in text) == (older_input == "raw-first")
    assert not re.search(r"nn\.(SiLU|GELU|ELU)|fewest|older = number|\bndim - 2|if True|if False", text)
    assert ("put_channels_last" in text) == (form == "inference")
    assert "use_channels_last" not in text


def said_and_whether_it_holds(network: Network, image_NCHW: torch.Tensor) -> dict[str, bool]:
    """What docstrings say of stem, stages and head, by what this network has."""
    strides = [cell.stride for cell in network.cells]
    [first, *later] = [len(part) for part in "".join(map(str, strides)).lstrip("2").split("2")]
    shrunk = [(side - 1) // 2 for side in image_NCHW.shape[2:]]
    older, newest = (list(map_NCHW.shape[2:]) for map_NCHW in network.stem(image_NCHW))
    is_single = older == newest
    return {
        "twice (N, channels, H, W)": is_single and newest == list(image_NCHW.shape[2:]),
        "twice (N, channels, (H - 1) // 2, (W - 1) // 2)": is_single and newest == shrunk,
        "(N, channels, ceil(H/4), ceil(W/4)) and (N, channels, ceil(H/8), ceil(W/8))": not is_single,
        "A stage has `cells_per_stage` of these": set(later) == {first},
        "The reduction is one of its stage's `cells_per_stage` cells": set(later) == {first - 1},
        "Between stem and stages are 2 more reductions": strides[:2] == [2, 2],
        "The cell after the reduction of a stage takes for its older input the one that the reduction took": bool(
            network.skipping
        ),
        "A ReLU stands before the head": isinstance(network.final_relu, nn.ReLU),
        "The layer has no bias": network.classifier.bias is None,
    }


@pytest.mark.parametrize("stem", get_args(StemName))
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"skip_reduction_input": True},
        {"reduction_in_stage": True},
        {"final_relu": False},
        {"classifier_bias": False},
        {"skip_reduction_input": True, "reduction_in_stage": True, "final_relu": False, "classifier_bias": False},
    ],
)
def test_docstrings_say_of_stem_stages_and_head_what_holds(stem: StemName, options: dict[str, Any]) -> None:
    skeleton = Skeleton((3, 37, 37), 10, 16, 2, stem=stem, **options)
    architecture = Architecture(published["darts-v2"], skeleton)
    network = architecture.build().eval()
    assert isinstance(network, Network)
    holds = said_and_whether_it_holds(network, torch.randn(1, 3, 37, 37))
    for form in FORMS:
        classes = [node for node in ast.parse(to_python(architecture, form)).body if isinstance(node, ast.ClassDef)]
        told = " ".join(" ".join((ast.get_docstring(node) or "").split()) for node in classes)
        assert {said: said in told for said in holds} == holds


def test_each_change_of_a_network_is_told_in_one_line_where_it_is_made() -> None:
    changes: dict[str, Any] = {
        "activation": "gelu", "residual_scale": 0.1, "recursion": 2, "norm": "ibn_a", "initialisation": "gabor",
    }  # fmt: skip
    skeletons = [IMAGES, replace(IMAGES, **changes), replace(IMAGES, norm="gn"), replace(IMAGES, reversible=True)]
    for skeleton in [*skeletons, replace(IMAGES, norm="ibn_b", initialisation="dirac")]:
        for form in FORMS:
            text = to_python(Architecture(published["darts-v2"], skeleton), form)
            lines = text.partition("\ndef build_model(")[2].partition("\ndef load(")[0].splitlines()
            changing = [number for number, line in enumerate(lines) if re.match(r"    (use_|put_|share_|if aux)", line)]
            assert changing or form == "inference"
            assert all(re.match(r"    # [A-Z].*\.$", lines[number - 1]) for number in changing), text


@pytest.mark.parametrize("form", FORMS)
def test_it_is_told_of_the_newest_input_that_it_goes_through_two_units_where_it_does(form: Form) -> None:
    one, two = (to_python(Architecture(published["enas"], replace(IMAGES, newest_units=n)), form) for n in (1, 2))
    told = "# The newest input goes through two of these in a row, as in the released code of ENAS"
    assert told in two.partition("units = [ReLUConvBN(")[0].splitlines()[-2]
    assert "in a row" not in one


# Those of which the narrowest cell has a depthwise convolution or a pool, both of which are faster so.
CHANNELS_LAST_PAY = {
    name
    for name, operator in OPERATORS.items()
    if 2 in operator.dims
    for parts in [list(merge(operator.build(4, 4).eval()).modules())]
    if any(isinstance(part, nn.AvgPool2d | nn.MaxPool2d) or getattr(part, "groups", 1) > 1 for part in parts)
}


def test_channels_lie_last_without_a_question_where_that_is_always_faster() -> None:
    for name, operator in OPERATORS.items():
        if 2 in operator.dims:
            cell = Cell((Edge(1, 2, name),), (2,))
            text = to_python(Architecture(Genotype(cell, cell), Skeleton((3, 8, 8), 10, 8, stages=2)), "inference")
            assert ("use_channels_last" in text) == (name not in CHANNELS_LAST_PAY), name


def test_helps_for_training_that_a_network_cannot_have_are_not_in_its_file() -> None:
    small = to_python(Architecture(published["darts-v2"], Skeleton((3, 8, 8), 10, 8, stages=1)))
    assert "schedule_drop_path" in small
    assert "uxiliary" not in small
    reversible = to_python(Architecture(published["darts-v2"], replace(IMAGES, reversible=True)))
    assert not re.search(r"[dD]rop_?[pP]ath|drop paths|\bkeep( =|:)|by_layer|by_time|set_progress", reversible)
    assert "class AuxiliaryHead" in reversible
    neither = to_python(Architecture(published["darts-v2"], Skeleton((3, 8, 8), 10, 8, stages=1, reversible=True)))
    assert "uxiliary" not in neither


def test_the_docstring_tells_what_build_model_makes_with_its_auxiliary_head_and_without() -> None:
    for auxiliary in (None, Auxiliary()):
        architecture = Architecture(published["darts-v2"], replace(IMAGES, auxiliary=auxiliary))
        text, build_model = " ".join(to_python(architecture).split()), executed(architecture)["build_model"]
        without, with_head = (
            sum(p.numel() for p in build_model(auxiliary_weight=weight).parameters()) for weight in (0, 0.4)
        )
        assert f"It has {without:,} parameters" in text
        told = re.search(
            r"auxiliary(.*?) has ([0-9,]+) parameters and [0-9,]+ multiply-accumulates more, in training", text
        )
        assert told is not None
        assert told[2] == f"{with_head - without:,}"
        makes_it = sum(p.numel() for p in build_model().parameters()) == with_head
        assert ("which auxiliary_weight=0 leaves out" in told[1]) == makes_it == (auxiliary is not None)


@pytest.mark.parametrize("form", FORMS)
def test_an_exported_file_names_the_paper_of_every_operator(form: Form) -> None:
    for name, operator in OPERATORS.items():
        papers = re.findall(r"arXiv (\d{4}\.\d{4,5})", operator.source)
        assert papers, name
        for dims in operator.dims:
            cell = Cell((Edge(0, 2, name), Edge(1, 2, name)), (2,))
            skeleton = Skeleton((3, *[8] * dims), 10, 8, stages=2)
            tree = ast.parse(to_python(Architecture(Genotype(cell, cell), skeleton), form))
            definitions = [node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
            told = " ".join((ast.get_docstring(node) or "") for node in definitions)
            assert not [paper for paper in papers if paper not in told], name


def test_a_cell_that_does_not_read_its_newest_input_brings_what_stands_for_what_is_unread() -> None:
    cell = Cell((Edge(0, 2, "sep_conv_3x3"),), (2,))
    assert "class Unread" in to_python(Architecture(Genotype(cell, cell), Skeleton((3, 16, 16), 10, 16, 2)))


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_strides_are_early_in_an_exported_file_where_an_operator_has_some(dims: int) -> None:
    for name, operator in OPERATORS.items():
        if dims in operator.dims:
            module = merge(operator.build(8, 8, 2, dims).eval())
            use_early_strides(module)  # type: ignore[arg-type]  # no network, but of modules too
            strides_early = any(isinstance(part, EverySecond) for part in module.modules())
            # By itself, so that it is there also where it is `none`.
            cell = Cell((Edge(1, 2, name),), (2,))
            text = to_python(
                Architecture(Genotype(cell, cell), Skeleton((3, *[8] * dims), 10, 8, stages=2)), "inference"
            )
            assert ("use_early_strides" in text) == strides_early, name


@given(key=st.text(), text=st.text() | st.sampled_from(['"""\nimport os\n"""', "\\", '\\"""', '"', "\\N{x}", "\ud800"]))
@settings(max_examples=40, deadline=None)
def test_no_text_in_the_head_gets_out_of_the_docstring(key: str, text: str) -> None:
    architecture = Architecture(published["darts-v1"], SKELETONS[0])
    with_head, without = (ast.parse(to_python(architecture, head=head)) for head in ({key: text}, {}))
    assert ast.dump(ast.Module(with_head.body[1:], [])) == ast.dump(ast.Module(without.body[1:], []))
    docstring = ast.get_docstring(with_head, clean=False)
    assert docstring is not None
    assert " ".join(f"{key}: {text}".split()) in " ".join(docstring.split())


def test_the_docstring_tells_the_measurements_and_the_genotype() -> None:
    genotype = random_genotype(1)
    text = to_python(Architecture(genotype, SKELETONS[0]), head={"Accuracy": "0.971 ± 0.004", "Latency": "1.2 ms"})
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring is not None
    assert "Accuracy: 0.971 ± 0.004\nLatency: 1.2 ms" in docstring
    assert Genotype.from_json(docstring.partition(f"{genotype.key}:\n")[2]) == genotype


def test_what_cannot_be_merged_is_said_to_cost_what_it_cost_in_training() -> None:
    architecture = Architecture(published["darts-v2"], replace(IMAGES, norm="ln"))
    built = executed(architecture, "inference")["build_model"]
    params, macs = counted(built, architecture.skeleton.input_shape)
    text = to_python(architecture, "inference")
    assert f"It has {params:,} parameters and {macs:,} multiply" in text
    assert "Its training form has" not in text


def test_an_exported_file_tells_its_parts_apart_and_says_nothing_to_linters() -> None:
    text = to_python(Architecture(every_operator(), SKELETONS[0]), "inference")
    told = [line for line in text.splitlines() if line.startswith("# ")]
    assert told == [
        "# What the cells are made of.",
        "# The cells that were found.",
        "# The network around them.",
        "# From here on it is used.",
    ]
    assert "noqa" not in text


def test_code_is_generated_without_torch() -> None:
    program = (
        "import sys\n"
        "from search_space.export import to_python\n"
        "from search_space.network import Architecture\n"
        "from search_space.published import published\n"
        "from search_space.skeleton import skeletons\n"
        "to_python(Architecture(published['nasnet-a'], skeletons['tiny']))\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])
