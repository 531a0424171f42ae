"""Dropping paths in training."""

import torch
from torch import Tensor, nn


class DropPath(nn.Module):
    """In training, zeros for a whole image with probability 1 - keep, else x / keep: its expectation stays x.

    Of any shape (N, ...). What is its `source` itself is never dropped. `keep` is 1 until somebody sets it. (Larsson
    et al. 2016, arXiv 1605.07648; drawn for each image as in NASNet's released code.)
    """

    def __init__(self) -> None:
        super().__init__()
        self.keep = 1.0

    def forward(self, x: Tensor, source: Tensor | None = None) -> Tensor:
        """The images that are kept, scaled; in evaluation x itself."""
        if not self.training or self.keep == 1 or x is source:
            return x
        draws = torch.rand(len(x), *[1] * (x.ndim - 1), dtype=x.dtype, device=x.device)
        return x * (draws < self.keep) / self.keep
