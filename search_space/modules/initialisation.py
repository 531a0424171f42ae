"""Other weights to begin with than He's: orthonormal, identities, Gabor's filters, and what images suggest."""

import torch
from torch import Tensor, nn

from search_space.modules.batch_norms import let_norms_count


def convolutions_of(network: nn.Module) -> list[nn.Conv1d | nn.Conv2d | nn.Conv3d]:
    """All convolutions of a network, those of its stem first."""
    return [module for module in network.modules() if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d)]


@torch.no_grad()
def use_orthonormal_weights(network: nn.Module) -> None:
    """Makes the kernels of every convolution orthonormal, in each group of channels (Saxe et al., arXiv 1312.6120).

    Where a group gives more channels than its kernels have weights, the weights of each place are orthonormal instead.
    """
    for convolution in convolutions_of(network):
        weight = convolution.weight
        matrices = torch.randn_like(weight).reshape(convolution.groups, len(weight) // convolution.groups, -1)
        wide = matrices.shape[1] <= matrices.shape[2]
        columns, rest = torch.linalg.qr(matrices.mT if wide else matrices)
        # The signs make it uniform over all orthonormal matrices (Mezzadri 2006, arXiv math-ph/0609050).
        columns = columns * rest.diagonal(dim1=-2, dim2=-1).sign()[:, None]
        weight.copy_((columns.mT if wide else columns).reshape(weight.shape))


@torch.no_grad()
def use_dirac_weights(network: nn.Module) -> None:
    """Lets every convolution that keeps its channels apart begin as the identity."""
    for convolution in convolutions_of(network):
        if convolution.groups == convolution.in_channels == convolution.out_channels:
            convolution.weight.zero_()
            middle = convolution.weight[:, 0]
            for side in convolution.kernel_size:
                middle = middle.select(1, (side - 1) // 2)
            middle.fill_(1)


@torch.no_grad()
def use_gabor_stem(network: nn.Module) -> None:
    """Lets the first convolution begin with Gabor's filters: waves of any direction, length and phase that fade away.

    exp(-(u^2 + g^2 v^2) / 2 s^2) cos(2 pi u / l + p), where u is along the wave and v across it, and a colour of any
    kind; as strong as they would be else. (Hirani, Abdulla 2024, arXiv 2410.21644.)
    """
    weight = convolutions_of(network)[0].weight
    axes = [torch.arange(side) - (side - 1) / 2 for side in weight.shape[2:]]
    places = torch.stack(torch.meshgrid(axes, indexing="ij"))
    directions = torch.randn(len(weight), len(axes))
    directions = directions / directions.norm(dim=1, keepdim=True)
    along = torch.einsum("oa,a...->o...", directions, places)
    across_squared = places.square().sum(0) - along.square()
    length, phase = (torch.rand(len(weight), *[1] * len(axes)) for _ in range(2))
    waves = (2 * torch.pi * (along / (2 + 2 * length) + phase)).cos()
    filters = (-(along.square() + across_squared / 4) / 2).exp() * waves
    colours = torch.randn(*weight.shape[:2], *[1] * len(axes))
    weight.copy_(as_strong_as(weight, filters[:, None] * colours))


@torch.no_grad()
def use_clusters_of(images: Tensor, network: nn.Module, patches: int = 10_000, rounds: int = 10) -> None:
    """Lets the first convolution begin with the centres of clusters of whitened patches of `images`.

    (Coates, Ng, 2012: k-means of 10,000 patches or so, as strong as the filters would be else.)
    """
    weight = convolutions_of(network)[0].weight
    rows = images
    for axis, side in enumerate(weight.shape[2:], start=2):
        rows = rows.unfold(axis, min(side, rows.shape[axis]), 1)
    if rows.shape[images.ndim :] != weight.shape[2:]:
        raise ValueError(f"images of {tuple(images.shape[2:])} are smaller than the first kernel")
    # (N, C, places..., kernel...) -> (patches, C * kernel)
    rows = rows.movedim(1, images.ndim - 1).flatten(0, images.ndim - 2).flatten(1)
    rows = rows[torch.randperm(len(rows))[:patches]]
    centred = rows - rows.mean(0)
    variances, directions = torch.linalg.eigh(centred.T @ centred / len(rows))
    whitening = directions * (variances.clamp(min=0) + 0.01 * variances.mean()).rsqrt() @ directions.T
    centres = clusters(centred @ whitening, len(weight), rounds)
    weight.copy_(as_strong_as(weight, (centres @ whitening).reshape(weight.shape)))


def clusters(points: Tensor, count: int, rounds: int) -> Tensor:
    """The centres that k-means finds for (points, features): (count, features); it begins with points."""
    centres = points[torch.randperm(len(points))[torch.arange(count) % len(points)]]
    for _ in range(rounds):
        nearest = torch.cdist(points, centres).argmin(1)
        members = nearest[:, None] == torch.arange(count)
        found = members.any(0)
        means = members.to(points).T @ points / members.sum(0).clamp(min=1)[:, None]
        centres = torch.where(found[:, None], means, centres)
    return centres


def as_strong_as(weight: Tensor, filters: Tensor) -> Tensor:
    """The filters, each with the root mean square that `weight` has."""
    per_filter = [1] * (filters.ndim - 1)
    strength = filters.flatten(1).square().mean(1).sqrt().clamp(min=1e-12).view(-1, *per_filter)
    return filters / strength * weight.square().mean().sqrt()


@torch.no_grad()
def use_unit_variances_for(images: Tensor, network: nn.Module) -> None:
    """Scales every convolution so that its result for `images` has variance 1, first to last.

    LSUV, for weights that are orthonormal, of a network in training (Mishkin, Matas 2015, arXiv 1511.06422). What
    shares its weights with a convolution before it takes them as they are. Norms do not count the images.
    """
    scaled: list[Tensor] = []

    def scale(convolution: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        weight = convolution.get_parameter("weight")
        if any(weight is other for other in scaled):
            return output
        scaled.append(weight)
        for _ in range(10):
            variance = float(output.var())
            if variance > 0 and abs(variance - 1) > 0.1:
                weight.div_(variance**0.5)
                output = convolution.forward(*inputs)
        return output

    hooks = [convolution.register_forward_hook(scale) for convolution in convolutions_of(network)]
    let_norms_count(network, False)
    network(images)
    let_norms_count(network, True)
    for hook in hooks:
        hook.remove()
