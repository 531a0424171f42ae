"""The named search spaces."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from search_space.operators import OPERATORS
from search_space.space import CellSpace

spaces: Mapping[str, CellSpace] = MappingProxyType(
    {
        space.name: space
        for space in (
            # Cheap operators of four families, chosen so that a search on a few processor cores gets somewhere.
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
            ),
            # The thirteen of Zoph et al. 2017, arXiv 1707.07012.
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
                    "sep_conv_3x3",
                    "sep_conv_5x5",
                    "sep_conv_7x7",
                ),
            ),
            # Every operator there is.
            CellSpace("modern", tuple(OPERATORS)),
        )
    }
)
