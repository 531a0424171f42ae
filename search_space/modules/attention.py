"""Attention among the pixels near each other."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search_space.modules.conv_norm import ConvNorm
from search_space.modules.divisor import largest_divisor


class HaloAttention(nn.Module):
    """Each block of pixels attends to itself and a margin of `halo` pixels around it.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)), for any size: the map is padded to whole
    blocks and the result cropped. Pixels outside the map are zeros that take part, as in the released code. Heads are
    as wide as divides `channels`, up to `head_width`. With a stride only every other pixel asks. (HaloNet: Vaswani et
    al. 2021, arXiv 2103.12731.)

    In shapes, S is blocks down and T across, I and J rows and columns of a block's queries, U and V of its window.
    """

    def __init__(
        self, channels_in: int, channels: int, stride: int, *, block: int, halo: int, head_width: int = 8
    ) -> None:
        super().__init__()
        self.stride, self.block, self.halo = stride, block, halo
        self.window = block + 2 * halo
        self.head_width = largest_divisor(channels, head_width)
        self.query = nn.Conv2d(channels_in, channels, 1, stride, bias=False)
        self.key = nn.Conv2d(channels_in, channels, 1, bias=False)
        self.value = nn.Conv2d(channels_in, channels, 1, bias=False)
        offsets = 2 * self.window - 1
        self.offset_rows = nn.Parameter(torch.randn(offsets, self.head_width) * self.head_width**-0.5)
        self.offset_columns = nn.Parameter(torch.randn(offsets, self.head_width) * self.head_width**-0.5)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """For each pixel the values near it, by how well query and key agree and how far they lie apart."""
        batch, _, height, width = x_NCHW.shape
        padded_NCHW = F.pad(x_NCHW, (0, -width % self.block, 0, -height % self.block))
        queries = self.query_blocks(padded_NCHW)
        keys, values = self.windows(self.key(padded_NCHW)), self.windows(self.value(padded_NCHW))
        # Not scaled_dot_product_attention: where a mask wants gradients it looks for rows that see nothing, nearly
        # a fifth of the time of a pass.
        asking = (queries * self.head_width**-0.5).flatten(-3, -2)
        attended = (asking @ keys.mT + self.nearness(queries)).softmax(-1) @ values
        # (N, heads, S, T, I x J, head_width) -> (N, heads, head_width, S, I, T, J)
        attended = torch.unflatten(attended, -2, queries.shape[-3:-1]).permute(0, 1, 6, 2, 4, 3, 5)
        rows, columns = padded_NCHW.shape[2] // self.stride, padded_NCHW.shape[3] // self.stride
        y_NCHW: Tensor = attended.reshape(batch, -1, rows, columns)
        return y_NCHW[:, :, : -(-height // self.stride), : -(-width // self.stride)]

    def query_blocks(self, x_NCHW: Tensor) -> Tensor:
        """(N, heads, S, T, I, J, head_width)."""
        size = self.block // self.stride
        blocks_NCSTIJ: Tensor = self.query(x_NCHW).unfold(2, size, size).unfold(3, size, size)
        return torch.unflatten(blocks_NCSTIJ, 1, (-1, self.head_width)).permute(0, 1, 3, 4, 5, 6, 2)

    def windows(self, x_NCHW: Tensor) -> Tensor:
        """(N, heads, S, T, U x V, head_width)."""
        blocks = [side // self.block for side in x_NCHW.shape[2:]]
        # (N, C x U x V, S x T)
        windows = F.unfold(x_NCHW, self.window, padding=self.halo, stride=self.block)
        windows = windows.reshape(x_NCHW.shape[0], -1, self.head_width, self.window**2, *blocks)
        return windows.permute(0, 1, 4, 5, 3, 2)

    def nearness(self, queries: Tensor) -> Tensor:
        """What is added to the logits for the offset of a key from a query: (N, heads, S, T, I x J, U x V)."""
        asking = torch.arange(0, self.block, self.stride, device=queries.device)
        offsets = torch.arange(self.window, device=queries.device) - asking[:, None] + self.window - 1
        rows = torch.einsum("nhstijd,iud->nhstiju", queries, self.offset_rows[offsets])
        columns = torch.einsum("nhstijd,jvd->nhstijv", queries, self.offset_columns[offsets])
        return (rows[..., None] + columns[..., None, :]).flatten(-2).flatten(-3, -2)


class SignalHaloAttention(nn.Module):
    """Each block of a signal attends to itself and a margin of `halo` samples on both sides of it.

    (N, channels_in, L) -> (N, channels, ceil(L/stride)), for any length: the signal is padded to whole blocks and the
    result cropped. Samples outside the signal are zeros that take part. Heads are as wide as divides `channels`, up to
    `head_width`. With a stride only every other sample asks. (HaloNet on one axis: Vaswani et al. 2021, arXiv
    2103.12731.)

    In shapes, T is blocks, J a block's queries, V the samples of its window.
    """

    def __init__(
        self, channels_in: int, channels: int, stride: int, *, block: int, halo: int, head_width: int = 8
    ) -> None:
        super().__init__()
        self.stride, self.block, self.halo = stride, block, halo
        self.window = block + 2 * halo
        self.head_width = largest_divisor(channels, head_width)
        self.query = nn.Conv1d(channels_in, channels, 1, stride, bias=False)
        self.key = nn.Conv1d(channels_in, channels, 1, bias=False)
        self.value = nn.Conv1d(channels_in, channels, 1, bias=False)
        offsets = 2 * self.window - 1
        self.offsets = nn.Parameter(torch.randn(offsets, self.head_width) * self.head_width**-0.5)

    def forward(self, x_NCL: Tensor) -> Tensor:
        """For each sample the values near it, by how well query and key agree and how far they lie apart."""
        batch, _, length = x_NCL.shape
        padded_NCL = F.pad(x_NCL, (0, -length % self.block))
        queries = self.query_blocks(padded_NCL)
        keys, values = self.windows(self.key(padded_NCL)), self.windows(self.value(padded_NCL))
        attended = ((queries * self.head_width**-0.5) @ keys.mT + self.nearness(queries)).softmax(-1) @ values
        # (N, heads, T, J, head_width) -> (N, heads, head_width, T, J)
        y_NCL: Tensor = attended.permute(0, 1, 4, 2, 3).reshape(batch, -1, padded_NCL.shape[2] // self.stride)
        return y_NCL[:, :, : -(-length // self.stride)]

    def query_blocks(self, x_NCL: Tensor) -> Tensor:
        """(N, heads, T, J, head_width)."""
        blocks_NCTJ = torch.unflatten(self.query(x_NCL), 2, (-1, self.block // self.stride))
        return torch.unflatten(blocks_NCTJ, 1, (-1, self.head_width)).permute(0, 1, 3, 4, 2)

    def windows(self, x_NCL: Tensor) -> Tensor:
        """(N, heads, T, V, head_width)."""
        # (N, C x V, T)
        windows = F.unfold(x_NCL[:, :, None], (1, self.window), padding=(0, self.halo), stride=self.block)
        windows = windows.reshape(x_NCL.shape[0], -1, self.head_width, self.window, x_NCL.shape[2] // self.block)
        return windows.permute(0, 1, 4, 3, 2)

    def nearness(self, queries: Tensor) -> Tensor:
        """What is added to the logits for the offset of a key from a query: (N, heads, T, J, V)."""
        asking = torch.arange(0, self.block, self.stride, device=queries.device)
        offsets = torch.arange(self.window, device=queries.device) - asking[:, None] + self.window - 1
        return torch.einsum("nhtjd,jvd->nhtjv", queries, self.offsets[offsets])


class Halo(nn.Sequential):
    """ReLU, halo attention, a pointwise convolution, norm.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)).
    """

    def __init__(
        self, channels_in: int, channels: int, stride: int = 1, *, block: int, halo: int, dims: int = 2
    ) -> None:
        attention: type[nn.Module] = {1: SignalHaloAttention, 2: HaloAttention}[dims]
        super().__init__(
            nn.ReLU(),
            attention(channels_in, channels, stride, block=block, halo=halo),
            ConvNorm(channels, channels, dims=dims),
        )
