"""What travels between the service and a worker: plain values, no torch, no ray."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import islice
from statistics import median
from typing import TypeAlias

from search_space.genotype import Genotype
from search_space.skeleton import Skeleton
from workers.interval import median_interval


@dataclass(frozen=True, slots=True)
class Recipe:
    """How every network of a job is trained; `epochs` is the full schedule.

    The learning rate falls along one cosine over `epochs`, also when an evaluation is stopped earlier.
    """

    epochs: int = 6
    batch_size: int = 64
    learning_rate: float = 0.1
    weight_decay: float = 5e-4

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 1:
            raise ValueError("epochs and batch_size are at least 1")
        if not (0 < self.learning_rate < math.inf and 0 <= self.weight_decay < math.inf):
            raise ValueError("learning_rate is positive and weight_decay is not negative")


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """One architecture to train and measure, at each of `fidelities` in turn (epochs, rising, the last one full).

    Each report may take `deadline_s` and, beyond what an idle worker holds, `memory_mb`; None for a fair share.
    A network that is surely slower than `latency_limit_ms` is not trained. `data_sha256` is that of data which a user
    has registered. `reference_ms` is the fastest pass of the latency's reference that this job has seen before.
    """

    genotype: Genotype
    skeleton: Skeleton
    dataset: str
    recipe: Recipe
    seed: int
    fidelities: tuple[int, ...]
    device: str = "local"
    threads: int = 1
    deadline_s: float = 600.0
    memory_mb: int | None = None
    latency_limit_ms: float | None = None
    data_sha256: str = ""
    reference_ms: float | None = None

    def __post_init__(self) -> None:
        if not self.fidelities or list(self.fidelities) != sorted(set(self.fidelities)) or self.fidelities[0] < 1:
            raise ValueError("fidelities are epochs, at least 1, rising")
        if self.fidelities[-1] > self.recipe.epochs:
            raise ValueError("no fidelity exceeds the recipe's epochs")

    def __deepcopy__(self, memo: dict[int, object]) -> EvaluationRequest:
        return self  # nothing in it can change; Ray Tune copies what it is given

    def __str__(self) -> str:
        return self.genotype.key

    @property
    def key(self) -> str:
        """Equal for two requests whose results may stand in for each other, whatever their fidelities."""
        data = f"{self.dataset} {self.data_sha256}".rstrip()
        conditions = _conditions(self.skeleton, data, self.recipe, self.seed, self.device, self.threads)
        revised = _revised(self.genotype, self.skeleton)
        revisions = "".join(f" {name} {_REVISIONS[name]}" for name in sorted(revised))
        return hashlib.sha256(f"{self.genotype.key} {conditions}{revisions}".encode()).hexdigest()


# Operators that compute otherwise, or in clearly less time, than in an earlier version, whose results do not stand in
# for theirs.
_REVISIONS = {
    "cmix": 2,
    "conv_1x1": 2,
    "conv_1x3_3x1_bottleneck": 2,
    "conv_1x7_7x1_bottleneck": 2,
    "convnext_5": 2,
    "convnext_7": 2,
    "halo": 2,
    "identity": 2,
    "pool_sandwich_3x3": 2,
    "skip_connect": 2,
    "smix": 2,
}
_REVISED_WHERE_STRIDED = {"conv_1x1", "identity"}
# Drop path spared it where it changes a width: in the first cell, behind a stem that is wider or narrower than that.
_REVISED_WHERE_WIDENED = {"skip_connect"}


def _revised(genotype: Genotype, skeleton: Skeleton) -> set[str]:
    """The operators of a genotype whose results of before do not stand in, in this skeleton."""
    used = {edge.operator for _, cell in genotype.cells for edge in cell.edges}
    strided = {edge.operator for edge in genotype.reduction.edges if edge.source < 2}
    revised = used & _REVISIONS.keys() - _REVISED_WHERE_STRIDED - _REVISED_WHERE_WIDENED
    revised |= strided & _REVISED_WHERE_STRIDED
    if skeleton.drop_path and skeleton.stem_width != skeleton.channels:
        widened = {edge.operator for edge in genotype.normal.edges if edge.source == 0}
        revised |= widened & _REVISED_WHERE_WIDENED
    return revised


_REVISED_NORMS = {"gn": " 3", "ln": " 2"}

# Fields that skeletons did not always have: with these values, results from before still stand in.
_ADDED_LATER = (("head", "average"), ("recursion", 1), ("reversible", False), ("initialisation", "he"))


@lru_cache(maxsize=64)
def _conditions(skeleton: Skeleton, data: str, recipe: Recipe, seed: int, device: str, threads: int) -> str:
    """Everything but the cell that decides what an evaluation finds; the same for all trials of a job."""
    parts = {"dataset": data, "seed": seed, "device": device, "threads": threads}
    around = {name: value for name, value in asdict(skeleton).items() if (name, value) not in _ADDED_LATER}
    around["norm"] += _REVISED_NORMS.get(skeleton.norm, "")
    return json.dumps(parts | {"skeleton": around, "recipe": asdict(recipe)}, sort_keys=True)


REPEATS_APART = 0.03
"""How far latencies of one network lie apart that were measured at other times by other workers: their standard
deviation, as a share, as `python -m benchmarks.latency` shows it. The blocks of one evaluation do not see it."""


@dataclass(frozen=True)  # without slots, so that medians are found once
class LatencyMeasurement:
    """Times of single forward passes on one device, in `blocks` of so many that lie apart in time; empty for one block.

    `reference_ms` are passes of a fixed plain network, interleaved one by one with the samples. A latency is the
    median ratio of the two, times what a reference pass takes undisturbed: so it stays where it is when the machine
    is busy or slows down. Without `undisturbed_reference_ms` the fastest pass here stands for that.
    """

    device: str
    batch: int
    threads: int
    samples_ms: tuple[float, ...]
    reference_ms: tuple[float, ...]
    blocks: tuple[int, ...] = ()
    undisturbed_reference_ms: float | None = None

    def __post_init__(self) -> None:
        if not self.samples_ms or len(self.samples_ms) != len(self.reference_ms):
            raise ValueError("a latency measurement has one reference pass beside every sample")
        if not all(0 < sample < math.inf for sample in (*self.samples_ms, *self.reference_ms, self._scale_ms)):
            raise ValueError("latency samples are positive and finite")
        if self.blocks and (min(self.blocks) < 1 or sum(self.blocks) != len(self.samples_ms)):
            raise ValueError("the blocks of a latency measurement hold all its samples, each at least one")

    @cached_property
    def ratio(self) -> float:
        """Median of the pairwise ratios of sample to reference pass."""
        return median(self._ratios)

    @cached_property
    def median_ms(self) -> float:
        return self.ratio * self._scale_ms

    @cached_property
    def interval_ms(self) -> tuple[float, float]:
        """Holds with 95 % what would be found at other times too: of `median_interval` and REPEATS_APART together."""
        low, high = self._ratio_interval
        below, above = (math.hypot(math.log(bound / self.ratio), 1.96 * REPEATS_APART) for bound in (low, high))
        return self.median_ms * math.exp(-below), self.median_ms * math.exp(above)

    def surely_exceeds(self, limit_ms: float) -> bool:
        """Whether the median of this evaluation will not come down to a limit, by its blocks alone.

        What repeats at other times would find does not count: it is this median that a limit is held against.
        """
        return self._ratio_interval[0] * self._scale_ms > limit_ms

    @cached_property
    def _ratio_interval(self) -> tuple[float, float]:
        ratios = iter(self._ratios)
        return median_interval([list(islice(ratios, size)) for size in self.blocks or (len(self.samples_ms),)])

    @property
    def _ratios(self) -> list[float]:
        return [own / other for own, other in zip(self.samples_ms, self.reference_ms, strict=True)]

    @property
    def _scale_ms(self) -> float:
        return self.undisturbed_reference_ms or min(self.reference_ms)


class FailureClass(StrEnum):
    """Why an evaluation has no result. Only CRASHED is worth another attempt; INFEASIBLE was never trained."""

    SHAPE = "shape"
    DIVERGED = "diverged"
    CONSTANT = "constant"
    OUT_OF_MEMORY = "out_of_memory"
    DEADLINE = "deadline"
    CRASHED = "crashed"
    ERROR = "error"
    INFEASIBLE = "infeasible"


FOLLOWS = frozenset({FailureClass.SHAPE, FailureClass.DIVERGED, FailureClass.CONSTANT})
"""Failures that follow from the request alone: whoever evaluates it again finds the same."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What one evaluation found at one fidelity. `accuracy` is a share of the validation images, 0 to 1.

    `peak_memory_bytes` follow from the description, see `search_space.memory`; None in what was recorded before.
    `images` is how many validation images there were; None likewise.
    `weights` maps a form, "training" or "inference", to safetensors bytes; only the full fidelity has them.
    """

    fidelity: int
    accuracy: float
    latency: LatencyMeasurement
    params: int
    macs: int
    seconds: float
    weights: dict[str, bytes] = field(default_factory=dict, repr=False)
    peak_memory_bytes: int | None = None
    images: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.accuracy <= 1:
            raise ValueError(f"accuracy is a share between 0 and 1, not {self.accuracy}")

    @property
    def peak_memory_mb(self) -> float | None:
        """Its peak memory in megabytes of 10^6 bytes."""
        return None if self.peak_memory_bytes is None else self.peak_memory_bytes / 1e6


@dataclass(frozen=True, slots=True)
class Failed:
    """An evaluation that ended without a result at `fidelity`: data, not an exception to the one who asked.

    `latency` is what one that is infeasible for its latency was measured at.
    """

    fidelity: int
    failure: FailureClass
    message: str
    traceback: str
    seconds: float = 0.0
    latency: LatencyMeasurement | None = None


EvaluationReport: TypeAlias = Evaluated | Failed
