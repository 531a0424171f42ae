"""The text of the function that puts the network of a skeleton together."""

from __future__ import annotations

from collections.abc import Mapping

from search_space.module_source import Form
from search_space.skeleton import Skeleton

_FITS: Mapping[str, Mapping[str, object]] = {
    "raw-first": {},
    "fitted": {"first_fit": '"width"'},
    "prepared": {"first_fit": '"always"', "fit": '"always"'},
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
    network = "RegularisedNetwork" if form == "training" and is_regularised(skeleton) else "Network"
    choices = {**_choices(skeleton), **(_regularisation(skeleton) if form == "training" else {})}
    return f'''\
def build_model(
    input_channels: int = {skeleton.input_shape[0]},
    classes: int = {skeleton.classes},
    channels: int = {skeleton.channels},
    cells_per_stage: int = {skeleton.cells_per_stage},
) -> {network}:
    """A freshly initialised network: images (N, input_channels, H, W) to logits (N, classes)."""
    return {network}(
        {_stem(skeleton)},
        NormalCell,
        ReductionCell,
        classes=classes,
        channels=channels,
        cells_per_stage=cells_per_stage,
        stages={skeleton.stages},
{"".join(f"        {name}={value},{chr(10)}" for name, value in choices.items())}    )'''


def is_regularised(skeleton: Skeleton) -> bool:
    """Whether a network has parts that only its training needs."""
    return skeleton.auxiliary is not None or skeleton.drop_path is not None


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


def _regularisation(skeleton: Skeleton) -> dict[str, object]:
    arguments: dict[str, object] = {}
    if (auxiliary := skeleton.auxiliary) is not None:
        arguments["auxiliary"] = (
            f"lambda channels_in: AuxiliaryHead(channels_in, classes, {skeleton.auxiliary_size}, "
            f"pool_stride={auxiliary.pool_stride}, widths={auxiliary.widths}, last_norm={auxiliary.last_norm})"
        )
        arguments["offset"] = auxiliary.offset
    if (drop_path := skeleton.drop_path) is not None:
        arguments |= {"keep": drop_path.keep, "by_layer": drop_path.by_layer, "by_time": drop_path.by_time}
    return arguments
