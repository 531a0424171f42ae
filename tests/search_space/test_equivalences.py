"""The twenty equivalences that operators and networks must keep, by number, with the tests that show each.

What is exact is tested on whole numbers, whose sums no order rounds; where there is a softmax, in float64. The form of
learned spacings that is called "max" begins as the linear one, its spread being 0, and is that one in number 7.
"""

from __future__ import annotations

import importlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_space.cost import cost
from search_space.genotype import Genotype
from search_space.network import Architecture
from search_space.skeleton import Skeleton
from tests.search_space.strategies import drawings, redrawn

SMALL = Skeleton((2, 9, 8), classes=3, channels=5, stages=2)

# The number, what equals what, and "file: test" for each test of it below tests/search_space.
EQUIVALENCES = {
    1: (
        "a dilated large kernel, merged and not",
        "modules.test_merged: test_a_large_kernel_and_its_dilated_branches_are_one_kernel",
    ),
    2: (
        "a dilated convolution, and zeros inserted into its kernel",
        "modules.test_operators: test_a_dilated_convolution_is_one_with_zeros_inserted_into_its_kernel",
    ),
    3: (
        "a row and a column, and their outer product; with a bias between them in the interior only",
        "modules.test_operators: test_a_band_is_one_depthwise_convolution_with_the_outer_product_of_its_kernels",
        "modules.test_operators: "
        "test_a_bias_between_a_row_and_a_column_changes_the_border_only_by_what_the_column_misses_there",
    ),
    4: (
        "a shift, and one-hot depthwise kernels",
        "modules.test_operators: test_a_shift_is_a_depthwise_convolution_with_one_hot_kernels",
    ),
    5: (
        "an average pool, and sums divided by counts; a maximum pool that trades places with scales and ReLU",
        "modules.test_operators: test_an_average_pool_divides_by_the_pixels_that_are_there",
        "modules.test_operators: test_a_max_pool_gives_back_pixels_and_may_trade_places_with_scales_and_relu",
    ),
    6: (
        "the inception mixer, and one masked depthwise kernel",
        "modules.test_operators: test_the_inception_mixer_is_one_masked_depthwise_convolution",
    ),
    7: (
        "whole learned spacings, and a dilated convolution; spacings, and their baked kernel",
        "modules.test_merged: test_whole_spacings_are_a_dilated_convolution_whose_first_axis_is_the_width",
        "modules.test_merged: test_baked_kernels_compute_what_learned_spacings_did",
    ),
    8: (
        "one block without a halo, and global attention",
        "modules.test_attention: test_one_block_without_a_halo_is_global_attention",
    ),
    9: (
        "the weighted squared distance, and two convolutions",
        "modules.test_distance: test_the_weighted_squared_distance_is_two_convolutions",
    ),
    10: (
        "complex weights of waves, and their real form",
        "modules.test_mixers: test_waves_are_turned_as_complex_numbers_are",
    ),
    11: (
        "a reversible cell there and back; its gradients, and those of the stored form",
        "modules.test_reversible: test_older_inputs_are_had_back_from_results",
        "modules.test_reversible: test_gradients_are_those_of_the_stored_form",
        "modules.test_reversible: test_in_float32_gradients_are_those_of_the_stored_form_to_rounding",
    ),
    12: (
        "recursion once, and the plain network; r times, and an unrolled copy with tied weights",
        "modules.test_recursion: test_running_once_is_the_plain_network",
        "modules.test_recursion: test_a_cell_runs_on_its_own_result_and_the_same_older_input",
        "modules.test_recursion: test_gradients_of_shared_weights_are_the_sums_over_an_unrolled_copy_with_tied_weights",
    ),
    13: (
        "drop path that keeps all, drop path in evaluation, and the identity; whole images",
        "modules.test_drop_path: test_who_keeps_everything_changes_nothing",
        "modules.test_drop_path: test_nothing_is_dropped_in_evaluation",
        "modules.test_drop_path: test_an_image_is_kept_as_a_whole_and_scaled_or_dropped_as_a_whole",
    ),
    14: (
        "a share of no instance norm, and batch norm; of nothing else, and instance norm",
        "test_norms: test_a_share_of_none_is_batch_norm_and_of_all_is_instance_norm",
    ),
    15: (
        "a convolution with its batch norm, and the folded one",
        "modules.test_merged: test_a_convolution_and_its_norm_are_one_convolution_with_a_bias",
    ),
    16: (
        "isomorphic genotypes: their keys, costs, parameters and outputs",
        "test_genotype: test_isomorphic_cells_are_equal",
        "test_simplify: test_a_cell_still_computes_what_was_drawn",
        "test_equivalences: test_isomorphic_drawings_have_one_key_and_one_cost",
        "test_cells_by_hand: test_a_built_cell_gives_out_what_was_drawn_under_whatever_numbers",
    ),
    17: (
        "a residual scale of 1, and the plain sum",
        "test_choices_around_cells: test_a_skip_leads_around_the_normal_cells_that_keep_their_width",
    ),
    18: (
        "an image alone, and among others",
        "operators.test_promises: test_in_evaluation_an_image_does_not_depend_on_its_neighbours_in_the_batch",
        "test_assembly: test_in_evaluation_an_image_does_not_depend_on_its_neighbours_in_the_batch",
    ),
    19: (
        "an exported file, and the network, merged or not",
        "test_export_exact: test_exported_files_compute_the_very_same_with_nothing_but_torch",
        "test_merge: test_the_merged_network_computes_the_same_whatever_the_statistics",
        "test_merge: test_the_merged_network_of_a_published_cell_is_within_float32_rounding",
    ),
    20: (
        "the cost of a description, and what is counted on the module",
        "operators.test_promises: test_it_costs_what_its_description_says",
        "test_assembly: test_a_network_costs_what_its_description_says",
    ),
}


@pytest.mark.parametrize("number", range(1, 21))
def test_every_equivalence_has_its_tests(number: int) -> None:
    _, *tests = EQUIVALENCES[number]
    assert tests
    for test in tests:
        file, name = test.split(": ")
        assert callable(getattr(importlib.import_module(f"tests.search_space.{file}"), name))


@given(st.data())
@settings(max_examples=15)
def test_isomorphic_drawings_have_one_key_and_one_cost(data: st.DataObject) -> None:
    operators = ("identity", "sep_conv_3x3", "max_pool_3x3", "conv_1x1")
    pairs = [data.draw(drawings(most_nodes=4, operators=operators)) for _ in range(2)]
    again = [data.draw(redrawn(drawing)) for drawing in pairs]
    one, other = (
        Architecture(Genotype(normal.cell(), reduction.cell()), SMALL) for normal, reduction in (pairs, again)
    )
    assert one.genotype.key == other.genotype.key
    assert cost(one) == cost(other)
