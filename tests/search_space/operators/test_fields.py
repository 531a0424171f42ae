"""Descriptions of operators: those that can be made can be built, and the others are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from search_space.operators.attention import Halo
from search_space.operators.base import InvalidOperator, Operator
from search_space.operators.blocks import ConvFirst, ConvNeXt, MBConv
from search_space.operators.dense import BottleneckConv, DenseConv, FactorizedConv
from search_space.operators.dilated import DilatedConv, DilatedSeparableConv
from search_space.operators.distance import DistanceL1, DistanceL2, RadialBasisConv
from search_space.operators.large_kernel import (
    Band,
    InceptionDepthwise,
    LargeKernelConv,
    LargeKernelRep,
    PeripheralGating,
)
from search_space.operators.mixers import WaveMixer
from search_space.operators.parameter_free import Pool, PoolSandwich
from search_space.operators.separable import SeparableConv, ThinSeparableConv, TimeSeparableConv
from search_space.operators.spaced import SpacedConv
from tests.search_space.counted import counted


@pytest.mark.parametrize(
    "operator",
    [
        *(
            make(kernel=1)
            for make in (
                *(SeparableConv, DilatedSeparableConv, DilatedConv, PoolSandwich, LargeKernelConv, Band, DenseConv),
                *(FactorizedConv, ConvFirst, ConvNeXt, DistanceL1, DistanceL2, RadialBasisConv),
            )
        ),
        DilatedConv(kernel=5, dilation=4),
        DilatedSeparableConv(kernel=3, dilation=1),
        ThinSeparableConv(height=2, width=1),
        TimeSeparableConv(height=1, width=1),
        Pool("avg", kernel=1),
        InceptionDepthwise(ratio=1 / 3, band=1, square=1),
        PeripheralGating(kernels=(1,)),
        SpacedConv(kernel=1, count=1, spread="gauss"),
        BottleneckConv(kernel=1, eighths=1),
        BottleneckConv(kernel=1, eighths=9),
        MBConv(kernel=1, expansion=1),
        ConvFirst(kernel=3, expansion=1, group_width=1),
        ConvNeXt(kernel=3, expansion=1),
        WaveMixer(expansion=4),
        Halo(block=2, halo=0),
    ],
    ids=str,
)
def test_what_can_be_described_at_the_limits_can_be_built_and_costs_what_it_says(operator: Operator) -> None:
    torch.manual_seed(0)
    for stride in (1, 2):
        output_NCHW = operator.build(6, 4, stride)(torch.randn(3, 6, 9, 6))
        assert output_NCHW.shape == (3, 4, -(-9 // stride), 6 // stride)
        said = operator.cost(6, 4, (9, 6), stride)
        assert counted(lambda: operator.build(6, 4, stride), (6, 9, 6)) == (said.params, said.macs)  # noqa: B023


@pytest.mark.parametrize(
    ("make", "fields", "told"),
    [
        *(
            (SeparableConv, {"kernel": kernel}, "kernel is an odd whole number")
            for kernel in (4, 0, -1, 3.0, "3", None)
        ),
        (SeparableConv, {"kernel": True}, "kernel is an odd whole number from 1 on, not True"),
        (LargeKernelRep, {"kernel": 6}, "kernel is one of 5, 7, 9, 11, 13, 15, 17, not 6"),
        (LargeKernelRep, {"kernel": 19}, "kernel is one of 5, 7, "),
        (WaveMixer, {"expansion": 3}, "expansion is an even whole number from 2 on, not 3"),
        (WaveMixer, {"expansion": 0}, "expansion is an even whole number"),
        (MBConv, {"kernel": 3, "expansion": 0}, "expansion is a whole number from 1 on, not 0"),
        (MBConv, {"kernel": 3, "expansion": 1.5}, "expansion is a whole number"),
        (ConvFirst, {"kernel": 3, "group_width": 0}, "group_width is a whole number"),
        (DilatedConv, {"kernel": 3, "dilation": 0}, "dilation is a whole number"),
        (ThinSeparableConv, {"height": 0, "width": 3}, "height is a whole number"),
        (TimeSeparableConv, {"height": 1, "width": None}, "width is a whole number"),
        (BottleneckConv, {"kernel": 3, "eighths": 0}, "eighths is a whole number"),
        (InceptionDepthwise, {"ratio": 0.5}, "ratio is a number more than 0 and at most a third, not 0.5"),
        (InceptionDepthwise, {"ratio": 0}, "ratio is a number more than 0"),
        (InceptionDepthwise, {"ratio": float("nan")}, "ratio is a number more than 0"),
        (InceptionDepthwise, {"band": 10}, "band is an odd whole number"),
        (InceptionDepthwise, {"square": 2}, "square is an odd whole number"),
        (PeripheralGating, {"kernels": ()}, "kernels is a tuple of one or more odd whole numbers"),
        (PeripheralGating, {"kernels": [9]}, "kernels is a tuple of one or more odd whole numbers"),
        (PeripheralGating, {"kernels": (9, 8)}, "kernels is a tuple of one or more odd whole numbers"),
        (Pool, {"kind": "min", "kernel": 3}, "kind is one of avg, max, not 'min'"),
        (Pool, {"kind": [], "kernel": 3}, "kind is one of avg, max"),
        (SpacedConv, {"kernel": 7, "count": 0, "spread": "gauss"}, "count is a whole number"),
        (SpacedConv, {"kernel": 7, "count": 9, "spread": "max"}, "spread is one of linear, gauss, not 'max'"),
        (Halo, {"block": 7}, "block is an even whole number from 2 on, not 7"),
        (Halo, {"halo": -1}, "halo is a whole number from 0 on, not -1"),
    ],
)
def test_what_cannot_be_built_is_refused_with_the_field_and_what_it_takes(
    make: Callable[..., Operator], fields: dict[str, Any], told: str
) -> None:
    with pytest.raises(InvalidOperator, match=rf"^{make.__name__}: {told}.*$"):
        make(**fields)
