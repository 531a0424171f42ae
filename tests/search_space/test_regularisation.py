"""What helps a training: where it stands, what it costs, and that it is gone afterwards."""

from __future__ import annotations

import json
import math
import random
from dataclasses import asdict, replace
from typing import Any

import pytest
import torch

from search_space.cost import Cost, auxiliary_cost, cost
from search_space.export import to_python
from search_space.genotype import Cell, Edge, Genotype, InvalidGenotype
from search_space.merge import merge
from search_space.modules.drop_path import DropPath as DropPathModule
from search_space.network import Architecture
from search_space.published import published
from search_space.published_networks import published_networks
from search_space.regularisation import Auxiliary, DropPath, InvalidRegularisation
from search_space.skeleton import InvalidSkeleton, Skeleton, skeletons
from tests.search_space.counted import counted
from tests.search_space.random_skeletons import random_skeleton

SMALL = Skeleton((1, 16, 12), classes=3, channels=4, cells_per_stage=2)


def with_auxiliary(skeleton: Skeleton = SMALL, **fields: Any) -> Skeleton:
    return replace(skeleton, auxiliary=Auxiliary(**{"offset": -1, "widths": (6, 8), **fields}))


def keeps(network: Any) -> list[set[float]]:
    """The probabilities in each cell, rounded."""
    return [{round(m.keep, 6) for m in cell.modules() if isinstance(m, DropPathModule)} for cell in network.cells]


def test_the_auxiliary_head_of_darts_adds_its_published_count() -> None:
    darts = published_networks["darts-v2 cifar"]
    architecture = replace(darts, skeleton=replace(darts.skeleton, auxiliary=Auxiliary(offset=0)))
    assert auxiliary_cost(architecture).params == 476_426
    assert cost(architecture) == cost(darts)
    told = "Its auxiliary head, which auxiliary_weight=0 leaves out, has 476,426 parameters and "
    assert told in " ".join(to_python(architecture).split())
    assert "its auxiliary head has" not in to_python(architecture, "inference")


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("seed", range(12))
def test_the_cost_of_an_auxiliary_head_is_what_is_counted_on_the_built_network(seed: int, dims: int) -> None:
    rng = random.Random(seed)
    head = Auxiliary(rng.choice([-1, 0, 1]), rng.choice([1, 2, 3]), (rng.randint(1, 40), rng.randint(1, 40)), seed > 2)
    size = tuple(rng.randint(40, 50) for _ in range(dims)) if dims < 3 else (24, 22, 25)
    tiny = {"stem": "tiny", "channels": rng.randint(4, 12), "input_shape": (rng.randint(1, 4), *size)}
    skeleton = random_skeleton(seed, dims, stages=rng.randint(2, 3), auxiliary=head, classes=1 + 5 * seed, **tiny)
    name = rng.choice(["darts-v2", "nasnet-a", "enas"])
    _agrees_with_the_built_network(Architecture(published[name], skeleton))


@pytest.mark.parametrize("name", ["cifar", "imagenet-mobile"])
def test_the_cost_of_an_auxiliary_head_in_a_named_skeleton_is_what_is_counted(name: str) -> None:
    skeleton = replace(skeletons[name], auxiliary=Auxiliary(), channels=48)
    _agrees_with_the_built_network(Architecture(published["darts-v2"], skeleton))


def _agrees_with_the_built_network(architecture: Architecture) -> None:
    network: Any = architecture.build()
    read: list[torch.Size] = []
    network.auxiliary.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0].shape[1:]))
    network.logits(torch.zeros(2, *architecture.skeleton.input_shape))
    said = auxiliary_cost(architecture)
    assert sum(p.numel() for p in network.parameters()) == cost(architecture).params + said.params
    head = counted(lambda: network.auxiliary.to(torch.empty(0).device), read[0])
    assert head == (said.params, said.macs)
    plain = replace(architecture, skeleton=replace(architecture.skeleton, auxiliary=None))
    assert cost(architecture) == cost(plain)
    assert auxiliary_cost(plain) == Cost()


def test_a_training_form_without_an_auxiliary_head_states_what_one_would_add() -> None:
    told = to_python(Architecture(published["darts-v2"], Skeleton((3, 32, 32), 10)))
    assert "It has 126,442 parameters and " in told
    assert "With auxiliary_weight, its auxiliary head has 1,598,730 parameters and " in told
    without_room = to_python(Architecture(published["darts-v2"], Skeleton((3, 32, 32), 10, stages=1)))
    assert "its auxiliary head has" not in without_room


