"""The network around the cells: stem, stages, head."""

import torch.nn.functional as F
from torch import Tensor, nn

from search_space.modules.cell import Cell
from search_space.modules.conv_norm import ConvNorm


class Network(nn.Module):
    """A stem, stages of cells, a classifier: images (N, input_channels, H, W) to logits (N, classes).

    A stage is `cells_per_stage` normal cells; a reduction cell stands between stages, and the width, which is
    `channels` at first, doubles with it. A `shrinking_stem` halves the image and hands it to two more reduction cells,
    at a quarter and half of `channels`. With `skip_reduction_input`, the cell after a reduction takes for its older
    input the one that the reduction took. (Zoph et al. 2017, arXiv 1707.07012, and its released code.)
    """

    def __init__(
        self,
        normal: type[Cell],
        reduction: type[Cell],
        *,
        input_channels: int,
        classes: int,
        stem_channels: int,
        channels: int,
        cells_per_stage: int,
        stages: int,
        shrinking_stem: bool,
        skip_reduction_input: bool,
    ) -> None:
        super().__init__()
        if shrinking_stem:
            self.stem = ConvNorm(input_channels, stem_channels, 3, stride=2)
            plan = [(reduction, channels // 4, False), (reduction, channels // 2, False)]
        else:
            self.stem = ConvNorm(input_channels, stem_channels, 3, padding=1)
            plan = []
        for stage in range(stages):
            if stage:
                plan.append((reduction, channels * 2**stage, skip_reduction_input))
            plan.extend([(normal, channels * 2**stage, False)] * cells_per_stage)

        self.cells = nn.ModuleList()
        self.skipped = [skipped for _, _, skipped in plan]
        older, newest, halves = None, stem_channels, False
        for cell_class, width, skipped in plan:
            cell = cell_class(older, newest, width, halves)
            self.cells.append(cell)
            older, newest, halves = older if skipped else newest, cell.width, cell.stride == 2
        self.classifier = nn.Linear(newest, classes)
        self.apply(initialise)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Logits, (N, classes)."""
        older = newest = self.stem(x_NCHW)
        for cell, skipped in zip(self.cells, self.skipped, strict=True):
            older, newest = older if skipped else newest, cell(older, newest)
        logits_NK: Tensor = self.classifier(F.relu(newest).mean((2, 3)))
        return logits_NK


def initialise(module: nn.Module) -> None:
    """He's normal initialisation by what goes out of a convolution (arXiv 1502.01852); a small linear layer."""
    if isinstance(module, nn.Conv2d):
        fan_out = module.weight[0, 0].numel() * module.out_channels / module.groups
        nn.init.normal_(module.weight, std=(2 / fan_out) ** 0.5)
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.01)
    if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
