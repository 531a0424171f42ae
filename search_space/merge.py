"""The inference form of a network: every part that training has in several pieces is one convolution."""

from __future__ import annotations

from copy import deepcopy
from functools import singledispatch
from typing import cast

import torch
from torch import nn

from search_space.modules import folded
from search_space.modules.conv_norm import ConvNorm
from search_space.modules.dilated_rep import DilatedRep
from search_space.modules.distance import DistanceL2
from search_space.modules.early_strides import use_early_strides
from search_space.modules.layout import use_channels_last
from search_space.modules.network import Network
from search_space.modules.recursion import Recursion
from search_space.modules.regularised import RegularisedNetwork
from search_space.modules.residual import ScaledConv
from search_space.modules.shared_activations import use_shared_activations
from search_space.modules.spaced import SpacedConv


def merge(network: nn.Module) -> nn.Module:
    """A copy that computes in evaluation what `network` does, with one convolution for what can be one.

    These are a convolution and its batch norm or scale, parallel depthwise ones, and kernels with learned spacings.
    They are folded in float64, so that both forms have the same outputs within the rounding of one pass (1e-5 in
    float32); `network` stays as it is, training goes on with it. The merged network has the tensors of the exported
    inference form, under the same names, and their order in memory. The auxiliary head goes. Norms that cannot be
    folded (group norm, layer norm, those that are half instance norm) stay as in training, with the branches that have
    them. Activations that several parts would compute of one tensor are computed once, and none of pixels that the
    layer behind it passes over.
    """
    with torch.no_grad():
        merged = deepcopy(network).eval()
        dtype = next((tensor.dtype for tensor in merged.parameters()), torch.float32)
        for recursion in merged.modules():
            if isinstance(recursion, Recursion):
                # Each turn gets weights of its own, into which its own norms can be folded.
                recursion.turns = nn.ModuleList([deepcopy(turn) for turn in recursion.turns])
        if isinstance(merged, RegularisedNetwork) and merged.watched is not None:
            del merged.auxiliary
            merged.watched = None
        merged = _inference_form(merged.double()).to(dtype)
        of_images = not any(isinstance(module, nn.Conv1d | nn.Conv3d) for module in merged.modules())
        if isinstance(merged, Network):
            for tensor in merged.parameters():
                # However they lay in training: a kernel decides the order in which a convolution writes its map.
                tensor.data = tensor.data.contiguous()
            if of_images:
                use_channels_last(merged)
            use_early_strides(merged)
            use_shared_activations(merged)
        return merged


@singledispatch
def _inference_form(module: nn.Module) -> nn.Module:
    for name, child in module.named_children():
        setattr(module, name, _inference_form(child))
    return module


def _folds(norm: nn.Module) -> bool:
    return isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d)


@_inference_form.register
def _(pair: ConvNorm) -> nn.Module:
    """The weights times the norm's scale, under which the bias takes in the mean."""
    if not _folds(pair[1]):
        return pair
    convolution, norm = cast("tuple[nn.Conv2d, nn.BatchNorm2d]", tuple(pair))
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
    convolution.weight.mul_(scale.view(-1, *[1] * (convolution.weight.ndim - 1)))
    convolution.bias = nn.Parameter(norm.bias - scale * norm.running_mean)
    return convolution


@_inference_form.register
def _(rep: DilatedRep) -> nn.Module:
    """The dilated kernels are the large one's with zeros inserted between their weights and around them."""
    if not _folds(rep.large[1]):
        return rep
    merged = cast("nn.Conv2d", _inference_form(rep.large))
    assert merged.bias is not None
    for branch in rep.dilated:
        small = cast("nn.Conv2d", _inference_form(branch))
        assert small.bias is not None
        rate, margin = small.dilation[0], cast("int", merged.padding[0]) - cast("int", small.padding[0])
        every = slice(margin, merged.kernel_size[0] - margin, rate)
        merged.weight[:, :, *[every] * len(merged.kernel_size)] += small.weight
        merged.bias += small.bias
    return merged


@_inference_form.register
def _(scaled: ScaledConv) -> nn.Module:
    convolution = scaled.conv
    assert convolution.bias is not None
    convolution.weight *= scaled.scale[:, None]
    convolution.bias *= scaled.scale.flatten()
    return convolution


@_inference_form.register
def _(spaced: SpacedConv) -> nn.Module:
    kernels, bias = spaced.kernels(), spaced.bias
    channels, _, *sides = kernels.shape
    convolution: type[nn.Module] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[len(sides)]
    baked = convolution(channels, channels, sides[0], spaced.stride, spaced.reach, groups=channels).to(kernels)
    baked.get_parameter("weight").copy_(kernels)
    baked.bias = bias
    return baked.eval()


@_inference_form.register
def _(distance: DistanceL2) -> nn.Module:
    if not _folds(distance.norm):
        return distance
    channels, channels_in, *kernel = distance.patches.shape
    merged = folded.DistanceL2(channels_in, channels, distance.stride, kernel=kernel[0], dims=len(kernel))
    merged.to(distance.patches)
    norm = distance.norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
    scales = scale.view(-1, *[1] * (distance.patches.ndim - 1))
    of_squares, of_pixels, rest = distance.kernels()
    merged.get_parameter("of_squares.weight").copy_(scales * of_squares)
    merged.get_parameter("of_pixels.weight").copy_(scales * of_pixels)
    merged.get_parameter("of_pixels.bias").copy_(norm.bias + scale * (rest - norm.running_mean))
    return merged.eval()
