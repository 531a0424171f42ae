"""The operators, by name: each a description that says what it costs and builds itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from search_space.operators.base import Operator
from search_space.operators.dense import BottleneckConv, DenseConv, FactorizedConv
from search_space.operators.dilated import DilatedConv, DilatedSeparableConv
from search_space.operators.large_kernel import Band, InceptionDepthwise, LargeKernelConv
from search_space.operators.parameter_free import Identity, Pool, Shift, SkipConnect
from search_space.operators.separable import SeparableConv

__all__ = ["OPERATORS", "Operator"]

OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        "sep_conv_3x3": SeparableConv(kernel=3),
        "sep_conv_5x5": SeparableConv(kernel=5),
        "sep_conv_7x7": SeparableConv(kernel=7),
        "dil_sep_conv_3x3": DilatedSeparableConv(kernel=3),
        "dil_sep_conv_5x5": DilatedSeparableConv(kernel=5),
        "dil_conv_3x3": DilatedConv(kernel=3),
        "identity": Identity(),
        "skip_connect": SkipConnect(),
        "avg_pool_3x3": Pool("avg", kernel=3),
        "max_pool_3x3": Pool("max", kernel=3),
        "max_pool_5x5": Pool("max", kernel=5),
        "max_pool_7x7": Pool("max", kernel=7),
        "shift_3x3": Shift(),
        "lk_dw_7x7": LargeKernelConv(kernel=7),
        "lk_dw_11x11": LargeKernelConv(kernel=11),
        "inc_dw_11": InceptionDepthwise(),
        "band_11": Band(kernel=11),
        "conv_1x1": DenseConv(kernel=1),
        "conv_3x3": DenseConv(kernel=3),
        "conv_1x3_3x1": FactorizedConv(kernel=3),
        "conv_1x7_7x1": FactorizedConv(kernel=7),
        "conv_1x3_3x1_bottleneck": BottleneckConv(kernel=3, eighths=3),
        "conv_1x7_7x1_bottleneck": BottleneckConv(kernel=7, eighths=2),
    }
)
