"""Halo attention, against the plain way of writing it."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from search_space.modules.attention import HaloAttention


def without_offsets(attention: HaloAttention) -> HaloAttention:
    for table in (attention.offset_rows, attention.offset_columns):
        table.data.zero_()
    return attention


def heads(x_NCHW: Tensor) -> Tensor:
    """(N, heads, pixels, 8)."""
    return x_NCHW.reshape(len(x_NCHW), -1, 8, x_NCHW[0, 0].numel()).transpose(-2, -1)


def test_one_block_without_a_halo_is_global_attention() -> None:
    attention = without_offsets(HaloAttention(12, 16, 1, block=8, halo=0))
    x_NCHW = torch.randn(2, 12, 8, 8)
    queries, keys, values = (heads(layer(x_NCHW)) for layer in (attention.query, attention.key, attention.value))
    expected = ((queries @ keys.mT) * 8**-0.5).softmax(-1) @ values
    assert torch.allclose(heads(attention(x_NCHW)), expected, atol=1e-6)


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


def test_a_stride_asks_for_every_other_pixel_and_changes_nothing_else() -> None:
    plain = HaloAttention(6, 16, 1, block=4, halo=2)
    strided = HaloAttention(6, 16, 2, block=4, halo=2)
    strided.load_state_dict(plain.state_dict())
    x_NCHW = torch.randn(2, 6, 7, 11)
    assert torch.allclose(strided(x_NCHW), plain(x_NCHW)[:, :, ::2, ::2], atol=1e-6)


def test_the_published_parameters_at_32_channels() -> None:
    assert sum(p.numel() for p in HaloAttention(32, 32, 1, block=8, halo=3).parameters()) == 3_504
