"""Every operator describes itself and says what it costs."""

from __future__ import annotations

import pytest

from search_space.merge import merge
from search_space.modules.dilated_rep import DilatedRep
from search_space.operators import OPERATORS

WIDTH, SIZE = 64, (9, 7)
PIXELS, HALF_PIXELS = 63, 20

# Parameters a channel in training and merged (Zhang et al. 2024, arXiv 2410.08049).
LARGE_KERNELS = {
    5: (49, 26),
    7: (100, 50),
    9: (159, 82),
    11: (210, 122),
    13: (282, 170),
    15: (338, 226),
    17: (434, 290),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_says_what_it_does_where_it_comes_from_and_how_it_is_built(name: str) -> None:
    operator = OPERATORS[name]
    assert operator.summary.endswith(".")
    assert "arXiv" in operator.source
    file, _, class_name = operator.module.partition(":")
    assert file.isidentifier()
    assert class_name.isidentifier()
    assert operator.arguments(4, 8, 2).items() >= {"channels_in": 4, "channels": 8, "stride": 2}.items()


@pytest.mark.parametrize("name", OPERATORS)
def test_no_operator_costs_more_with_stride_two(name: str) -> None:
    operator = OPERATORS[name]
    plain, strided = operator.cost(WIDTH, WIDTH, SIZE), operator.cost(WIDTH, WIDTH, SIZE, stride=2)
    if name not in ("identity", "skip_connect"):  # a strided identity is a convolution
        assert strided.params <= plain.params
        assert strided.macs <= plain.macs


# The formulas of the operators' papers for C = 64, at stride 1 and 2 on 9 x 7 pixels; 9 x 4 between thin kernels.
@pytest.mark.parametrize(
    ("name", "params", "macs", "strided_macs"),
    [
        ("sep_conv_5x5", 2 * (25 * 64 + 64**2 + 128), 2 * 63 * (25 * 64 + 64**2), 2 * 20 * (25 * 64 + 64**2)),
        ("dil_sep_conv_3x3", 9 * 64 + 64**2 + 128, 63 * (9 * 64 + 64**2), 20 * (9 * 64 + 64**2)),
        ("dil_conv_3x3", 9 * 64**2 + 128, 63 * 9 * 64**2, 20 * 9 * 64**2),
        ("conv_1x7_7x1", 14 * 64**2 + 128, 63 * 14 * 64**2, 7 * 64**2 * (36 + 20)),
        (
            "conv_1x7_7x1_bottleneck",
            2 * 64 * 16 + 14 * 16**2 + 6 * 16 + 128,
            63 * (2 * 64 * 16 + 14 * 16**2),
            63 * 64 * 16 + 7 * 16**2 * (36 + 20) + 20 * 16 * 64,
        ),
        ("skip_connect", 0, 0, 20 * 64**2),
        ("max_pool_7x7", 0, 0, 0),
        ("shift_3x3", 0, 0, 0),
        ("identity", 0, 0, 20 * 64**2),
        ("lk_dw_11x11", 121 * 64 + 64**2 + 128, 63 * (121 * 64 + 64**2), 20 * (121 * 64 + 64**2)),
        ("inc_dw_11", 8 * 10 + 16 * 12 + 64**2 + 128, 63 * (8 * 31 + 64**2), 20 * (8 * 31 + 64**2)),
        ("convnext_7", 50 * 64 + 128 + 8 * 64**2 + 5 * 64 + 64, 63 * (49 * 64 + 8 * 64**2), 20 * (49 * 64 + 8 * 64**2)),
        ("convfirst_3", 54_784, 63 * (9 * 8 * 64 + 12 * 64**2), 20 * (9 * 8 * 64 + 12 * 64**2)),
        (
            "mbconv_5x5_e6",
            12 * 64**2 + 25 * 6 * 64 + 26 * 64,
            63 * (12 * 64**2 + 25 * 6 * 64),
            63 * 6 * 64**2 + 20 * (6 * 64**2 + 25 * 6 * 64),
        ),
        (
            "lk_rep_13",
            282 * 64 + 64**2 + 128,
            63 * ((169 + 25 + 49 + 27) * 64 + 64**2),
            20 * ((169 + 25 + 49 + 27) * 64 + 64**2),
        ),
        (
            "pool_sandwich_3x3",
            2 * 64 * 16 + 2 * 16 + 128,
            63 * 2 * 64 * 16,
            63 * 64 * 16 + 20 * 64 * 16,
        ),
        ("pfg", 8972 + 64**2 + 128, 63 * (8972 - 3 * 64 - 3 + 27 * 64 + 64**2), None),
        ("dcls_17_34", 64 * (3 * 34 + 1) + 64**2 + 128, 63 * (289 * 64 + 64**2), 20 * (289 * 64 + 64**2)),
        ("dcls_17_26_gauss", 64 * (5 * 26 + 1) + 64**2 + 128, 63 * (289 * 64 + 64**2), 20 * (289 * 64 + 64**2)),
        ("halo", 3 * 64**2 + 54 * 8 + 64**2 + 128, 64 * 2 * 3 * 64**2 + 63 * 64**2, None),
        ("dist_l2_3x3", 2 * 9 * 64**2 + 128, 2 * 63 * 9 * 64**2, 2 * 20 * 9 * 64**2),
        ("dist_l1_3x3", 9 * 64**2 + 128, 63 * 9 * 64**2, 20 * 9 * 64**2),
        ("rbf_3x3", 10 * 64**2 + 64 + 128, 63 * 10 * 64**2, 20 * 10 * 64**2),
        ("band_11", 22 * 64 + 64**2 + 128, 63 * (22 * 64 + 64**2), 11 * 64 * (36 + 20) + 20 * 64**2),
    ],
)
def test_an_operator_costs_what_its_formula_says(name: str, params: int, macs: int, strided_macs: int | None) -> None:
    operator = OPERATORS[name]
    plain = operator.cost(WIDTH, WIDTH, SIZE)
    assert (plain.params, plain.macs) == (params, macs)
    assert strided_macs in (None, operator.cost(WIDTH, WIDTH, SIZE, stride=2).macs)


# What papers give for a part of an operator, at their own widths; ours ends in a pointwise convolution and a norm.
@pytest.mark.parametrize(
    ("name", "width", "params", "after"),
    [
        ("convnext_7", 96, 79_296, 0),
        ("convfirst_3", 64, 54_784, 0),
        ("pfg", 64, 8_972, 64**2 + 2 * 64),
        *((f"lk_rep_{kernel}", 8, 8 * trained, 8**2 + 2 * 8) for kernel, (trained, _) in LARGE_KERNELS.items()),
    ],
)
def test_a_mixer_has_the_parameters_of_its_paper(name: str, width: int, params: int, after: int) -> None:
    assert OPERATORS[name].cost(width, width, SIZE).params == params + after


@pytest.mark.parametrize("kernel", LARGE_KERNELS)
def test_a_merged_large_kernel_has_the_parameters_of_its_paper(kernel: int) -> None:
    merged = merge(DilatedRep(8, 1, kernel=kernel).eval())
    assert sum(parameter.numel() for parameter in merged.parameters()) == 8 * LARGE_KERNELS[kernel][1]


def test_a_pool_that_changes_the_width_pays_for_an_adapter() -> None:
    found = OPERATORS["avg_pool_3x3"].cost(64, 32, SIZE, stride=2)
    assert (found.params, found.macs) == (64 * 32 + 64, HALF_PIXELS * 64 * 32)
