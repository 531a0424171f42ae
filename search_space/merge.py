"""The inference form of a network: every batch norm folded into the convolution before it."""

from __future__ import annotations

from copy import deepcopy
from typing import cast

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from search_space.modules.conv_norm import ConvNorm


def merge(network: nn.Module) -> nn.Module:
    """A copy that computes in evaluation what `network` does, with convolutions in place of convolution and norm.

    Both forms have the same outputs within float32 rounding (1e-5); `network` stays as it is, training goes on with it.
    """
    merged = deepcopy(network).eval()
    for parent in list(merged.modules()):
        for name, child in parent.named_children():
            if isinstance(child, ConvNorm):
                convolution, norm = cast("tuple[nn.Conv2d, nn.BatchNorm2d]", tuple(child))
                setattr(parent, name, fuse_conv_bn_eval(convolution, norm))
    return merged
