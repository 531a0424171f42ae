"""What travels between the service and a worker."""

from __future__ import annotations

from dataclasses import replace

import pytest

from search_space.genotype import Cell, Edge, Genotype
from search_space.published import published
from search_space.regularisation import DropPath
from search_space.skeleton import Norm, Skeleton, StemName
from workers.messages import EvaluationRequest, Recipe

REQUEST = EvaluationRequest(
    genotype=published["enas"],
    skeleton=Skeleton((1, 8, 8), classes=10, channels=8, stages=2),
    dataset="digits",
    recipe=Recipe(epochs=3),
    seed=0,
    fidelities=(1, 3),
)


def test_results_recorded_before_skeletons_had_more_fields_still_stand_in() -> None:
    assert REQUEST.key == "d532eddf8c1665ac4bfbcfff6cf63a5157a3cc5997d950b7478100718fc894f3"


def test_another_network_around_the_cells_is_another_request() -> None:
    skeletons = [
        replace(REQUEST.skeleton, **change)
        for change in ({}, {"recursion": 2}, {"reversible": True}, {"initialisation": "dirac"}, {"norm": "gn"})
    ]
    assert len({replace(REQUEST, skeleton=skeleton).key for skeleton in skeletons}) == len(skeletons)


def test_what_an_operator_found_before_it_computed_otherwise_does_not_stand_in() -> None:
    cell = Cell((Edge(0, 2, "smix"), Edge(1, 2, "identity")), (2,))
    before = "63123d37e7336b85e137ce8d7d7c0df1d8b99da1e76781cbfa71c6c6b970c52d"
    assert replace(REQUEST, genotype=Genotype(cell, cell)).key != before


@pytest.mark.parametrize(
    ("operator", "before"),
    [
        ("convnext_5", "d72add4de4c819825aa032c0da193d46c69dba847c62a9f52aa1293022ff93f2"),
        ("convnext_7", "88a9877f2a5be1285f9b2f0f50923707d81822460c92fffeb44ab670b2f093be"),
        ("halo", "06eddcc932525dc65c757ea1f96f1d485044447ae41e7596029f9e4ba89db295"),
        ("conv_1x1", "48aeaecdd0b07b6ff2d21c3bae0946a1e046a958892fb9bd6aa6506c8e41a7a2"),
        ("identity", "3b3e1d11e2f8ea243933a1b35bf2d87a6b4a79bcff040d58e9073603b42a3156"),
    ],
)
def test_the_latency_of_a_slower_inference_form_does_not_stand_in(operator: str, before: str) -> None:
    strided = Cell((Edge(0, 2, operator), Edge(1, 2, "sep_conv_3x3")), (2,))
    assert replace(REQUEST, genotype=Genotype(strided, strided)).key != before


@pytest.mark.parametrize(
    ("norm", "before"),
    [
        ("gn", "f73a419b8d871bed8cecf6cbb17055731e6bc6eb5cc38c6567356df9a683a296"),
        ("gn", "48f96466fc8c54b50731c9fc91d2655461fc9fdf68d3efb7df2cb9f4b8f301f8"),
        ("ln", "dcf432fe5dd4194d0dfcbac09b42ddd02206811626939ded33143e24634a25c7"),
    ],
)
def test_a_norm_of_other_groups_or_of_half_a_reduction_does_not_stand_in(norm: Norm, before: str) -> None:
    assert replace(REQUEST, skeleton=replace(REQUEST.skeleton, norm=norm)).key != before


@pytest.mark.parametrize(
    ("stem", "revised", "before"),
    [
        ("tiny", False, "3022eaeb127e3211d4a3c04bc0053b3661f032a898462400744741d8e379402d"),
        ("cifar", True, "87c4f4df92ada7c2eaa6b95b004823c66b4f811f4ee2a31935132406d7d2bef0"),
    ],
)
def test_a_skip_connection_that_drop_path_spared_wrongly_does_not_stand_in(
    stem: StemName, revised: bool, before: str
) -> None:
    """ENAS has some in its normal cell, which change the width behind a stem that is wider than the cells."""
    dropping = replace(REQUEST.skeleton, stem=stem, drop_path=DropPath(0.5))
    assert (replace(REQUEST, skeleton=dropping).key != before) == revised


def test_an_operator_that_takes_less_time_where_it_is_strided_is_the_same_where_it_is_not() -> None:
    plain = Cell((Edge(0, 2, "conv_1x1"), Edge(1, 2, "identity")), (2,))
    reduction = Cell((Edge(0, 2, "sep_conv_3x3"), Edge(1, 2, "sep_conv_3x3"), Edge(2, 3, "conv_1x1")), (3,))
    before = "ae756ba0c1a7bd69ade072ed0a08cec65fc7ce32b50a1b42cef1de47b642e049"
    assert replace(REQUEST, genotype=Genotype(plain, reduction)).key == before
