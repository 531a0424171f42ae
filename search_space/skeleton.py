"""Skeletons: the fixed network around the cells, and the named ones."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

from search_space.counting import Size, strided
from search_space.regularisation import Auxiliary, DropPath, is_number

InputShape: TypeAlias = tuple[int, ...]
"""Channels, then length; height and width; or depth, height and width."""

OlderInput: TypeAlias = Literal["raw-first", "fitted", "prepared"]
Norm: TypeAlias = Literal["bn", "ibn_a", "ibn_b", "gn", "ln"]
Head: TypeAlias = Literal["average", "max", "gem"]
Activation: TypeAlias = Literal["relu", "silu", "gelu", "elu"]
StemName: TypeAlias = Literal["tiny", "cifar", "imagenet", "imagenet-darts"]
Initialisation: TypeAlias = Literal["he", "orthogonal", "lsuv", "dirac", "gabor", "kmeans"]
FROM_IMAGES: Mapping[str, str] = MappingProxyType({"lsuv": "use_unit_variances_for", "kmeans": "use_clusters_of"})
"""The initialisations that want to see some images, with what shows them: see `search_space.modules.initialisation`."""


INPUTS: Mapping[int, str] = MappingProxyType({1: "signals", 2: "images", 3: "volumes"})
"""What a network takes, by the axes of a map."""

AXES: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
)
"""What the axes of maps are called, by how many there are."""


class InvalidSkeleton(ValueError):
    """A network that cannot be built, or not in reason; the message says what can."""


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Stages of normal cells with a reduction cell between each two (Zoph et al. 2017, arXiv 1707.07012).

    `input_shape` is channels, height and width; for signals channels and length, for volumes channels, depth, height
    and width, and then every convolution has so many axes. `channels` is the width of the cells of the first stage;
    every reduction doubles it. The stem is one 3x3 convolution with batch norm, or several:

    - tiny: to `channels`;
    - cifar: to three times `channels`;
    - imagenet: with stride 2 and no padding to 32, then two reduction cells at a quarter and half of `channels`;
    - imagenet-darts: three with stride 2, to half of `channels` and twice to `channels`; the first cell reads the
      second one's result as its older input and the third one's as its newest.

    `stem_channels` replaces the stem's own width. In the other fields the published networks differ:

    - `skip_reduction_input`: the cell after a reduction reads, as its older input, the tensor before the one that
      the reduction read (NASNet's large network, AmoebaNet);
    - `reduction_in_stage`: the reduction is the first of the next stage's `cells_per_stage` cells (PNASNet);
    - `older_input`: a cell's older input goes through ReLU, 1x1 convolution and batch norm where its width differs,
      only that the first cell, which has nothing older, takes the newest tensor as it comes (raw-first: NASNet,
      AmoebaNet, PNASNet); where its width differs (fitted: ENAS); always (prepared: DARTS). Where its size differs,
      it is a factorised reduction;
    - `newest_units`: how many such units the newest input goes through (ENAS: two);
    - `final_relu`: a ReLU stands before the global average (all but DARTS);
    - `classifier_bias`: the classifier has a bias (all but ENAS).

    `norm` is batch norm; or for nets that meet other images than they were trained on, in the first two stages but
    never in the last, half instance norm for the newest inputs (ibn_a) or instance norm after the stage (ibn_b; Pan et
    al. 2018, arXiv 1807.09441); or for small batches, group norm with up to 32 groups (gn) or layer norm over the
    channels (ln) everywhere, neither of which can be folded into a convolution.

    `activation` stands wherever ReLU would. With `residual_scale`, the newest input is led around every normal cell
    that reads it and whose result is as wide, which is scaled by so much before the sum. These same cells run as often
    as `recursion` says, each time on their own last result, with the same weights and other norms (Shen et al. 2021,
    arXiv 2111.05297).

    With `reversible`, every normal cell with inputs and result of one shape takes the newest input as both and adds
    its result to the older one: training keeps two tensors for all of a stage's cells in a row, and runs each cell
    once more for its gradient (Gomez et al. 2017, arXiv 1707.04585).

    `initialisation` says what the weights of convolutions begin with:

    - he: normal, by what goes out of a convolution (arXiv 1502.01852);
    - orthogonal: kernels are orthonormal; lsuv: and then scaled for results of variance 1 (arXiv 1511.06422);
    - dirac: those that keep channels apart are identities;
    - gabor: the first one has Gabor's filters; kmeans: it has what the patches of images cluster to.

    `head` is what the classifier reads of each channel of the last map: the average of its pixels, their maximum, or
    their generalised mean, whose exponent is learned (gem; Radenovic et al. 2017, arXiv 1711.02512).

    `auxiliary`, `drop_path`, and `dropout` before the classifier help its training, and are gone after it.
    """

    input_shape: InputShape
    classes: int
    channels: int = 16
    cells_per_stage: int = 1
    stages: int = 3
    stem: StemName = "tiny"
    stem_channels: int | None = None
    skip_reduction_input: bool = False
    reduction_in_stage: bool = False
    older_input: OlderInput = "raw-first"
    newest_units: int = 1
    final_relu: bool = True
    classifier_bias: bool = True
    norm: Norm = "bn"
    activation: Activation = "relu"
    residual_scale: float | None = None
    recursion: int = 1
    reversible: bool = False
    initialisation: Initialisation = "he"
    auxiliary: Auxiliary | None = None
    drop_path: DropPath | None = None
    dropout: float = 0.0
    head: Head = "average"

    def __post_init__(self) -> None:
        if not isinstance(self.input_shape, tuple | list) or len(self.input_shape) not in (2, 3, 4):
            raise InvalidSkeleton(
                "input_shape is channels, height and width; or channels and one axis, or three, not "
                f"{reprlib.repr(self.input_shape)}"
            )
        object.__setattr__(self, "input_shape", tuple(self.input_shape))
        _one_of("stem", self.stem, get_args(StemName))
        _one_of("head", self.head, get_args(Head))
        _one_of("norm", self.norm, get_args(Norm))
        _one_of("activation", self.activation, get_args(Activation))
        scale = self.residual_scale
        if scale is not None and not (is_number(scale) and 0 < scale <= 1):
            raise InvalidSkeleton(
                f"residual_scale is a number more than 0 and at most 1, or none, not {reprlib.repr(scale)}"
            )
        if self.norm.startswith("ibn") and self.stages == 1:
            raise InvalidSkeleton(f"{self.norm} is for stages before the last one, and there is only one")
        _one_of("older_input", self.older_input, get_args(OlderInput))
        _one_of("initialisation", self.initialisation, get_args(Initialisation))
        for axis, value in zip(("channels", *AXES[self.dims]), self.input_shape, strict=True):
            _within(f"input_shape's {axis}", value, 1, 65_536 if axis == "length" else 4096)
        _within("recursion", self.recursion, 1, 3)
        _within("classes", self.classes, 1, 100_000)
        # The narrowest cell keeps 4 channels: the mixers that split their channels need as many as they have parts.
        _within("channels", self.channels, 16 if self.stem == "imagenet" else 4, 4096)
        _within("cells_per_stage", self.cells_per_stage, 1, 64)
        _within("stages", self.stages, 1, 6)
        _within("newest_units", self.newest_units, 1, 2)
        if self.stem_channels is not None:
            _within("stem_channels", self.stem_channels, 4, 4096)
        for name in ("skip_reduction_input", "reduction_in_stage", "final_relu", "classifier_bias", "reversible"):
            if type(getattr(self, name)) is not bool:
                raise InvalidSkeleton(f"{name} is true or false, not {reprlib.repr(getattr(self, name))}")
        if self.skip_reduction_input and self.reduction_in_stage and self.cells_per_stage == 1:
            raise InvalidSkeleton("skip_reduction_input wants a normal cell between every two reductions")
        if self.reversible and self.residual_scale is not None:
            raise InvalidSkeleton("residual_scale and reversible lead inputs around the same cells: use one of the two")
        if self.reversible and self.drop_path is not None:
            raise InvalidSkeleton("drop_path would draw anew when a reversible cell runs again: use one of the two")
        if not is_number(self.dropout) or not 0 <= self.dropout < 1:
            raise InvalidSkeleton(f"dropout is a share from 0 to less than 1, not {reprlib.repr(self.dropout)}")
        object.__setattr__(self, "auxiliary", _part("auxiliary", Auxiliary, self.auxiliary))
        object.__setattr__(self, "drop_path", _part("drop_path", DropPath, self.drop_path))
        self._check_reductions()
        self._check_auxiliary()

    @property
    def dims(self) -> int:
        """How many axes its maps have: 1 for signals, 2 for images, 3 for volumes."""
        return len(self.input_shape) - 1

    @property
    def size(self) -> Size:
        """That of an input, without its channels."""
        return self.input_shape[1:]

    @property
    def reductions(self) -> int:
        """How many reduction cells there are."""
        return self.stages - 1 + (2 if self.stem == "imagenet" else 0)

    @property
    def normal_cells(self) -> tuple[int, ...]:
        """How many normal cells each stage has."""
        later = self.cells_per_stage - self.reduction_in_stage
        return (self.cells_per_stage, *[later] * (self.stages - 1))

    @property
    def folds_norms(self) -> bool:
        """Whether the norms of the inference form are folded into convolutions, which those of pixels cannot be."""
        return self.norm not in ("gn", "ln")

    @property
    def instance_norm_stages(self) -> int:
        """In how many stages instance norms stand, with ibn_a and ibn_b."""
        return min(2, self.stages - 1) if self.norm.startswith("ibn") else 0

    @property
    def narrowest(self) -> int:
        """The fewest channels that a node of a cell may have."""
        return min(self.stem_width, self.channels // (4 if self.stem == "imagenet" else 1))

    @property
    def stem_size(self) -> Size:
        """Height and width after the stem's last convolution."""
        match self.stem:
            case "imagenet":
                return tuple((pixels - 1) // 2 for pixels in self.size)
            case "imagenet-darts":
                return strided(self.size, 8)
            case _:
                return self.size

    @property
    def stem_width(self) -> int:
        """Channels after the stem's last convolution."""
        own = {"tiny": self.channels, "cifar": 3 * self.channels, "imagenet": 32, "imagenet-darts": self.channels}
        return self.stem_channels or own[self.stem]

    @property
    def auxiliary_size(self) -> Size:
        """Height and width of what an auxiliary head reads."""
        before = self.auxiliary is not None and self.auxiliary.offset < 0
        return strided(self.stem_size, 2 ** (self.reductions - before))

    def _check_auxiliary(self) -> None:
        if self.auxiliary is None:
            return
        if self.stages < 2:
            raise InvalidSkeleton("an auxiliary head wants two stages or more")
        if self.auxiliary.offset == 1 and self.normal_cells[-1] == 0:
            raise InvalidSkeleton("there is no cell after the last reduction for an auxiliary head to read")
        if min(self.auxiliary_size) < 5:
            raise InvalidSkeleton(
                f"an auxiliary head reads {_by([5] * self.dims)} pixels or more, and here it has "
                f"{_by(self.auxiliary_size)}"
            )

    def _check_reductions(self) -> None:
        """Every reduction must find at least 2 pixels to reduce, in height and in width."""
        size = self.stem_size
        for _ in range(self.reductions - 1):
            size = strided(size, 2)
        if self.reductions and min(size) < 2:
            smallest = 2 ** (self.reductions - 1) + 1
            if self.stem == "imagenet":
                smallest = 2 * smallest + 1
            elif self.stem == "imagenet-darts":
                smallest = 8 * (smallest - 1) + 1
            raise InvalidSkeleton(
                f"an input of {_by(self.size)} is too small for the {self.reductions} reductions of {self.stages} "
                f"stages after the stem {self.stem!r}; use at least {_by([smallest] * self.dims)}, or fewer stages"
            )


def _by(size: Iterable[int]) -> str:
    return "x".join(map(str, size))


def _part(name: str, kind: type[Any], value: Any) -> Any:
    """A part of a skeleton, which is an object where it has been through JSON; or None."""
    if value is None or isinstance(value, kind):
        return value
    known = [field.name for field in fields(kind)]
    try:
        return kind(**value)
    except TypeError as error:
        raise InvalidSkeleton(
            f"{name} is none, or an object with {', '.join(known)}, not {reprlib.repr(value)}"
        ) from error


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InvalidSkeleton(f"{name} is one of {', '.join(known)}, not {reprlib.repr(value)}")


def stages_for(input_shape: InputShape) -> int:
    """As many stages, three at most, as leave the last one 4 pixels or more along every axis."""
    return next((stages for stages in (3, 2) if min(input_shape[1:]) >= 4 * 2 ** (stages - 1)), 1)


def _within(name: str, value: int, lowest: int, highest: int) -> None:
    if type(value) is not int or not lowest <= value <= highest:
        raise InvalidSkeleton(f"{name} is a whole number from {lowest} to {highest}, not {reprlib.repr(value)}")


skeletons: Mapping[str, Skeleton] = MappingProxyType(
    {
        "tiny": Skeleton((1, 8, 8), classes=10),
        "signal": Skeleton((1, 128), classes=2),
        "volume": Skeleton((1, 16, 16, 16), classes=2, channels=8),
        "cifar": Skeleton((3, 32, 32), classes=10, channels=32, cells_per_stage=6, stem="cifar"),
        "imagenet-mobile": Skeleton((3, 224, 224), classes=1000, channels=44, cells_per_stage=4, stem="imagenet"),
        "imagenet-large": Skeleton(
            (3, 331, 331),
            classes=1000,
            channels=168,
            cells_per_stage=6,
            stem="imagenet",
            stem_channels=96,
            skip_reduction_input=True,
        ),
    }
)
