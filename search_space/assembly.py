"""The torch network of an architecture: its cells read their genotype, all else is what the export prints too."""

from __future__ import annotations

import torch
from torch import Tensor

from search_space.genotype import Cell as Graph
from search_space.genotype import Genotype
from search_space.modules.adapter import Adapter
from search_space.modules.cell import Cell
from search_space.modules.convolution import FactorizedReduction, ReLUConvBN
from search_space.modules.network import Network
from search_space.operators import OPERATORS
from search_space.skeleton import Skeleton


def assemble(genotype: Genotype, skeleton: Skeleton) -> Network:
    """A freshly initialised network: images (N, C, H, W) to logits (N, classes). Draws from torch's generator."""
    return Network(
        _cell_class(genotype.normal, stride=1),
        _cell_class(genotype.reduction, stride=2),
        input_channels=skeleton.input_shape[0],
        classes=skeleton.classes,
        stem_channels=skeleton.stem_width,
        channels=skeleton.channels,
        cells_per_stage=skeleton.cells_per_stage,
        stages=skeleton.stages,
        shrinking_stem=skeleton.stem == "imagenet",
        skip_reduction_input=skeleton.skip_reduction_input,
    )


class _GraphCell(Cell):
    """A cell that follows its graph node by node. Its parts bear the names that they have in an exported file."""

    graph: Graph

    def __init__(self, older: int | None, newest: int, channels: int, halves: bool) -> None:
        super().__init__(older, newest, channels, halves)
        self.width = channels * len(self.graph.outputs)
        for node in self.graph.nodes:
            edges = self.graph.edges_into(node)
            for index, edge in enumerate(edges):
                channels_in = self.channels_h0 if edge.source == 0 else channels
                # Only what comes from outside the cell is still to be reduced.
                stride = self.stride if edge.source < 2 else 1
                self.add_module(f"h{node}_{index}", OPERATORS[edge.operator].build(channels_in, channels, stride))
            if node in self.graph.concat:
                self.add_module(f"h{node}_join", ReLUConvBN(len(edges) * channels, channels))
        for node in {0, 1} & set(self.graph.outputs):
            channels_in = self.channels_h0 if node == 0 else channels
            fit = Adapter(channels_in, channels) if self.stride == 1 else FactorizedReduction(channels_in, channels)
            self.add_module(f"h{node}_out", fit)

    def forward(self, h0: Tensor, h1: Tensor) -> Tensor:
        states = list(self.prepare(h0, h1))
        for node in self.graph.nodes:
            edges = enumerate(self.graph.edges_into(node))
            arriving = [self._part(f"h{node}_{index}", states[edge.source]) for index, edge in edges]
            if node in self.graph.concat:
                states.append(self._part(f"h{node}_join", torch.cat(arriving, 1)))
            else:
                states.append(sum(arriving[1:], start=arriving[0]))
        outputs = [states[n] if n > 1 else self._part(f"h{n}_out", states[n]) for n in self.graph.outputs]
        return torch.cat(outputs, 1)

    def _part(self, name: str, x_NCHW: Tensor) -> Tensor:
        output_NCHW: Tensor = getattr(self, name)(x_NCHW)
        return output_NCHW


def _cell_class(graph: Graph, stride: int) -> type[Cell]:
    return type("GraphCell", (_GraphCell,), {"graph": graph, "stride": stride})
