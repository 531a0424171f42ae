"""PFGNet, which predicts the next images of a sequence, with our peripheral gating and its published counts."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search_space.modules.peripheral import PeripheralGating
from tests.search_space.counted import agrees, counted


class LengthNorm(nn.Module):
    """Adds to a map its channels at length 1, scaled and shifted: what the paper calls global response norm."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels, 1, 1))
        self.shift = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x_NCHW: Tensor) -> Tensor:
        lengths = x_NCHW.norm(dim=(2, 3), keepdim=True) + 1e-6
        y_NCHW: Tensor = x_NCHW + self.scale * x_NCHW / lengths + self.shift
        return y_NCHW


class Gated(nn.Module):
    """A 1x1 convolution to eight times the width; its first half gates its second, convolved; a 1x1 back."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        wide = 4 * channels
        self.widen = nn.Conv2d(channels, 2 * wide, 1)
        self.depthwise = nn.Conv2d(wide, wide, 3, 1, 1, groups=wide, bias=False)
        self.narrow = nn.Conv2d(wide, channels, 1)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        gate, gated = self.widen(x_NCHW).chunk(2, 1)
        y_NCHW: Tensor = self.narrow(F.silu(gate) * self.depthwise(gated))
        return y_NCHW


class Scaled(nn.Module):
    """Group norm, some layers, the norm by lengths and a scale of almost nothing, beside their input."""

    def __init__(self, channels: int, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.GroupNorm(min(32, channels), channels), *layers, LengthNorm(channels))
        self.scale = nn.Parameter(torch.full((channels, 1, 1), 1e-6))

    def forward(self, x_NCHW: Tensor) -> Tensor:
        y_NCHW: Tensor = x_NCHW + self.scale * self.layers(x_NCHW)
        return y_NCHW


class Sized(nn.Module):
    """A row and a column, a 3x3 and a 1x1 depthwise convolution added up; a 1x1 to some of the channels."""

    def __init__(self, channels: int, kernel: int, kept: int) -> None:
        super().__init__()
        sizes = [(3, 3), (1, 1)]
        row, column, *self_and_near = (
            nn.Conv2d(channels, channels, size, 1, (size[0] // 2, size[1] // 2), groups=channels, bias=False)
            for size in [(1, kernel), (kernel, 1), *sizes]
        )
        self.branches = nn.ModuleList([nn.Sequential(row, column), *self_and_near])
        self.keep = nn.Conv2d(channels, kept, 1, bias=False)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        kept_NCHW: Tensor = self.keep(sum(branch(x_NCHW) for branch in self.branches))
        return kept_NCHW


class Beginning(nn.Module):
    """Three kernel sizes give a third of the channels each, and the first one what is left over."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        third = channels // 3
        kept = [(3, third), (5, third), (7, third)] + [(3, channels - 3 * third)] * (channels % 3 > 0)
        self.parts = nn.ModuleList(Sized(channels, kernel, width) for kernel, width in kept)
        self.after = nn.Sequential(nn.GroupNorm(1, channels), nn.GELU())

    def forward(self, x_NCHW: Tensor) -> Tensor:
        y_NCHW: Tensor = self.after(torch.cat([part(x_NCHW) for part in self.parts], 1))
        return y_NCHW


class Data(NamedTuple):
    """What a network of the paper is for: images, each with channels, height and width."""

    images: int
    shape: tuple[int, int, int]
    width: int
    spatial: int
    blocks: int


class PFGNet(nn.Module):
    """Cai et al. 2026, arXiv 2602.20537, and its released code.

    (N, images, channels, H, W) -> the same: each image through `spatial` convolutions, every second of them strided;
    all images side by side through the blocks; back, each with its first map added.
    """

    def __init__(self, data: Data) -> None:
        super().__init__()
        width, channels, together = data.width, data.shape[0], data.images * data.width
        down = [convolved(width if number else channels, width, 1 + number % 2) for number in range(data.spatial)]
        self.first, self.down = down[0], nn.Sequential(*down[1:])
        blocks = [
            layer
            for _ in range(data.blocks)
            for layer in (
                Scaled(together, PeripheralGating(together, 1, kernels=(9, 15, 31)), nn.GELU()),
                Scaled(together, Gated(together)),
            )
        ]
        self.between = nn.Sequential(Beginning(together), *blocks)
        up = [convolved(width, width, 1, larger=number % 2 == 0) for number in range(data.spatial)]
        self.up, self.last = nn.Sequential(*up[:-1]), nn.Sequential(up[-1], nn.Conv2d(width, channels, 1))

    def forward(self, x_NTCHW: Tensor) -> Tensor:
        images = x_NTCHW.shape[1]
        first = self.first(x_NTCHW.flatten(0, 1))
        small = self.down(first)
        together = small.unflatten(0, (-1, images)).flatten(1, 2)
        apart = self.between(together).unflatten(1, (images, -1)).flatten(0, 1)
        y_NTCHW: Tensor = self.last(self.up(apart) + first).unflatten(0, (-1, images))
        return y_NTCHW


def convolved(channels_in: int, channels: int, stride: int, *, larger: bool = False) -> nn.Module:
    """A 3x3 convolution, to twice the size where it is to be `larger`, group norm and SiLU."""
    convolution = nn.Conv2d(channels_in, channels * (4 if larger else 1), 3, stride, 1)
    return nn.Sequential(
        convolution, nn.PixelShuffle(2) if larger else nn.Identity(), nn.GroupNorm(2, channels), nn.SiLU()
    )


def without_blocks(data: Data) -> nn.Module:
    network = PFGNet(data)
    network.between = nn.Sequential()
    return network


@pytest.mark.parametrize(
    ("data", "params", "macs"),
    [
        (Data(4, (2, 32, 32), 32, spatial=2, blocks=8), 1_855_426, "476.6M"),
        (Data(10, (1, 64, 64), 64, spatial=4, blocks=8), 41_261_409, "10.875G"),
        (Data(10, (1, 128, 128), 64, spatial=2, blocks=6), 30_922_377, None),
        (Data(4, (3, 256, 256), 64, spatial=4, blocks=8), 7_259_491, None),
    ],
    ids=["TaxiBJ", "Moving MNIST", "KTH", "Human"],
)
def test_pfgnet_has_its_published_counts(data: Data, params: int, macs: str | None) -> None:
    shape = (data.images, *data.shape)
    found, whole = counted(lambda: PFGNet(data), shape)
    assert found == params
    if macs is not None:
        # The source counts what stands around the blocks for one image, and of the cues no fixed filter.
        _, around = counted(lambda: without_blocks(data), shape)
        pixels = data.shape[1] * data.shape[2] // 4 ** (data.spatial // 2)
        fixed = data.blocks * 27 * data.images * data.width * pixels
        assert agrees(whole - fixed - around + around // data.images, macs)
