"""The text of the function that puts the network of a skeleton together."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import indent

from search_space.module_source import Form
from search_space.skeleton import Skeleton

_FITS: Mapping[str, Mapping[str, object]] = {
    "raw-first": {},
    "fitted": {"first_fit": '"width"'},
    "prepared": {"first_fit": '"always"', "fit": '"always"'},
}
_ACTIVATIONS = {"silu": "nn.SiLU", "gelu": "nn.GELU", "elu": "nn.ELU"}
_NORMS = {
    "ibn_a": "use_ibn_a(network, min(2, stages - 1))",
    "ibn_b": "use_ibn_b(network, min(2, stages - 1))",
    "gn": 'use_for_batch_norm(network, "gn")',
    "ln": 'use_for_batch_norm(network, "ln")',
}
_OF_NETWORK = {
    "stem_reductions": 0,
    "skip_reduction_input": False,
    "reduction_in_stage": False,
    "newest_units": 1,
    "final_relu": True,
    "classifier_bias": True,
}


def network_source(skeleton: Skeleton, form: Form) -> str:
    """`build_model`, whose defaults are those of `skeleton`; NormalCell and ReductionCell are the cells it takes."""
    regularisation = _regularisation(skeleton) if form == "training" else []
    additions = [*regularisation, *_changes(skeleton)]
    network = "RegularisedNetwork" if regularisation else "Network"
    before, after = ("network =", [*additions, "return network"]) if additions else ("return", [])
    choices = [f"    {name}={value}," for name, value in _choices(skeleton).items()]
    body = [
        f"{before} {network}(",
        f"    {_stem(skeleton)},",
        "    NormalCell,",
        "    ReductionCell,",
        "    classes=classes,",
        "    channels=channels,",
        "    cells_per_stage=cells_per_stage,",
        "    stages=stages,",
        *choices,
        *(["    dropout=dropout,"] if form == "training" else []),
        ")",
        *after,
    ]
    arguments = {
        "input_channels: int": skeleton.input_shape[0],
        "classes: int": skeleton.classes,
        "channels: int": skeleton.channels,
        "cells_per_stage: int": skeleton.cells_per_stage,
        "stages: int": skeleton.stages,
        **(_helps(skeleton) if form == "training" else {}),
    }
    lines = [f"{name} = {value}," for name, value in arguments.items()]
    promise = "A freshly initialised network: images (N, input_channels, H, W) to logits (N, classes)."
    if "auxiliary_weight: float" in arguments:
        promise += "\n\nIts auxiliary head takes images of `image_size` alone; with a weight of 0 there is none.\n"
    return f"""\
def build_model(
{indent(chr(10).join(lines), "    ")}
) -> {network}:
{indent(f"{chr(34) * 3}{promise}{chr(34) * 3}", "    ")}
{indent(chr(10).join(body), "    ")}"""


def _stem(skeleton: Skeleton) -> str:
    own = {"tiny": "channels", "cifar": "3 * channels", "imagenet": "32", "imagenet-darts": "channels"}
    width = str(skeleton.stem_channels or own[skeleton.stem])
    if skeleton.stem == "imagenet-darts":
        return f"DoubleStem(input_channels, {width})"
    return f"Stem(input_channels, {width}{', shrinks=True' if skeleton.stem == 'imagenet' else ''})"


def _choices(skeleton: Skeleton) -> dict[str, object]:
    """The keywords of Network in which a skeleton differs from NASNet's on small images, as text."""
    choices = {
        "stem_reductions": 2 if skeleton.stem == "imagenet" else 0,
        "skip_reduction_input": skeleton.skip_reduction_input,
        "reduction_in_stage": skeleton.reduction_in_stage,
        **_FITS[skeleton.older_input],
        "newest_units": skeleton.newest_units,
        "final_relu": skeleton.final_relu,
        "classifier_bias": skeleton.classifier_bias,
    }
    return {name: value for name, value in choices.items() if value != _OF_NETWORK.get(name)}


def _helps(skeleton: Skeleton) -> dict[str, object]:
    """The arguments that only training needs, with their defaults."""
    helps: dict[str, object] = {"dropout: float": float(skeleton.dropout)}
    if skeleton.auxiliary is not None:
        helps["auxiliary_weight: float"] = float(skeleton.auxiliary.weight)
        helps["image_size: tuple[int, int]"] = skeleton.input_shape[1:]
    if skeleton.drop_path is not None:
        helps["keep: float"] = float(skeleton.drop_path.keep)
    return helps


def _changes(skeleton: Skeleton) -> list[str]:
    """The statements that put other parts in place of those that a network is built with."""
    statements = []
    if skeleton.activation != "relu":
        statements.append(f"use_activation(network, {_ACTIVATIONS[skeleton.activation]})")
    if skeleton.residual_scale is not None:
        statements.append(f"use_residual_cells(network, {float(skeleton.residual_scale)})")
    if skeleton.norm != "bn":
        statements.append(_NORMS[skeleton.norm])
    return statements


def _regularisation(skeleton: Skeleton) -> list[str]:
    """The statements that add what only training needs."""
    statements = []
    if (auxiliary := skeleton.auxiliary) is not None:
        how = f"{auxiliary.pool_stride}, {auxiliary.widths}, {auxiliary.last_norm}"
        statements += [
            "if auxiliary_weight:",
            f"    height, width = ({_auxiliary_side(skeleton)} for side in image_size)",
            f"    network.add_auxiliary(auxiliary_weight, {auxiliary.offset}, (height, width), {how})",
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
