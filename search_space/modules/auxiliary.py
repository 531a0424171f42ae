"""The second classifier in the middle of a network, which helps to train it."""

from torch import nn

from search_space.modules.conv_norm import ConvNorm


class AuxiliaryHead(nn.Sequential):
    """(N, channels_in, *size) to logits (N, classes), for this size alone, which is 5x5 or larger.

    ReLU, average pool 5x5, a 1x1 convolution, a convolution over all that is left, each with batch norm (the last
    one only with `last_norm`) and ReLU, a linear layer. (Szegedy et al. 2014, arXiv 1409.4842, in NASNet's form.)
    """

    def __init__(
        self,
        channels_in: int,
        classes: int,
        size: tuple[int, ...],
        pool_stride: int,
        widths: tuple[int, int],
        last_norm: bool,
    ) -> None:
        if min(size) < 5:
            raise ValueError(
                f"an auxiliary head reads maps of 5 pixels or more a side, not of {size}: use larger images"
            )
        left = tuple([(pixels - 5) // pool_stride + 1 for pixels in size])
        dims = len(size)
        pool: type[nn.Module] = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}[dims]
        convolution: type[nn.Module] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[dims]
        super().__init__(
            nn.ReLU(),
            pool(5, pool_stride),
            ConvNorm(channels_in, widths[0], dims=dims),
            nn.ReLU(),
            ConvNorm(*widths, left, dims=dims) if last_norm else convolution(*widths, left, bias=False),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(widths[1], classes),
        )
