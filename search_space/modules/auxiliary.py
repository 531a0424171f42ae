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
        size: tuple[int, int],
        pool_stride: int,
        widths: tuple[int, int],
        last_norm: bool,
    ) -> None:
        left = ((size[0] - 5) // pool_stride + 1, (size[1] - 5) // pool_stride + 1)
        super().__init__(
            nn.ReLU(),
            nn.AvgPool2d(5, pool_stride),
            ConvNorm(channels_in, widths[0]),
            nn.ReLU(),
            ConvNorm(widths[0], widths[1], left) if last_norm else nn.Conv2d(*widths, left, bias=False),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(widths[1], classes),
        )
