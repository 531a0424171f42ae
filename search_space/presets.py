"""The named search spaces."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from search_space.operators import OPERATORS
from search_space.simplify import NOTHING
from search_space.space import CellSpace

_SEPARABLE = ("sep_conv_3x3", "sep_conv_5x5", "sep_conv_7x7")

spaces: Mapping[str, CellSpace] = MappingProxyType(
    {
        space.name: space
        for space in (
            CellSpace(
                "nasnet",
                (
                    "sep_conv_3x3",
                    "sep_conv_5x5",
                    "dil_sep_conv_3x3",
                    "dil_sep_conv_5x5",
                    "identity",
                    "avg_pool_3x3",
                    "max_pool_3x3",
                    "shift_3x3",
                    "lk_dw_7x7",
                    "inc_dw_11",
                    "band_11",
                ),
                summary="NASNet's cells with cheap operators of four families, so that a few processor cores get far.",
            ),
            CellSpace(
                "nasnet-paper",
                (
                    "identity",
                    "conv_1x3_3x1",
                    "conv_1x7_7x1",
                    "dil_conv_3x3",
                    "avg_pool_3x3",
                    "max_pool_3x3",
                    "max_pool_5x5",
                    "max_pool_7x7",
                    "conv_1x1",
                    "conv_3x3",
                    *_SEPARABLE,
                ),
                summary="The thirteen operators of Zoph et al. 2017, arXiv 1707.07012, added or concatenated.",
            ),
            CellSpace(
                "pnas",
                (*_SEPARABLE, "conv_1x7_7x1", "identity", "avg_pool_3x3", "max_pool_3x3", "dil_conv_3x3"),
                combines=("add",),
                outputs="all",
                reduction="same",
                summary="One cell for both strides; Liu et al. 2017, arXiv 1712.00559 (5.6e14 cells).",
            ),
            CellSpace(
                "enas",
                ("sep_conv_3x3", "sep_conv_5x5", "avg_pool_3x3", "max_pool_3x3", "skip_connect"),
                combines=("add",),
                summary="The micro space of ENAS, added pairs of five operators; Pham et al. 2018, arXiv 1802.03268.",
            ),
            CellSpace(
                "amoeba",
                (
                    "identity",
                    *_SEPARABLE,
                    "avg_pool_3x3",
                    "max_pool_3x3",
                    "dil_sep_conv_3x3",
                    "conv_1x7_7x1_bottleneck",
                ),
                combines=("add",),
                summary="The space that AmoebaNet was evolved in; Real et al. 2018, arXiv 1802.01548.",
            ),
            CellSpace(
                "darts",
                (
                    "max_pool_3x3",
                    "avg_pool_3x3",
                    "skip_connect",
                    "sep_conv_3x3",
                    "sep_conv_5x5",
                    "dil_sep_conv_3x3",
                    "dil_sep_conv_5x5",
                ),
                nodes=4,
                combines=("add",),
                wiring="distinct",
                outputs="all",
                summary="The cells that DARTS derives; Liu et al. 2018, arXiv 1806.09055 (1e9 a cell).",
            ),
            CellSpace(
                "nb201",
                (NOTHING, "skip_connect", "conv_1x1", "conv_3x3", "avg_pool_3x3"),
                nodes=3,
                combines=("add",),
                wiring="dense",
                reduction="fixed",
                summary="An operator on every edge of one dense cell; NAS-Bench-201, Dong, Yang 2020 (2001.00326).",
            ),
            CellSpace(
                "modern",
                tuple(name for name in OPERATORS if name != NOTHING),
                summary="Every operator there is, in NASNet's cells.",
            ),
            CellSpace(
                "tiny",
                ("sep_conv_3x3", "identity", "avg_pool_3x3", "max_pool_3x3"),
                nodes=2,
                combines=("add",),
                summary="Two nodes and 9,216 answers a cell: for tests and first steps.",
            ),
        )
    }
)
