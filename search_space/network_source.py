"""The text of the function that puts the network of a skeleton together."""

from __future__ import annotations

import re
from collections.abc import Iterable
from textwrap import indent

from search_space.module_source import Form
from search_space.skeleton import AXES, FROM_IMAGES, Skeleton

_NORMS = {"gn": "Group norm", "ln": "Layer norm over the channels of each pixel"}
_ACTIVATIONS = {"silu": "nn.SiLU", "gelu": "nn.GELU", "elu": "nn.ELU"}
# The smallest side of an image, in pixels, of which the last reduction finds two; see `Skeleton`.
_SMALLEST = {
    "tiny": "2 ** (stages - 1) // 2 + 1",
    "cifar": "2 ** (stages - 1) // 2 + 1",
    "imagenet": "2 ** (stages + 1) + 3",
    "imagenet-darts": "2 ** (stages - 1) // 2 * 8 + 1",
}
_INPUTS = {
    1: "signals (N, input_channels, L)",
    2: "images (N, input_channels, H, W)",
    3: "volumes (N, input_channels, D, H, W)",
}
_BEGINNINGS = {
    "orthogonal": "use_orthonormal_weights",
    "lsuv": "use_orthonormal_weights",
    "dirac": "use_dirac_weights",
    "gabor": "use_gabor_stem",
}
_TOLD = {
    "use_reversible_cells": "Normal cells add to their older input, which training has back from what they give.",
    "use_recursion": "Normal cells run several times, each time on their own last result.",
    "if auxiliary_weight": "A second classifier in the middle helps training.",
    "network.schedule_drop_path": "Training drops whole paths through cells.",
    "use_activation": "Another activation stands wherever ReLU did.",
    "use_residual_cells": "The newest input is led around normal cells and added to their result, which is scaled.",
    "use_norm": 'Where `norm` is not "bn", another norm stands for batch norm.',
    "use_ibn_a": "In the first stages half of the channels of the newest inputs are instance-normalised.",
    "use_ibn_b": "After the first stages all channels are instance-normalised.",
    "put_channels_last": "The channels of each pixel lie side by side in memory, on which most layers are faster.",
    "use_channels_last": "The channels of each pixel lie side by side in memory where that is faster.",
    "use_early_strides": "Pixels that a strided convolution passes over are left out before its activation.",
    "use_shared_activations": "An activation that several readers of a map begin with is computed once.",
    "use_orthonormal_weights": "The kernels begin orthonormal.",
    "use_dirac_weights": "Kernels that keep channels apart begin as identities.",
    "use_gabor_stem": "The first kernels begin as Gabor's filters.",
    "share_weights": "All runs of a cell have the weights of its first.",
}
_OF_NETWORK = {
    "stem_reductions": 0,
    "skip_reduction_input": False,
    "reduction_in_stage": False,
    "final_relu": True,
    "classifier_bias": True,
}


def network_source(skeleton: Skeleton, form: Form, offered: Skeleton | None = None, faster: Iterable[str] = ()) -> str:
    """`build_model`, whose defaults are those of `skeleton`; NormalCell and ReductionCell are the cells it takes.

    What helps training and is in `offered` alone can be asked for by its arguments, and is off by default.
    `faster` are the functions that make the inference form so.
    """
    offered = offered or skeleton
    regularisation = _regularisation(offered) if form == "training" else []
    additions = [*_runs(skeleton), *regularisation, *_changes(skeleton, form)]
    network = "Network"
    if form == "inference":
        additions += [f"{function}(network)" for function in faster]
    if form == "training":
        additions += _beginnings(skeleton)
        if regularisation:
            network = "RegularisedNetwork"
        if skeleton.reversible:
            network = "ReversibleNetwork"
    fewest = 16 if skeleton.stem == "imagenet" else 4
    told = [line for addition in additions for line in [*_comment(addition), addition]]
    before, after = ("network =", [*told, "return network"]) if additions else ("return", [])
    choices = [f"    {name}={value}," for name, value in _choices(skeleton).items()]
    sizes = ("input_channels", "classes", "channels", "cells_per_stage", "stages")
    body = [
        "check_sizes(",
        *(f"    {size}={size}," for size in sizes),
        ")",
        f"if channels < {fewest}:",
        f'    raise ValueError("the narrowest cell has 4 channels or more: use {fewest} channels or more")',
        *_refusals(skeleton, form),
        f"{before} {network}(",
        f"    {_stem(skeleton)},",
        "    NormalCell,",
        "    ReductionCell,",
        "    classes=classes,",
        "    head=head,",
        "    channels=channels,",
        "    cells_per_stage=cells_per_stage,",
        "    stages=stages,",
        f"    smallest={_SMALLEST[skeleton.stem]},",
        *choices,
        *(["    dropout=dropout,"] if form == "training" else []),
        ")",
        *after,
    ]
    lines = [f"{name} = {value}," for name, value in _arguments(skeleton, form, offered).items()]
    promise = f"A freshly initialised network: {_INPUTS[skeleton.dims]} to logits (N, classes)."
    if form == "training" and skeleton.initialisation in FROM_IMAGES:
        promise += f"\n\nBefore training it wants {FROM_IMAGES[skeleton.initialisation]}(images, network).\n"
    if form == "training" and offered.auxiliary is not None:
        promise += "\n\nIts auxiliary head takes images of `image_size` alone; with a weight of 0 there is none.\n"
    return f"""\
def build_model(
{indent(chr(10).join(lines), "    ")}
) -> {network}:
{indent(f"{chr(34) * 3}{promise}{chr(34) * 3}", "    ")}
{indent(chr(10).join(body), "    ")}"""