@pytest.mark.parametrize("skeleton", [with_auxiliary(), with_auxiliary(offset=-1, pool_stride=1, last_norm=False)])
def test_an_auxiliary_head_costs_what_it_says_and_gives_logits_and_gradients(skeleton: Skeleton) -> None:
    architecture = Architecture(published["enas"], skeleton)
    network: Any = architecture.build()
    params = sum(p.numel() for p in network.parameters())
    assert params == cost(architecture).params + auxiliary_cost(architecture).params
    read: list[torch.Tensor] = []
    network.auxiliary.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0]))
    logits_NK, auxiliary_NK = network.logits(torch.randn(4, *skeleton.input_shape))
    assert logits_NK.shape == auxiliary_NK.shape == (4, 3)
    said = auxiliary_cost(architecture)
    assert counted(lambda: network.auxiliary, read[0].shape[1:]) == (said.params, said.macs)
    (logits_NK.sum() + auxiliary_NK.square().sum()).backward()
    assert all(p.grad is not None for p in network.parameters())


@pytest.mark.parametrize(("offset", "cell"), [(-1, 4), (0, 5), (1, 6)])
def test_an_auxiliary_head_reads_the_cell_at_its_offset_from_the_last_reduction(offset: int, cell: int) -> None:
    network: Any = Architecture(
        published["enas"], with_auxiliary(Skeleton((1, 20, 20), 3, 4, 2), offset=offset)
    ).build()
    seen: list[torch.Tensor] = []
    network.cells[cell].register_forward_hook(lambda _, __, output: seen.append(output))
    network.auxiliary.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network.logits(torch.randn(2, 1, 20, 20))
    assert seen[0] is seen[1]


def test_the_merged_network_and_the_forward_pass_know_no_auxiliary_head() -> None:
    network = Architecture(published["enas"], with_auxiliary()).build().eval()
    plain = Architecture(published["enas"], SMALL).build().eval()
    plain.load_state_dict({name: t for name, t in network.state_dict().items() if not name.startswith("auxiliary")})
    images_NCHW = torch.randn(2, 1, 16, 12)
    assert torch.equal(network(images_NCHW), plain(images_NCHW))
    assert set(merge(network).state_dict()) == set(merge(plain).state_dict())


# l + 1 of 8 cells, T half over: 1 - 0.5 * (l + 1) / 8 * 0.4 in NASNet's "v3".
@pytest.mark.parametrize(
    ("drop_path", "first", "last"),
    [
        (DropPath(0.6), 0.975, 0.8),
        (DropPath(0.6, by_layer=False), 0.8, 0.8),
        (DropPath(0.6, by_time=False), 0.95, 0.6),
    ],
)
def test_paths_are_dropped_by_layer_and_time(drop_path: DropPath, first: float, last: float) -> None:
    network: Any = Architecture(published["nasnet-a"], replace(SMALL, drop_path=drop_path)).build()
    network.set_progress(0.5)
    found = keeps(network)
    assert len(found) == 8
    assert (found[0], found[-1]) == ({first}, {last})


def test_at_the_beginning_nothing_is_dropped_and_at_the_end_the_last_cell_reaches_the_final_probability() -> None:
    network: Any = Architecture(published["nasnet-a"], replace(SMALL, drop_path=DropPath(0.6))).build()
    assert keeps(network) == [{1.0}] * 8
    network.set_progress(1.0)
    assert keeps(network)[-1] == {0.6}


@pytest.mark.parametrize(("operator", "spared"), [("identity", True), ("skip_connect", False)])
def test_what_is_strided_is_spared_as_nasnets_identity_and_dropped_as_the_skip_connection_of_darts(
    operator: str, spared: bool
) -> None:
    torch.manual_seed(0)
    cell = Cell((Edge(0, 2, operator), Edge(1, 2, operator)), (2,))
    skeleton = Skeleton((1, 8, 8), 2, 4, older_input="fitted", drop_path=DropPath(0.01, by_layer=False, by_time=False))
    network: Any = Architecture(Genotype(cell, cell), skeleton).build()
    normal, reduction = network.cells[:2]
    h0 = torch.randn(4, 4, 8, 8)
    assert normal(h0, h0).abs().sum() > 0
    assert (reduction(h0, h0).abs().sum() > 0) == spared


