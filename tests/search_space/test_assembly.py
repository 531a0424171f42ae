"""The networks that are built, against what their descriptions say."""

from __future__ import annotations

import gc
import linecache
import traceback

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor

from search_space.assembly import assemble
from search_space.cost import cost
from search_space.genotype import Cell, Edge, Genotype
from search_space.modules.network import Network
from search_space.network import Architecture
from search_space.operators import OPERATORS
from search_space.published import published
from search_space.simplify import NOTHING
from search_space.skeleton import Skeleton
from tests.search_space.counted import counted
from tests.search_space.moved import moved_bytes
from tests.search_space.random_cells import every_operator, random_genotype
from tests.search_space.strategies import genotypes

SMALL = {
    "tiny": Skeleton((1, 8, 8), classes=10, channels=8),
    "odd sizes": Skeleton((2, 9, 7), classes=3, channels=5, cells_per_stage=2),
    "one stage": Skeleton((3, 4, 4), classes=2, channels=4, stages=1),
    "cifar stem": Skeleton((3, 11, 12), classes=10, channels=6, stem="cifar"),
    "imagenet stem": Skeleton((3, 67, 67), classes=10, channels=18, stem="imagenet"),
    "skipping": Skeleton((3, 35, 35), classes=10, channels=16, stem="imagenet", skip_reduction_input=True),
    "double stem": Skeleton((3, 35, 35), 10, 8, stem="imagenet-darts", older_input="prepared", final_relu=False),
    "reduction in stage": Skeleton((1, 9, 9), 10, 8, 2, reduction_in_stage=True),
    "reductions only": Skeleton((1, 9, 9), 10, 8, 1, reduction_in_stage=True),
    "one pixel": Skeleton((3, 4, 4), 10, 8, stages=1, stem="imagenet-darts"),
    "two units": Skeleton((1, 8, 8), 10, 8, 2, older_input="fitted", newest_units=2, classifier_bias=False),
}


def counts_of(architecture: Architecture) -> tuple[int, int]:
    return counted(architecture.build, architecture.skeleton.input_shape)


@pytest.mark.parametrize("skeleton", SMALL)
@given(genotype=genotypes(tuple(OPERATORS)))
@settings(max_examples=5)
def test_a_network_costs_what_its_description_says(skeleton: str, genotype: Genotype) -> None:
    architecture = Architecture(genotype, SMALL[skeleton])
    said = cost(architecture)
    assert counts_of(architecture) == (said.params, said.macs)


@pytest.mark.parametrize("skeleton", SMALL)
def test_a_network_with_cells_that_are_zero_costs_what_its_description_says(skeleton: str) -> None:
    zero, copy = Cell((Edge(1, 2, "none"),), outputs=(2,)), Cell((), outputs=(1,))
    for normal, reduction in ((copy, zero), (zero, copy), (zero, zero)):
        architecture = Architecture(Genotype(normal, reduction), SMALL[skeleton])
        said = cost(architecture)
        assert counts_of(architecture) == (said.params, said.macs)
        assert moved_bytes(architecture.build, SMALL[skeleton].input_shape) == said.bytes_moved


@pytest.mark.parametrize("skeleton", ["odd sizes", "imagenet stem"])
def test_a_network_of_all_operators_costs_what_its_description_says(skeleton: str) -> None:
    architecture = Architecture(every_operator(), SMALL[skeleton])
    said = cost(architecture)
    assert counts_of(architecture) == (said.params, said.macs)


@pytest.mark.parametrize("skeleton", SMALL)
@given(genotype=genotypes(tuple(OPERATORS)))
@settings(max_examples=5)
def test_a_network_gives_logits_and_every_parameter_a_finite_gradient(skeleton: str, genotype: Genotype) -> None:
    network = Architecture(genotype, SMALL[skeleton]).build()
    logits_NK = network(torch.randn(3, *SMALL[skeleton].input_shape))
    assert logits_NK.shape == (3, SMALL[skeleton].classes)
    logits_NK.square().sum().backward()
    cut = any(edge.operator == NOTHING for _, cell in genotype.cells for edge in cell.edges)
    for parameter in network.parameters():
        assert cut if parameter.grad is None else torch.isfinite(parameter.grad).all(), "a zero cell alone cuts paths"


@given(genotype=genotypes(tuple(OPERATORS)))
@settings(max_examples=8)
def test_in_evaluation_an_image_does_not_depend_on_its_neighbours_in_the_batch(genotype: Genotype) -> None:
    network = Architecture(genotype, SMALL["tiny"]).build().double().eval()
    images_NCHW = torch.randn(5, 1, 8, 8, dtype=torch.float64)
    assert torch.allclose(network(images_NCHW)[3:4], network(images_NCHW[3:4]), atol=1e-5)


def test_the_seed_given_to_torch_decides_the_weights() -> None:
    def weights(seed: int) -> Tensor:
        torch.manual_seed(seed)
        return torch.cat([p.flatten() for p in Architecture(published["enas"], SMALL["tiny"]).build().parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_after_a_reduction_that_is_skipped_the_older_input_is_the_one_the_reduction_had() -> None:
    """The cells add and do nothing else, so the tensors can be followed by hand."""
    cell = Cell((Edge(0, 2, "identity"), Edge(1, 2, "identity")), (2,))
    chained = assemble(Genotype(cell, cell), Skeleton((1, 8, 8), 2, 4))
    skipping = assemble(Genotype(cell, cell), Skeleton((1, 8, 8), 2, 4, skip_reduction_input=True))

    def older_inputs(network: Network) -> list[int]:
        seen: list[Tensor] = []
        for module in network.cells:
            module.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        outputs: list[Tensor] = []
        for module in network.cells:
            module.register_forward_hook(lambda _, __, output: outputs.append(output))
        network.stem.get_submodule("convolution").register_forward_hook(lambda _, __, output: outputs.append(output))
        network(torch.randn(1, 1, 8, 8))
        return [next(i for i, output in enumerate(outputs) if output is tensor) for tensor in seen]

    assert older_inputs(chained) == [0, 0, 1, 2, 3]
    assert older_inputs(skipping) == [0, 0, 0, 2, 2]


def test_where_cells_read_only_their_older_input_every_second_one_is_not_built() -> None:
    cell = Cell((Edge(0, 2, "conv_1x1"),), (2,))
    architecture = Architecture(Genotype(cell, cell), Skeleton((1, 8, 8), 2, 4))
    network = assemble(architecture.genotype, architecture.skeleton)
    built = [any(True for _ in module.parameters()) for module in network.cells]
    assert built == [True, False, True, False, True]
    assert cost(architecture).params == sum(p.numel() for p in network.parameters())


def test_an_error_in_a_cell_shows_the_line_of_its_exported_text() -> None:
    network = assemble(published["nasnet-a"], SMALL["tiny"])
    with pytest.raises(RuntimeError) as caught:
        network.cells[0](torch.randn(1, 8, 4, 4), torch.randn(1, 8, 5, 5))
    shown = "".join(traceback.format_exception(caught.value))
    assert "h3 = self.h3_0(h0) + self.h3_1(h1)" in shown


def test_a_network_that_is_gone_leaves_nothing_behind() -> None:
    genotype = random_genotype(99)
    network = Architecture(genotype, SMALL["tiny"]).build()
    assert any(genotype.key in file for file in linecache.cache)
    del network
    gc.collect()
    assert not any(genotype.key in file for file in linecache.cache)