def load_source(skeleton: Skeleton, form: Form, offered: Skeleton) -> str:
    """`load`, which takes the arguments of `build_model`."""
    arguments = _arguments(skeleton, form, offered)
    lines = ["path: str,", *(f"{name} = {value}," for name, value in arguments.items())]
    names = [name.partition(":")[0] for name in arguments]
    return f"""\
def load(
{indent(chr(10).join(lines), "    ")}
) -> Network:
    \"\"\"The network with the weights of the safetensors file at `path`, in evaluation mode.

    The other arguments are those of `build_model`, for weights of a network that was built with others. ValueError
    where file and network do not hold the same tensors.
    \"\"\"
    network = build_model(
{indent(chr(10).join(f"{name}={name}," for name in names), "        ")}
    )
    load_weights(network, path)
    return network.eval()"""


def _refusals(skeleton: Skeleton, form: Form) -> list[str]:
    """The statements that refuse what `Skeleton` does, as far as the sizes decide it."""
    lines = []
    if form == "inference" and skeleton.norm.startswith("ibn"):
        told = f"{skeleton.norm} is for stages before the last one: use 2 stages or more"
        lines += ["if stages == 1:", f'    raise ValueError("{told}")']
    if skeleton.skip_reduction_input and skeleton.reduction_in_stage:
        told = "the network wants a normal cell between every two reductions: use 2 cells a stage or more"
        lines += ["if cells_per_stage == 1:", f'    raise ValueError("{told}")']
    return lines


def _comment(statement: str) -> list[str]:
    """The line above a statement that says what it changes, where that is not told by it."""
    function = re.match(r"if \w+|[\w.]+", statement.strip())
    return [f"# {_TOLD[function[0]]}"] if function and function[0] in _TOLD else []


def _arguments(skeleton: Skeleton, form: Form, offered: Skeleton) -> dict[str, object]:
    """Those of `build_model`, each with its type and its default."""
    return {
        "input_channels: int": skeleton.input_shape[0],
        "classes: int": skeleton.classes,
        "channels: int": skeleton.channels,
        "cells_per_stage: int": skeleton.cells_per_stage,
        "stages: int": skeleton.stages,
        "head: str": f'"{skeleton.head}"',
        **({"norm: str": f'"{skeleton.norm}"', **_helps(skeleton, offered)} if form == "training" else {}),
    }


def _stem(skeleton: Skeleton) -> str:
    own = {"tiny": "channels", "cifar": "3 * channels", "imagenet": "32", "imagenet-darts": "channels"}
    width = str(skeleton.stem_channels or own[skeleton.stem])
    if skeleton.stem == "imagenet-darts":
        return f"DoubleStem(input_channels, {width}{_axes(skeleton)})"
    return (
        f"SingleStem(input_channels, {width}{', shrinks=True' if skeleton.stem == 'imagenet' else ''}{_axes(skeleton)})"
    )


def _axes(skeleton: Skeleton) -> str:
    """The argument that says how many axes maps have, where these are not two."""
    return "" if skeleton.dims == 2 else f", dims={skeleton.dims}"


