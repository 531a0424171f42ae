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
    `channels` at first, doubles with it. It is one more cell, or, with `reduction_in_stage`, one of the next stage's.
    The stem may be followed by `stem_reductions` more, each half as wide as the next. With `skip_reduction_input`, the
    cell after a reduction takes for its older input the one that the reduction took. How cells prepare their inputs
    is said by `fit` and `newest_units`, see Cell, and by `first_fit` for a first cell whose inputs are one tensor.
    The head is ReLU, what `head` says of all pixels (see GlobalPool), in training `dropout`, and a linear layer.
    (Zoph et al. 2017, arXiv 1707.07012, and its released code.)
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
        if channels // 2**stem_reductions < 4:
            raise ValueError(
                f"the narrowest cell has 4 channels or more: use {4 * 2**stem_reductions} channels or more"
            )
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout is a share from 0 to less than 1, not {dropout}")
        plan = [(reduction, channels // 2**halvings, False) for halvings in range(stem_reductions, 0, -1)]
        self.stage_ends: list[int] = []
        for stage in range(stages):
            if stage:
                plan.append((reduction, channels * 2**stage, skip_reduction_input))
            normal_cells = cells_per_stage - (reduction_in_stage and stage > 0)
            plan.extend([(normal, channels * 2**stage, False)] * normal_cells)
            self.stage_ends.append(len(plan) - 1)

        self.stem = stem
        self.layout: nn.Module = nn.Identity()
        # Cell i gives tensor i + 2, and reads i + 1 and, as a rule, i: the stem gives the first two.
        self.skips = [False, *(skipped for _, _, skipped in plan[:-1])]
        read = self._read([cell_class for cell_class, _, _ in plan])
        if 1 not in read:
            stem.leave_out_newest()
        widths, halvings = [stem.channels] * 2, [0, int(stem.halves)]
        self.cells = nn.ModuleList()
        for number, ((cell_class, width, _), skips) in enumerate(zip(plan, self.skips, strict=True)):
            older = number - skips
            halves = halvings[older] < halvings[-1]
            own_fit = fit if number else first_fit
            self.cells.append(
                cell_class(widths[older], widths[-1], width, halves, own_fit, newest_units)
                if number + 2 in read
                else Unread(cell_class.stride)
            )
            widths.append(cell_class.outputs * width)
            halvings.append(halvings[-1] + cell_class.stride - 1)
        # What the cells' results go through: nothing, as long as their readers begin with their activations themselves.
        self.finish = nn.ModuleList([nn.Identity() for _ in plan])
        self.widths = tuple(widths)
        self.last_reduction = max([i for i, (cell_class, _, _) in enumerate(plan) if cell_class.stride == 2], default=0)
        self.pool = GlobalPool(head)
        self.final_relu = nn.ReLU() if final_relu else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(widths[-1], classes, bias=classifier_bias)
        self.apply(initialise)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Logits, (N, classes)."""
        return self.classify(self.through(self.enter(x_NCHW), 0, len(self.cells))[-1])

    def enter(self, x_NCHW: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the first cell may read: three tensors, oldest first, as `through` takes them."""
        older, newest = (self.layout(result) for result in self.stem(x_NCHW))
        return older, older, newest

    def through(self, tensors: tuple[Tensor, Tensor, Tensor], first: int, last: int) -> tuple[Tensor, Tensor, Tensor]:
        """The three newest tensors after the cells from `first` up to `last`, which is not among them."""
        oldest, older, newest = tensors
        for cell, skips, finish in list(zip(self.cells, self.skips, self.finish, strict=True))[first:last]:
            oldest, older, newest = older, newest, finish(cell(oldest if skips else older, newest))
        return oldest, older, newest

    def classify(self, newest_NCHW: Tensor) -> Tensor:
        """Logits, (N, classes), of what the last cell gives."""
        logits_NK: Tensor = self.classifier(self.dropout(self.pool(self.final_relu(newest_NCHW))))
        return logits_NK

    def _read(self, cells: list[type[Cell]]) -> set[int]:
        """The numbers of the tensors that the logits depend on."""
        read = {len(cells) + 1}
        for number in reversed(range(len(cells))):
            if number + 2 in read:
                inputs = (number - self.skips[number], number + 1)
                read.update(inputs[node] for node in cells[number].reads)
        return read


def initialise(module: nn.Module) -> None:
    """He's normal initialisation by what goes out of a convolution (arXiv 1502.01852); a small linear layer."""
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        fan_out = module.weight[0, 0].numel() * module.out_channels / module.groups
        nn.init.normal_(module.weight, std=(2 / fan_out) ** 0.5)
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.01)
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
