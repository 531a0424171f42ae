"""Skeletons drawn at random, of every kind there is, small enough to run hundreds of them."""

from __future__ import annotations

from random import Random
from typing import Any, get_args

from search_space.regularisation import Auxiliary, DropPath
from search_space.skeleton import (
    Activation,
    Head,
    Initialisation,
    InvalidSkeleton,
    Norm,
    OlderInput,
    Skeleton,
    StemName,
)


def random_skeleton(seed: int, dims: int = 2, **fixed: Any) -> Skeleton:
    """One for maps of `dims` axes that can be built, all its choices drawn, but those that are `fixed`."""
    rng = Random(seed)
    while True:
        try:
            return Skeleton(**(_drawn(rng, dims) | fixed))
        except InvalidSkeleton:
            continue


def _drawn(rng: Random, dims: int) -> dict[str, Any]:
    stem = rng.choice(get_args(StemName))
    smallest = {"tiny": 5, "cifar": 5, "imagenet": 35, "imagenet-darts": 17}[stem]
    return {
        "input_shape": (rng.randint(1, 4), *(smallest + rng.randint(0, 16 if dims < 3 else 4) for _ in range(dims))),
        "classes": rng.randint(1, 12),
        "channels": 16 if stem == "imagenet" else rng.randint(4, 12),
        "cells_per_stage": rng.randint(1, 2),
        "stages": rng.randint(1, 3),
        "stem": stem,
        "stem_channels": rng.choice([None, 7]),
        "skip_reduction_input": rng.random() < 0.3,
        "reduction_in_stage": rng.random() < 0.3,
        "older_input": rng.choice(get_args(OlderInput)),
        "newest_units": rng.randint(1, 2),
        "final_relu": rng.random() < 0.5,
        "classifier_bias": rng.random() < 0.5,
        "norm": rng.choice(["bn", *get_args(Norm)]),
        "activation": rng.choice(["relu", *get_args(Activation)]),
        "residual_scale": rng.choice([None, 0.5]),
        "recursion": rng.choice([1, 1, 2, 3]),
        "reversible": rng.random() < 0.3,
        "initialisation": rng.choice(["he", *get_args(Initialisation)]),
        "auxiliary": rng.choice([None, Auxiliary(rng.choice([-1, 0, 1]), rng.choice([1, 2, 3]), (16, 24))]),
        "drop_path": rng.choice([None, DropPath(0.7, rng.random() < 0.5, rng.random() < 0.5)]),
        "dropout": rng.choice([0.0, 0.25]),
        "head": rng.choice(get_args(Head)),
    }
