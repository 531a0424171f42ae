"""Writes the reference page of the operators: `python -m docs.operators`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import groupby
from pathlib import Path

from search_space.counting import Cost
from search_space.operators import OPERATORS, Operator
from search_space.skeleton import INPUTS

PAGE = Path(__file__).parent / "reference" / "operators.md"

_INTRODUCTION = """\
# Operators

What an edge of a cell may do to a tensor. Generated from the descriptions in `search_space/operators/` by
`python -m docs.operators`; a test fails when this page is out of date.

Figures and formulas are those of images, with widths that are multiples of 64; for signals read k for k x k, for
volumes k x k x k. C is the number of channels, of the input as of the output. Parameters are the trainable ones of the
training form; where the inference form (`search_space/merge.py`) has other parameters or MACs, a line says them. MACs
are multiply-accumulates of convolutions and linear layers, for each pixel that goes in; those of an attention's own
products are not among them. What is moved is what layers, pools, sums and concatenations read and write for one sample
in float32; `search_space/counting.py` says how that is counted. Every operator takes stride 1 and 2, any size, odd ones
too, and any width from 4 channels on. In the drawings dw is a depthwise convolution, norm a batch norm, SE squeeze and
excite.
"""

_WIDTH, _SIDE = 64, 32


def page() -> str:
    """The whole page, as Markdown."""
    by_family = sorted(OPERATORS.items(), key=lambda item: item[1].family)
    parts = [_INTRODUCTION]
    for family, operators in groupby(by_family, key=lambda item: item[1].family):
        parts.append(f"## {family.replace('_', ' ').capitalize()}\n")
        parts.extend("\n".join(_entry(name, operator)) for name, operator in operators)
    return "\n".join(parts)


def _entry(name: str, operator: Operator) -> Iterator[str]:
    cost = operator.cost(_WIDTH, _WIDTH, (_SIDE, _SIDE))
    yield f"### `{name}`\n"
    yield f"{operator.summary} {' '.join((inspect.getdoc(type(operator)) or '').split())}\n"
    yield f"```text\n{operator.drawing}\n```\n"
    trained = _formulas(operator, lambda cost: (cost.params, cost.macs))
    merged = _formulas(operator, lambda cost: (cost.inference_params, cost.inference_macs))
    yield f"- Parameters: {trained[0]}"
    yield f"- MACs a pixel: {trained[1]}"
    different = [
        f"{what}: {then}"
        for what, now, then in zip(("parameters", "MACs a pixel"), trained, merged, strict=True)
        if now != then
    ]
    if different:
        yield f"- In the inference form, {'; '.join(different)}"
    yield (
        f"- At {_WIDTH} channels of {_SIDE} x {_SIDE} pixels: {cost.params:,} parameters, {cost.macs / 1e6:,.2f} "
        f"million MACs, {cost.bytes_moved / 1e6:,.2f} MB moved"
    )
    yield f"- For {', '.join(INPUTS[dims] for dims in operator.dims)}"
    yield f"- Where it is slow: {operator.slow}"
    yield f"- Source: {operator.source}\n"


def _formulas(operator: Operator, counts: Callable[[Cost], tuple[int, int]]) -> tuple[str, str]:
    """The parameters, and the MACs a pixel with stride 1 and 2, in channels; `counts` says of which form."""

    def counted(width: int, side: int = _SIDE, stride: int = 1) -> tuple[int, int]:
        return counts(operator.cost(width, width, (side, side), stride))

    def a_pixel(stride: int) -> str:
        return _macs_a_pixel(lambda width, side: counted(width, side, stride)[1])

    return _in_channels(lambda width: counted(width)[0]), f"{a_pixel(1)}; with stride 2: {a_pixel(2)}"


def _macs_a_pixel(macs: Callable[[int, int], int]) -> str:
    """In channels, of what so many channels of so many pixels a side take."""

    def a_pixel(width: int) -> Fraction:
        return Fraction(macs(width, 2 * _SIDE) - macs(width, _SIDE), 3 * _SIDE**2)

    once = _in_channels(lambda width: macs(width, _SIDE) - a_pixel(width) * _SIDE**2)
    return _in_channels(a_pixel) + ("" if once == "0" else f" (and {once} once)")


def _in_channels(quantity: Callable[[int], int | Fraction]) -> str:
    """The polynomial of degree 2 in C that the quantity is, for every C that 64 divides."""
    first, second, third, fourth = (Fraction(quantity(factor * _WIDTH)) for factor in (1, 2, 3, 4))
    square = (third - 2 * second + first) / 2
    linear = second - first - 3 * square
    constant = first - square - linear
    assert fourth == 16 * square + 4 * linear + constant, "not a polynomial of degree 2"
    terms = [(square / _WIDTH**2, "C²"), (linear / _WIDTH, "C"), (constant, "")]
    return " + ".join(_term(factor, power) for factor, power in terms if factor) or "0"


def _term(factor: Fraction, power: str) -> str:
    return power if factor == 1 and power else f"{float(factor):g}{power}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
