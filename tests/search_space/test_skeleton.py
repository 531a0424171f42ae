"""Skeletons check themselves, and say what would work."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields, replace
from typing import Any

import pytest

from search_space.regularisation import Auxiliary, DropPath
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
        ({"reversible": 1}, "reversible is true or false, not 1"),
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


@pytest.mark.parametrize(
    ("field", "values", "takes"),
    [
        ("input_shape", (None, 8, "188", {1, 8}, (1, 8, 8, 8, 8)), "channels, height and width; or channels and one"),
        ("input_shape", ((1.0, 8, 8), (True, 8, 8), ("1", "8", "8")), "channels is a whole number from 1 to 4096"),
        ("input_shape", ((1, 8.0, 8), (1, True, 8), (1, "8", 8)), "height is a whole number from 1 to 4096"),
        ("classes", (True, 2.0, "2", None), "a whole number from 1 to 100000"),
        ("channels", (True, 16.0, "16", None), "a whole number from 4 to 4096"),
        ("cells_per_stage", (True, 1.0, "1", None), "a whole number from 1 to 64"),
        ("stages", (True, 1.0, "1", None), "a whole number from 1 to 6"),
        ("stem", (True, 1, None, ["tiny"]), "one of tiny, cifar, imagenet, imagenet-darts"),
        ("stem_channels", (True, 16.0, "16"), "a whole number from 4 to 4096"),
        ("skip_reduction_input", (1, 0, "no", None), "true or false"),
        ("reduction_in_stage", (1, 0.0, "yes", None), "true or false"),
        ("older_input", (True, 0, None, ["fitted"]), "one of raw-first, fitted, prepared"),
        ("newest_units", (True, 1.0, "1", None), "a whole number from 1 to 2"),
        ("final_relu", (1, 0, "no", None), "true or false"),
        ("classifier_bias", (1, 0, "x", None), "true or false"),
        ("norm", (True, 0, None, ["bn"]), "one of bn, ibn_a, ibn_b, gn, ln"),
        ("activation", (True, 0, None, ["relu"]), "one of relu, silu, gelu, elu"),
        ("residual_scale", (True, math.nan, "0.5", [0.5]), "a number more than 0 and at most 1, or none"),
        ("recursion", (True, 1.0, "1", None), "a whole number from 1 to 3"),
        ("reversible", (1, 0, "no", None), "true or false"),
        ("initialisation", (True, 0, None, ["he"]), "one of he, orthogonal, lsuv"),
        ("auxiliary", (True, 0.4, "yes", [], {"ofset": 1}, DropPath(0.5)), "none, or an object with offset, "),
        ("drop_path", (True, 0.5, "yes", [], {"keeps": 1}, Auxiliary()), "none, or an object with keep, "),
        ("dropout", (True, math.nan, "0.5", None), "a share from 0 to less than 1"),
        ("head", (True, 0, None, ["max"]), "one of average, max, gem"),
    ],
)
def test_a_value_of_a_wrong_type_is_refused_in_one_line_that_names_its_field(
    field: str, values: tuple[Any, ...], takes: str
) -> None:
    for value in values:
        with pytest.raises(InvalidSkeleton, match=f"^{field}.* {takes}.*, not ") as refusal:
            replace(skeletons["tiny"], **dict[str, Any]({field: value}))
        assert "\n" not in str(refusal.value)


def test_the_table_of_wrong_types_knows_every_field() -> None:
    """Each is refused where it is of no type that any field takes."""
    for field in fields(Skeleton):
        change: dict[str, Any] = {field.name: object()}
        with pytest.raises(InvalidSkeleton, match=f"^{field.name} is "):
            replace(skeletons["tiny"], **change)


@pytest.mark.parametrize("smallest", [(("tiny", 3)), ("imagenet", 19)])
def test_the_size_that_a_refusal_names_works(smallest: tuple[Any, int]) -> None:
    stem, size = smallest
    Skeleton((1, size, size), classes=2, channels=16, stem=stem)
