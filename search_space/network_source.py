"""The text of the function that puts the network of a skeleton together."""

from __future__ import annotations

from collections.abc import Iterator

from search_space.skeleton import Skeleton

_FITS = {
    "raw-first": {},
    "fitted": {"first_fit": "width"},
    "prepared": {"first_fit": "always", "fit": "always"},
}


def network_source(skeleton: Skeleton) -> str:
    """`build_model`, whose defaults are those of `skeleton`; NormalCell and ReductionCell are the cells it takes."""
    return f'''\
def build_model(
    input_channels: int = {skeleton.input_shape[0]},
    classes: int = {skeleton.classes},
    channels: int = {skeleton.channels},
    cells_per_stage: int = {skeleton.cells_per_stage},
) -> Network:
    """A freshly initialised network: images (N, input_channels, H, W) to logits (N, classes)."""
    return Network(
        {_stem(skeleton)},
        NormalCell,
        ReductionCell,
        classes=classes,
        channels=channels,
        cells_per_stage=cells_per_stage,
        stages={skeleton.stages},
{"".join(f"        {name}={_literal(value)},{chr(10)}" for name, value in _choices(skeleton))}    )'''


def _stem(skeleton: Skeleton) -> str:
    own = {"tiny": "channels", "cifar": "3 * channels", "imagenet": "32", "imagenet-darts": "channels"}
    width = str(skeleton.stem_channels or own[skeleton.stem])
    if skeleton.stem == "imagenet-darts":
        return f"DoubleStem(input_channels, {width})"
    return f"Stem(input_channels, {width}{', shrinks=True' if skeleton.stem == 'imagenet' else ''})"


def _choices(skeleton: Skeleton) -> Iterator[tuple[str, int | str]]:
    """The keywords of Network in which a skeleton differs from NASNet's on small images."""
    if skeleton.stem == "imagenet":
        yield "stem_reductions", 2
    if skeleton.skip_reduction_input:
        yield "skip_reduction_input", True
    if skeleton.reduction_in_stage:
        yield "reduction_in_stage", True
    yield from _FITS[skeleton.older_input].items()
    if skeleton.newest_units != 1:
        yield "newest_units", skeleton.newest_units
    if not skeleton.final_relu:
        yield "final_relu", False
    if not skeleton.classifier_bias:
        yield "classifier_bias", False


def _literal(value: int | str) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)
