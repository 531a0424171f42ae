"""The network around the cells: stages and head."""

from torch import Tensor, nn

from search_space.modules.cell import Cell
from search_space.modules.global_pool import GlobalPool
from search_space.modules.stem import DoubleStem, SingleStem
from search_space.modules.unread import Unread


class Network(nn.Module):
    """A stem, stages of cells, a classifier: images (N, input_channels, H, W) to logits (N, classes).

    With `dims` 1, these are signals (N, input_channels, L), with 3 volumes (N, input_channels, D, H, W).

    A reduction cell begins every stage but the first and doubles the width, which is `channels` at first; the other
    cells are normal ones. A stage has `cells_per_stage` of these without `reduction_in_stage`. With
    `reduction_in_stage`, the reduction is one of its stage's `cells_per_stage` cells. Between stem and stages are
    `stem_reductions` more reductions, each half as wide as the next. With `skip_reduction_input`, the cell after the
    reduction of a stage takes for its older input the one that the reduction took. The head is what `head` says of all
    pixels (see GlobalPool), and a linear layer. With `final_relu`, a ReLU stands before the head. The layer has no bias
    without `classifier_bias`. Before the layer stands, in training, `dropout`. No side of an image is below `smallest`.
    (Zoph et al. 2017, arXiv 1707.07012, and its released code.)
    """

    def __init__(
        self,
        stem: SingleStem | DoubleStem,
        normal: type[Cell],
        reduction: type[Cell],
        *,
        classes: int,
        channels: int,
        cells_per_stage: int,
        stages: int,
        smallest: int,
        stem_reductions: int = 0,
        skip_reduction_input: bool = False,
        reduction_in_stage: bool = False,
        final_relu: bool = True,
        classifier_bias: bool = True,
        head: str = "average",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout is a share from 0 to less than 1, not {dropout}")
        self.smallest = smallest
        plan = [(reduction, channels // 2**halvings) for halvings in range(stem_reductions, 0, -1)]
        self.skipping: set[int] = set()
        self.stage_ends: list[int] = []
        for stage in range(stages):
            if stage:
                plan.append((reduction, channels * 2**stage))
                if skip_reduction_input:
                    self.skipping |= {len(plan)}
            plan += [(normal, channels * 2**stage) for _ in range(cells_per_stage - (reduction_in_stage and stage > 0))]
            self.stage_ends.append(len(plan) - 1)

        self.stem = stem
        self.layout: nn.Module = nn.Identity()
        unread = self.unread([cell_class for cell_class, _ in plan])
        if 1 in unread:
            stem.leave_out_newest()
        self.cells = nn.ModuleList()
        self.result_widths: list[int] = []
        # Of the next cell: the widths of its inputs, and whether the older one is twice as high and wide.
        older, newest, halves = stem.channels, stem.channels, stem.older_is_larger
        for cell_class, width in plan:
            raw_h0 = not len(self.cells)
            if len(self.cells) + 2 in unread:
                self.cells.append(Unread(cell_class.stride))
            else:
                self.cells.append(cell_class(older, newest, width, halves, raw_h0))
            if len(self.cells) not in self.skipping:
                older = newest
            newest, halves = cell_class.outputs * width, cell_class.stride == 2
            self.result_widths.append(newest)
        # What the cells' results go through: nothing, as long as their readers begin with their activations themselves.
        self.finish = nn.ModuleList([nn.Identity() for _ in plan])
        self.last_reduction = max([i for i, (cell_class, _) in enumerate(plan) if cell_class.stride == 2], default=0)
        self.pool = GlobalPool(head)
        self.final_relu = nn.ReLU() if final_relu else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(newest, classes, bias=classifier_bias)
        self.apply(initialise)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Logits, (N, classes)."""
        tensors = self.enter(x_NCHW)
        for number in range(len(self.cells)):
            tensors = self.step(number, tensors)
        return self.classify(tensors[-1])

    def enter(self, x_NCHW: Tensor) -> list[Tensor]:
        """What the first cell may read: its older input and its newest."""
        self.check_size([*x_NCHW.shape[2:]])
        older, newest = self.stem(x_NCHW)
        return [self.layout(older), self.layout(newest)]

    def check_size(self, size: list[int]) -> None:
        """ValueError where a reduction would find nothing to halve in inputs of this size."""
        if min(size) < self.smallest:
            raise ValueError(
                f"inputs of size {size} are too small for the reductions: use {self.smallest} or more along each axis, "
                "or fewer stages"
            )

    def step(self, number: int, tensors: list[Tensor]) -> list[Tensor]:
        """The three newest tensors after the cell of this number, of those before it; oldest first."""
        h0, h1 = tensors[-3 if number in self.skipping else -2], tensors[-1]
        return [*tensors[-2:], self.finish[number](self.cells[number](h0, h1))]

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
