"""Halo attention, against the plain way of writing it."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from search_space.modules.attention import HaloAttention, SignalHaloAttention


def heads(x: Tensor) -> Tensor:
    """(N, heads, pixels, 8)."""
    return x.reshape(len(x), -1, 8, x[0, 0].numel()).transpose(-2, -1)


@pytest.mark.parametrize(
    ("attention", "size"),
    [(HaloAttention(12, 16, 1, block=8, halo=0), (8, 8)), (SignalHaloAttention(12, 16, 1, block=8, halo=0), (8,))],
)
def test_one_block_without_a_halo_is_global_attention(
    attention: HaloAttention | SignalHaloAttention, size: tuple[int, ...]
) -> None:
    for name, table in attention.named_parameters():
        if name.startswith("offset"):
            table.data.zero_()
    # In float64 as well, since no two ways of writing a softmax of products round alike.
    for dtype, apart in ((torch.float32, 1e-6), (torch.float64, 1e-14)):
        x = torch.randn(2, 12, *size, dtype=dtype)
        layers = attention.to(dtype)
        queries, keys, values = (heads(layer(x)) for layer in (layers.query, layers.key, layers.value))
        expected = ((queries @ keys.mT) * 8**-0.5).softmax(-1) @ values
        assert torch.allclose(heads(layers(x)), expected, rtol=0, atol=apart)


def plainly(attention: HaloAttention, x_NCHW: Tensor, row: int, column: int) -> Tensor:
    """What one pixel of a single image gets, head by head."""
    block, halo, window = attention.block, attention.halo, attention.window
    top, left = row // block * block - halo, column // block * block - halo
    bottom, right = -x_NCHW.shape[2] % block + halo, -x_NCHW.shape[3] % block + halo
    seen = F.pad(x_NCHW, (halo, right, halo, bottom))[0, :, top + halo :, left + halo :][:, :window, :window]
    query = (attention.query.weight[:, :, 0, 0] @ x_NCHW[0, :, row, column]).view(-1, 8)
    keys, values = (
        (layer.weight[:, :, 0, 0] @ seen.flatten(1)).view(-1, 8, window**2)
        for layer in (attention.key, attention.value)
    )
    of_rows = torch.arange(window) - (row - top - halo) + window - 1
    of_columns = torch.arange(window) - (column - left - halo) + window - 1
    offsets = (attention.offset_rows[of_rows][:, None] + attention.offset_columns[of_columns]).flatten(0, 1)
    logits = torch.einsum("hd,hdp->hp", query, keys) * 8**-0.5 + query @ offsets.T
    return torch.einsum("hp,hdp->hd", logits.softmax(-1), values).flatten()


@pytest.mark.parametrize(("row", "column"), [(0, 0), (6, 10), (3, 4), (4, 8)])
def test_a_pixel_sees_its_block_and_the_halo_and_how_far_each_key_is(row: int, column: int) -> None:
    attention = HaloAttention(6, 16, 1, block=4, halo=2)
    x_NCHW = torch.randn(1, 6, 7, 11)
    assert torch.allclose(attention(x_NCHW)[0, :, row, column], plainly(attention, x_NCHW, row, column), atol=1e-5)


@pytest.mark.parametrize("asking", [0, 3, 4, 7, 10])
def test_a_sample_of_a_signal_sees_its_stretch_and_the_halo_and_how_far_each_key_is(asking: int) -> None:
    attention = SignalHaloAttention(6, 16, 1, block=4, halo=2)
    x_NCL = torch.randn(1, 6, 11)
    first = asking // 4 * 4
    seen = F.pad(x_NCL, (2, 3))[0, :, first : first + 8]
    query = (attention.query.weight[:, :, 0] @ x_NCL[0, :, asking]).view(-1, 8)
    keys, values = ((layer.weight[:, :, 0] @ seen).view(-1, 8, 8) for layer in (attention.key, attention.value))
    offsets = attention.offsets[torch.arange(8) - (asking - first) + 7]
    logits = torch.einsum("hd,hdp->hp", query, keys) * 8**-0.5 + query @ offsets.T
    expected = torch.einsum("hp,hdp->hd", logits.softmax(-1), values).flatten()
    assert torch.allclose(attention(x_NCL)[0, :, asking], expected, atol=1e-5)


def test_a_stride_asks_for_every_other_sample_and_changes_nothing_else() -> None:
    plain, strided = (SignalHaloAttention(6, 16, stride, block=4, halo=2) for stride in (1, 2))
    strided.load_state_dict(plain.state_dict())
    x_NCL = torch.randn(2, 6, 11)
    assert torch.allclose(strided(x_NCL), plain(x_NCL)[:, :, ::2], atol=1e-6)


def test_a_stride_asks_for_every_other_pixel_and_changes_nothing_else() -> None:
    plain = HaloAttention(6, 16, 1, block=4, halo=2)
    strided = HaloAttention(6, 16, 2, block=4, halo=2)
    strided.load_state_dict(plain.state_dict())
    x_NCHW = torch.randn(2, 6, 7, 11)
    assert torch.allclose(strided(x_NCHW), plain(x_NCHW)[:, :, ::2, ::2], atol=1e-6)


def test_the_published_parameters_at_32_channels() -> None:
    assert sum(p.numel() for p in HaloAttention(32, 32, 1, block=8, halo=3).parameters()) == 3_504