def _choices(skeleton: Skeleton) -> dict[str, object]:
    """The keywords of Network in which a skeleton differs from NASNet's on small images, as text."""
    choices = {
        "stem_reductions": 2 if skeleton.stem == "imagenet" else 0,
        "skip_reduction_input": skeleton.skip_reduction_input,
        "reduction_in_stage": skeleton.reduction_in_stage,
        "final_relu": skeleton.final_relu,
        "classifier_bias": skeleton.classifier_bias,
    }
    return {name: value for name, value in choices.items() if value != _OF_NETWORK.get(name)}


def _helps(skeleton: Skeleton, offered: Skeleton) -> dict[str, object]:
    """The arguments that only training needs, with their defaults."""
    helps: dict[str, object] = {"dropout: float": float(skeleton.dropout)}
    if offered.auxiliary is not None:
        helps["auxiliary_weight: float"] = float(skeleton.auxiliary.weight) if skeleton.auxiliary else 0.0
        helps[f"image_size: tuple[{', '.join(['int'] * skeleton.dims)}]"] = skeleton.size
    if offered.drop_path is not None:
        helps["keep: float"] = float(skeleton.drop_path.keep) if skeleton.drop_path else 1.0
    return helps


def _changes(skeleton: Skeleton, form: Form) -> list[str]:
    """The statements that put other parts in place of those that a network is built with."""
    statements = []
    if skeleton.activation != "relu":
        statements.append(f"use_activation(network, {_ACTIVATIONS[skeleton.activation]})")
    if skeleton.residual_scale is not None:
        statements.append(f"use_residual_cells(network, {float(skeleton.residual_scale)})")
    if form == "training":
        statements.append(f"use_norm(network, norm{_axes(skeleton)})")
    elif skeleton.norm in ("gn", "ln"):
        # By which norm is settled in the file; see `to_python`.
        statements += [f"# {_NORMS[skeleton.norm]} stands wherever batch norm did.", "use_for_batch_norm(network)"]
    elif skeleton.norm == "ibn_a":
        statements.append("use_ibn_a(network, min(2, stages - 1))")
    elif skeleton.norm == "ibn_b":
        statements.append(f"use_ibn_b(network, min(2, stages - 1){_axes(skeleton)})")
    return statements


def _runs(skeleton: Skeleton) -> list[str]:
    """The statements that change how cells run: they come before all that changes what is in them."""
    return [
        *(["use_reversible_cells(network)"] if skeleton.reversible else []),
        *([f"use_recursion(network, {skeleton.recursion})"] if skeleton.recursion > 1 else []),
    ]


def _beginnings(skeleton: Skeleton) -> list[str]:
    """The statements about what training begins with: they come after all others."""
    begins = _BEGINNINGS.get(skeleton.initialisation)
    return [
        *([f"{begins}(network)"] if begins else []),
        *(["share_weights(network)"] if skeleton.recursion > 1 else []),
    ]


def _regularisation(skeleton: Skeleton) -> list[str]:
    """The statements that add what only training needs."""
    statements = []
    if (auxiliary := skeleton.auxiliary) is not None:
        names = ", ".join(AXES[skeleton.dims])
        axes = f"({names},)" if skeleton.dims == 1 else names
        size = axes if skeleton.dims == 1 else f"({names})"
        how = f"{auxiliary.pool_stride}, {auxiliary.widths}, {auxiliary.last_norm}"
        statements += [
            "if auxiliary_weight:",
            "    network.check_size([*image_size])",
            f"    {axes} = ({_auxiliary_side(skeleton)} for side in image_size)",
            f"    network.add_auxiliary(auxiliary_weight, {auxiliary.offset}, {size}, {how})",
        ]
    if (drop_path := skeleton.drop_path) is not None:
        statements.append(f"network.schedule_drop_path(keep, {drop_path.by_layer}, {drop_path.by_time})")
    return statements


def _auxiliary_side(skeleton: Skeleton) -> str:
    """What is left of a side of the image where the auxiliary head reads; see `Skeleton.auxiliary_size`."""
    before = skeleton.auxiliary is not None and skeleton.auxiliary.offset < 0
    halvings = {"imagenet": 1, "imagenet-darts": 2}.get(skeleton.stem, -1) - before
    side = "((side - 1) // 2)" if skeleton.stem == "imagenet" else "side"
    power = f"2 ** (stages {'+' if halvings > 0 else '-'} {abs(halvings)})" if halvings else "2**stages"
    return f"-(-{side} // {power})"