@pytest.mark.parametrize(
    ("operator", "width", "spared"),
    [("identity", 4, True), ("identity", 12, True), ("skip_connect", 4, True), ("skip_connect", 12, False)],
)
def test_a_skip_connection_of_stride_one_is_dropped_where_it_changes_the_width(
    operator: str, width: int, spared: bool
) -> None:
    """As in DARTS, where drop path spares what is an nn.Identity; that of NASNet's released code is spared always."""
    torch.manual_seed(0)
    cell = Cell((Edge(0, 2, operator), Edge(1, 2, "avg_pool_3x3")), (2,))
    skeleton = Skeleton((1, 8, 8), 2, 4, stem_channels=width, drop_path=DropPath(0.01, by_layer=False, by_time=False))
    network: Any = Architecture(Genotype(cell, cell), replace(skeleton, cells_per_stage=2)).build()
    first, second = network.cells[:2]
    older = torch.rand(4, width, 8, 8)
    assert (first(older, torch.zeros(4, width, 8, 8)).abs().sum() > 0) == spared
    # From the second cell on the older input has the cell's width before an operator reads it.
    assert second(older, torch.zeros(4, 4, 8, 8)).abs().sum() > 0


def test_a_skip_connection_between_the_nodes_of_a_reduction_is_its_input_and_so_is_not_dropped() -> None:
    torch.manual_seed(0)
    cell = Cell((Edge(0, 2, "identity"), Edge(2, 3, "skip_connect"), Edge(1, 3, "avg_pool_3x3")), (3,))
    skeleton = Skeleton((1, 8, 8), 2, 4, drop_path=DropPath(0.01, by_layer=False, by_time=False))
    network: Any = Architecture(Genotype(cell, cell), skeleton).build()
    reduction = network.cells[1]
    assert type(reduction).__name__ == "ReductionCell"
    assert reduction(torch.randn(4, 4, 8, 8), torch.zeros(4, 4, 8, 8)).abs().sum() > 0


def test_keeping_every_path_is_training_without_drop_path() -> None:
    keeping = Architecture(published["darts-v1"], replace(SMALL, drop_path=DropPath(1.0))).build().train()
    plain = Architecture(published["darts-v1"], SMALL).build().train()
    plain.load_state_dict(keeping.state_dict())
    images_NCHW = torch.randn(4, 1, 16, 12)
    assert torch.equal(keeping(images_NCHW), plain(images_NCHW))


def test_a_regularised_skeleton_survives_json() -> None:
    skeleton = replace(with_auxiliary(), drop_path=DropPath(0.7, by_layer=False))
    assert Skeleton(**json.loads(json.dumps(asdict(skeleton)))) == skeleton


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"offset": 2}, "offset is -1, 0 or 1"),
        ({"pool_stride": 0}, "pool_stride is 1, 2 or 3"),
        ({"widths": (1,)}, "widths are two whole numbers"),
        ({"weight": 0}, "weight is a number more than 0"),
    ],
)
def test_an_auxiliary_head_that_makes_no_sense_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRegularisation, match=message):
        Auxiliary(**fields)


def test_drop_path_keeps_something() -> None:
    with pytest.raises(InvalidRegularisation, match="more than 0"):
        DropPath(0)


@pytest.mark.parametrize(
    ("kind", "field", "values", "takes"),
    [
        (Auxiliary, "auxiliary.offset", (True, -1.0, "0", None), "-1, 0 or 1 from the last reduction cell"),
        (Auxiliary, "auxiliary.pool_stride", (True, 2.0, "2", None), "1, 2 or 3"),
        (Auxiliary, "auxiliary.widths", (8, "88", None, (True, 8), (6.0, 8.0)), "two whole numbers from 1 to 4096"),
        (Auxiliary, "auxiliary.last_norm", (1, 0, "no", None), "true or false"),
        (Auxiliary, "auxiliary.weight", (True, "0.4", None, math.nan), "a number more than 0 and at most 10"),
        (DropPath, "drop_path.keep", (True, "0.4", None, math.nan), "a number more than 0 and at most 1"),
        (DropPath, "drop_path.by_layer", (1, 0, "no", None), "true or false"),
        (DropPath, "drop_path.by_time", (1, 0, "no", None), "true or false"),
    ],
)
def test_a_help_for_training_of_a_wrong_type_is_refused_with_its_field(
    kind: type[Any], field: str, values: tuple[Any, ...], takes: str
) -> None:
    least = {"keep": 0.5} if kind is DropPath else {}
    for value in values:
        with pytest.raises(InvalidRegularisation, match=f"^{field} (is|are) {takes}, not "):
            kind(**{**least, field.partition(".")[2]: value})


def test_an_auxiliary_head_without_a_place_is_refused() -> None:
    with pytest.raises(InvalidSkeleton, match="5x5 pixels or more, and here it has 4x3"):
        with_auxiliary(offset=0)
    with pytest.raises(InvalidSkeleton, match="two stages"):
        with_auxiliary(replace(SMALL, stages=1))
    cell = Cell((Edge(0, 2, "conv_3x3"),), (2,))
    with pytest.raises(InvalidGenotype, match="normal cell: it does not read its newest input"):
        Architecture(Genotype(cell, cell), with_auxiliary())
