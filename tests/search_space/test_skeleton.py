"""Skeletons check themselves, and say what would work."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from search_space.regularisation import DropPath
from search_space.skeleton import InvalidSkeleton, Skeleton, skeletons


@pytest.mark.parametrize("name", skeletons)
def test_a_skeleton_survives_json(name: str) -> None:
    assert Skeleton(**json.loads(json.dumps(asdict(skeletons[name])))) == skeletons[name]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input_shape": (1, 2, 8)}, "input of 2x8 is too small for the 2 reductions .* use at least 3x3"),
        ({"stem": "imagenet", "channels": 16, "input_shape": (3, 18, 18)}, "4 reductions .* use at least 19x19"),
        ({"input_shape": (8,)}, "channels, height and width; or channels and one axis, or three"),
        ({"input_shape": (1, 2)}, "input of 2 is too small for the 2 reductions .* use at least 3"),
        ({"input_shape": (1, 9, 2, 9)}, "input of 9x2x9 is too small .* use at least 3x3x3"),
        ({"input_shape": (1, 9, 5000, 9)}, "input_shape's height is a whole number from 1 to 4096"),
        ({"recursion": 4}, "recursion is a whole number from 1 to 3"),
        ({"reversible": 1}, "reversible is true or false"),
        ({"reversible": True, "residual_scale": 0.5}, "use one of the two"),
        ({"reversible": True, "drop_path": DropPath(0.7)}, "use one of the two"),
        ({"initialisation": "ones"}, "he, orthogonal, lsuv, dirac, gabor, kmeans"),
        ({"input_shape": (0, 8, 8)}, "1 to 4096, not 0"),
        ({"classes": 0}, "classes is a whole number from 1"),
        ({"channels": 3}, "channels is a whole number from 4"),
        ({"channels": 8, "stem": "imagenet"}, "channels is a whole number from 16"),
        ({"channels": 16.5}, "not 16.5"),
        ({"cells_per_stage": 1_000_000_000}, "cells_per_stage is a whole number from 1 to 64"),
        ({"stem": "flower"}, "tiny, cifar, imagenet"),
    ],
)
def test_what_cannot_be_built_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSkeleton, match=message):
        replace(skeletons["tiny"], **change)


@pytest.mark.parametrize("smallest", [(("tiny", 3)), ("imagenet", 19)])
def test_the_size_that_a_refusal_names_works(smallest: tuple[Any, int]) -> None:
    stem, size = smallest
    Skeleton((1, size, size), classes=2, channels=16, stem=stem)
