"""Published cells as data.

Node 0 is the older input and node 1 the newest. Where the sources disagree, the released code counts, not the
figure: its counts of parameters are the published ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from search_space.genotype import Cell, Edge, Genotype

_OPERATORS = {
    "sep3": "sep_conv_3x3",
    "sep5": "sep_conv_5x5",
    "sep7": "sep_conv_7x7",
    "dil3": "dil_sep_conv_3x3",
    "dil5": "dil_sep_conv_5x5",
    "c7": "conv_1x7_7x1_bottleneck",
    "avg3": "avg_pool_3x3",
    "max3": "max_pool_3x3",
    "id": "identity",
    "skip": "skip_connect",
}


def _cell(nodes: str, outputs: tuple[int, ...]) -> Cell:
    """Reads "sep3 0 id 1 | ...": for each node, from node 2 on, pairs of operator and source."""
    edges = []
    for target, node in enumerate(nodes.split("|"), start=2):
        words = node.split()
        for operator, source in zip(words[::2], words[1::2], strict=True):
            edges.append(Edge(int(source), target, _OPERATORS[operator]))
    return Cell(tuple(edges), outputs)


_PNASNET_5 = _cell(
    "sep5 0 max3 0 | sep7 1 max3 1 | sep5 1 sep3 1 | sep3 4 max3 1 | sep3 0 id 1",
    (2, 3, 4, 5, 6),
)

published: Mapping[str, Genotype] = MappingProxyType(
    {
        # Zoph et al. 2017, arXiv 1707.07012; tensorflow/models, research/slim/nets/nasnet/nasnet_utils.py
        "nasnet-a": Genotype(
            normal=_cell(
                "sep5 1 sep3 0 | sep5 0 sep3 0 | avg3 1 id 0 | avg3 0 avg3 0 | sep3 1 id 1",
                (0, 2, 3, 4, 5, 6),
            ),
            reduction=_cell(
                "sep5 1 sep7 0 | max3 1 sep7 0 | avg3 1 sep5 0 | id 3 avg3 2 | sep3 2 max3 1",
                (3, 4, 5, 6),
            ),
        ),
        # Real et al. 2018, arXiv 1802.01548; tensorflow/tpu, models/official/amoeba_net/model_specs.py
        "amoebanet-a": Genotype(
            normal=_cell(
                "avg3 1 max3 1 | sep3 0 id 0 | id 1 avg3 0 | sep3 1 sep5 2 | avg3 5 sep3 1",
                (0, 3, 4, 6),
            ),
            reduction=_cell(
                "sep3 0 avg3 1 | max3 1 sep7 2 | max3 0 max3 1 | sep3 4 c7 1 | avg3 0 sep7 1",
                (2, 3, 4, 5, 6),
            ),
        ),
        # Liu et al. 2017, arXiv 1712.00559; tensorflow/models, research/slim/nets/nasnet/pnasnet.py
        "pnasnet-5": Genotype(normal=_PNASNET_5, reduction=_PNASNET_5),
        # Pham et al. 2018, arXiv 1802.03268; melodyguan/enas, scripts/cifar10_micro_final.sh
        "enas": Genotype(
            normal=_cell(
                "avg3 0 sep3 0 | skip 0 sep5 0 | skip 0 sep5 1 | sep3 1 sep5 0 | avg3 0 sep5 1",
                (2, 3, 4, 5, 6),
            ),
            reduction=_cell(
                "sep3 1 sep3 1 | max3 0 avg3 0 | sep5 1 sep5 3 | sep3 1 skip 0 | max3 0 sep5 1",
                (2, 4, 5, 6),
            ),
        ),
        # Liu et al. 2018, arXiv 1806.09055; quark0/darts, cnn/genotypes.py
        "darts-v1": Genotype(
            normal=_cell("sep3 1 sep3 0 | skip 0 sep3 1 | skip 0 sep3 1 | sep3 0 skip 2", (2, 3, 4, 5)),
            reduction=_cell("max3 0 max3 1 | skip 2 max3 0 | max3 0 skip 2 | skip 2 avg3 0", (2, 3, 4, 5)),
        ),
        "darts-v2": Genotype(
            normal=_cell("sep3 0 sep3 1 | sep3 0 sep3 1 | sep3 1 skip 0 | skip 0 dil3 2", (2, 3, 4, 5)),
            reduction=_cell("max3 0 max3 1 | skip 2 max3 1 | max3 0 skip 2 | skip 2 max3 1", (2, 3, 4, 5)),
        ),
        # Xu et al. 2019, arXiv 1907.05737; yuhuixu1993/PC-DARTS
        "pc-darts-cifar": Genotype(
            normal=_cell("sep3 1 skip 0 | sep3 0 dil3 1 | sep5 0 sep3 1 | avg3 0 dil3 1", (2, 3, 4, 5)),
            reduction=_cell("sep5 1 max3 0 | sep5 1 sep5 2 | sep3 0 sep3 3 | sep3 1 sep3 2", (2, 3, 4, 5)),
        ),
        "pc-darts-imagenet": Genotype(
            normal=_cell("skip 1 sep3 0 | sep3 0 skip 1 | sep3 1 sep3 3 | sep3 1 dil5 4", (2, 3, 4, 5)),
            reduction=_cell("sep3 0 skip 1 | dil5 2 max3 1 | sep3 2 sep3 1 | sep5 0 sep3 3", (2, 3, 4, 5)),
        ),
    }
)
