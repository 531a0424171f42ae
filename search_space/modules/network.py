"""The network around the cells: stages and head."""

from torch import Tensor, nn

from search_space.modules.cell import Cell
from search_space.modules.global_pool import GlobalPool
from search_space.modules.stem import Stem
from search_space.modules.unread import Unread


class Network(nn.Module):
    """A stem, stages of cells, a classifier: images (N, input_channels, H, W) to logits (N, classes).

    With `dims` 1, these are signals (N, input_channels, L), with 3 volumes (N, input_channels, D, H, W).

    A stage is `cells_per_stage` normal cells; a reduction cell stands between stages, and the width, which is
    `channels` at first, doubles with it. With `reduction_in_stage`, it is one of the next stage's cells. The stem may
    be followed by `stem_reductions` more, each half as wide as the next. With `skip_reduction_input`, the cell after a
    reduction takes for its older input the one that the reduction took. How cells prepare their older input is said
    by `fit`, see Cell, and by `first_fit` for a first cell, which has two inputs that are one tensor. They prepare the
    newest with `newest_units`. The head is ReLU, what `head` says of all pixels (see GlobalPool), and a linear layer.
    It has no ReLU without `final_relu`. The layer has no bias without `classifier_bias`. Before it stands, in training,
    `dropout`. (Zoph et al. 2017, arXiv 1707.07012, and its released code.)
    """

    def __init__(
        self,
        stem: Stem,
        normal: type[Cell],
        reduction: type[Cell],
        *,
        classes: int,
        channels: int,
        cells_per_stage: int,
        stages: int,
        stem_reductions: int = 0,
        skip_reduction_input: bool = False,
        reduction_in_stage: bool = False,
        first_fit: str = "never",
        fit: str = "width",
        newest_units: int = 1,
        final_relu: bool = True,
        classifier_bias: bool = True,
        head: str = "average",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        fewest = 4 * 2**stem_reductions
        if channels < fewest:
            raise ValueError(f"the narrowest cell has 4 channels or more: use {fewest} channels or more")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout is a share from 0 to less than 1, not {dropout}")
        plan = [(reduction, channels // 2**halvings) for halvings in range(stem_reductions, 0, -1)]
        self.skipping: set[int] = set()
        self.stage_ends: list[int] = []
        for stage in range(stages):
            if stage:
                plan.append((reduction, channels * 2**stage))
            if skip_reduction_input and stage:
                self.skipping |= {len(plan)}
            plan.extend([(normal, channels * 2**stage)] * cells_per_stage)
            if reduction_in_stage and stage:
                plan.pop()
            self.stage_ends.append(len(plan) - 1)

        self.stem = stem
        self.layout: nn.Module = nn.Identity()
        unread = self.unread([cell_class for cell_class, _ in plan])
        if 1 in unread:
            stem.leave_out_newest()
        # Cell i gives tensor i + 2, and reads i + 1 and, as a rule, i: the stem gives the first two.
        widths, halvings = [stem.channels] * 2, [0, int(stem.halves)]
        self.cells = nn.ModuleList()
        for number, (cell_class, width) in enumerate(plan):
            older = number - (number in self.skipping)
            halves = halvings[older] < halvings[-1]
            own_fit = fit if number else first_fit
            self.cells.append(
                Unread(cell_class.stride)
                if number + 2 in unread
                else cell_class(widths[older], widths[-1], width, halves, own_fit, newest_units)
            )
            widths.append(cell_class.outputs * width)
            halvings.append(halvings[-1] + cell_class.stride - 1)
        # What the cells' results go through: nothing, as long as their readers begin with their activations themselves.
        self.finish = nn.ModuleList([nn.Identity() for _ in plan])
        self.tensor_widths = tuple(widths)
        self.last_reduction = max([i for i, (cell_class, _) in enumerate(plan) if cell_class.stride == 2], default=0)
        self.pool = GlobalPool(head)
        self.final_relu = nn.ReLU() if final_relu else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(widths[-1], classes, bias=classifier_bias)
        self.apply(initialise)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Logits, (N, classes)."""
        return self.classify(self.through(self.enter(x_NCHW), 0, len(self.cells))[-1])

    def enter(self, x_NCHW: Tensor) -> list[Tensor]:
        """What the first cell may read: its older input and its newest."""
        older, newest = self.stem(x_NCHW)
        return [self.layout(older), self.layout(newest)]

    def through(self, tensors: list[Tensor], first: int, last: int) -> list[Tensor]:
        """The three newest tensors after the cells from `first` up to `last`, which is not among them; oldest first."""
        for number in range(first, last):
            older = tensors[-3 if number in self.skipping else -2]
            tensors = [*tensors[-2:], self.finish[number](self.cells[number](older, tensors[-1]))]
        return tensors

    def classify(self, newest_NCHW: Tensor) -> Tensor:
        """Logits, (N, classes), of what the last cell gives."""
        logits_NK: Tensor = self.classifier(self.dropout(self.pool(self.final_relu(newest_NCHW))))
        return logits_NK

    def unread(self, cells: list[type[Cell]]) -> set[int]:
        """The numbers of the tensors that the logits do not depend on."""
        read = {len(cells) + 1}
        for number in reversed(range(len(cells))):
            if number + 2 in read:
                inputs = (number - (number in self.skipping), number + 1)
                read.update(inputs[node] for node in cells[number].reads)
        return {*range(len(cells) + 2)} - read


def initialise(module: nn.Module) -> None:
    """He's normal initialisation by what goes out of a convolution (arXiv 1502.01852); a small linear layer."""
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        fan_out = module.weight[0, 0].numel() * module.out_channels / module.groups
        nn.init.normal_(module.weight, std=(2 / fan_out) ** 0.5)
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.01)
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
