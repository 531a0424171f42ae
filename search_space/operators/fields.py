"""What the fields of operators' descriptions take, by their names, which mean the same in all of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

Takes: TypeAlias = tuple[str, Callable[[Any], bool]]
"""What a field takes, in words, and whether a value is that."""


def one_of(values: Collection[int | str]) -> Takes:
    """Takes these alone."""
    return f"one of {', '.join(map(str, values))}", lambda value: type(value) in (int, str) and value in values


def _is_whole(value: Any) -> bool:
    return type(value) is int and value >= 1


def _is_odd(value: Any) -> bool:
    return _is_whole(value) and value % 2 == 1


WHOLE: Takes = ("a whole number from 1 on", _is_whole)
ODD: Takes = ("an odd whole number from 1 on", _is_odd)  # else the margins that keep a map's size have no middle
EVEN: Takes = ("an even whole number from 2 on", lambda value: _is_whole(value) and value % 2 == 0)

TAKES: Mapping[str, Takes] = MappingProxyType(
    {
        **dict.fromkeys(("kernel", "band", "square"), ODD),
        **dict.fromkeys(("height", "width", "dilation", "expansion", "group_width", "count", "eighths"), WHOLE),
        "kernels": (
            "a tuple of one or more odd whole numbers from 1 on",
            lambda value: type(value) is tuple and len(value) > 0 and all(map(_is_odd, value)),
        ),
        "block": EVEN,  # with a stride every other pixel of a block asks
        "halo": ("a whole number from 0 on", lambda value: type(value) is int and value >= 0),
        "ratio": (
            "a number more than 0 and at most a third",
            lambda value: type(value) in (int, float) and 0 < value <= 1 / 3,
        ),
        "kind": one_of(("avg", "max")),
        "spread": one_of(("linear", "gauss")),
    }
)
