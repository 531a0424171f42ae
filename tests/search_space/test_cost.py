"""The cost model gives the published counts, from descriptions alone."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from search_space.cost import cost
from search_space.genotype import Cell, Edge, Genotype, InvalidGenotype
from search_space.network import Architecture
from search_space.published import published
from search_space.skeleton import skeletons


def test_nasnets_proxy_network_has_its_counts() -> None:
    found = cost(Architecture(published["nasnet-a"], replace(skeletons["cifar"], cells_per_stage=2)))
    assert (found.params, found.macs) == (1_294_698, 232_185_344)


def test_an_architecture_with_an_unknown_operator_is_refused() -> None:
    cell = Cell((Edge(0, 2, "warp_drive"),), outputs=(2,))
    with pytest.raises(InvalidGenotype, match="warp_drive"):
        Architecture(Genotype(cell, cell), skeletons["tiny"])


def test_costs_need_no_torch() -> None:
    program = (
        "import sys, random\n"
        "from search_space.cost import cost\n"
        "from search_space.network import Architecture\n"
        "from search_space.presets import spaces\n"
        "from search_space.skeleton import skeletons\n"
        "architecture = Architecture(spaces['nasnet'].sample(random.Random(0)), skeletons['tiny'])\n"
        "cost(architecture)\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
