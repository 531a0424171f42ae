"""The operators, by name: each a description that says what it costs and builds itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from search_space.operators.attention import Halo
from search_space.operators.base import Operator
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
from search_space.operators.mixers import SpatialMixer, WaveMixer
from search_space.operators.parameter_free import Identity, Pool, PoolSandwich, Shift, SkipConnect, Zero
from search_space.operators.separable import SeparableConv, ThinSeparableConv, TimeSeparableConv
from search_space.operators.spaced import SpacedConv

__all__ = ["OPERATORS", "Operator"]

OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        "sep_conv_3x3": SeparableConv(kernel=3),
        "sep_conv_5x5": SeparableConv(kernel=5),
        "sep_conv_7x7": SeparableConv(kernel=7),
        "sep_conv_1x16": TimeSeparableConv(height=1, width=16),
        "sep_conv_16x1": ThinSeparableConv(height=16, width=1),
        "dil_sep_conv_3x3": DilatedSeparableConv(kernel=3),
        "dil_sep_conv_5x5": DilatedSeparableConv(kernel=5),
        "dil_conv_3x3": DilatedConv(kernel=3),
        "identity": Identity(),
        "skip_connect": SkipConnect(),
        "none": Zero(),
        "avg_pool_3x3": Pool("avg", kernel=3),
        "avg_pool_5x5": Pool("avg", kernel=5),
        "avg_pool_7x7": Pool("avg", kernel=7),
        "max_pool_3x3": Pool("max", kernel=3),
        "max_pool_5x5": Pool("max", kernel=5),
        "max_pool_7x7": Pool("max", kernel=7),
        "pool_sandwich_3x3": PoolSandwich(kernel=3),
        "shift_3x3": Shift(),
        "lk_dw_7x7": LargeKernelConv(kernel=7),
        "lk_dw_9x9": LargeKernelConv(kernel=9),
        "lk_dw_11x11": LargeKernelConv(kernel=11),
        "lk_dw_13x13": LargeKernelConv(kernel=13),
        "lk_dw_17x17": LargeKernelConv(kernel=17),
        "lk_dw_21x21": LargeKernelConv(kernel=21),
        "lk_dw_31x31": LargeKernelConv(kernel=31),
        "lk_rep_5": LargeKernelRep(kernel=5),
        "lk_rep_7": LargeKernelRep(kernel=7),
        "lk_rep_9": LargeKernelRep(kernel=9),
        "lk_rep_11": LargeKernelRep(kernel=11),
        "lk_rep_13": LargeKernelRep(kernel=13),
        "lk_rep_15": LargeKernelRep(kernel=15),
        "lk_rep_17": LargeKernelRep(kernel=17),
        "inc_dw_11": InceptionDepthwise(),
        "band_7": Band(kernel=7),
        "band_11": Band(kernel=11),
        "band_21": Band(kernel=21),
        "pfg": PeripheralGating(kernels=(9, 15, 31)),
        "dcls_7_9": SpacedConv(kernel=7, count=9, spread="linear"),
        "dcls_17_34": SpacedConv(kernel=17, count=34, spread="linear"),
        "dcls_17_26_gauss": SpacedConv(kernel=17, count=26, spread="gauss"),
        "conv_1x1": DenseConv(kernel=1),
        "conv_3x3": DenseConv(kernel=3),
        "conv_1x3_3x1": FactorizedConv(kernel=3),
        "conv_1x7_7x1": FactorizedConv(kernel=7),
        "conv_1x3_3x1_bottleneck": BottleneckConv(kernel=3, eighths=3),
        "conv_1x7_7x1_bottleneck": BottleneckConv(kernel=7, eighths=2),
        "mbconv_3x3_e3": MBConv(kernel=3, expansion=3),
        "mbconv_3x3_e6": MBConv(kernel=3, expansion=6),
        "mbconv_5x5_e6": MBConv(kernel=5, expansion=6),
        "convfirst_3": ConvFirst(kernel=3),
        "convnext_5": ConvNeXt(kernel=5),
        "convnext_7": ConvNeXt(kernel=7),
        "smix": SpatialMixer(),
        "cmix": WaveMixer(),
        "halo": Halo(),
        "dist_l1_3x3": DistanceL1(kernel=3),
        "dist_l2_3x3": DistanceL2(kernel=3),
        "rbf_3x3": RadialBasisConv(kernel=3),
    }
)
