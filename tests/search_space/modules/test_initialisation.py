"""What the weights of convolutions begin with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from search_space.export import to_python
from search_space.modules.initialisation import clusters, use_clusters_of, use_gabor_stem, use_unit_variances_for
from search_space.network import Architecture
from search_space.published import published
from search_space.skeleton import Skeleton
from tests.search_space.random_cells import every_operator

SMALL = Skeleton((3, 12, 12), classes=3, channels=8)
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def built(initialisation: Any, **changes: Any) -> Any:
    torch.manual_seed(0)
    skeleton = replace(SMALL, initialisation=initialisation, **changes)
    return Architecture(published["nasnet-a"], skeleton).build()


def convolutions(network: nn.Module) -> list[Any]:
    return [module for module in network.modules() if isinstance(module, CONVOLUTIONS)]


@pytest.mark.parametrize("initialisation", ["orthogonal", "lsuv"])
@pytest.mark.parametrize("shape", [(3, 12, 12), (3, 30), (2, 6, 6, 6)])
def test_orthonormal_kernels_are_orthonormal_in_every_group(initialisation: str, shape: Any) -> None:
    for convolution in convolutions(built(initialisation, input_shape=shape)):
        weight = convolution.weight
        for rows in weight.detach().reshape(convolution.groups, len(weight) // convolution.groups, -1):
            products = rows @ rows.T if len(rows) <= rows.shape[1] else rows.T @ rows
            assert torch.allclose(products, torch.eye(len(products)), atol=1e-5)


@pytest.mark.parametrize("recursion", [1, 2])
def test_after_lsuv_every_convolution_gives_variance_1(recursion: int) -> None:
    torch.manual_seed(0)
    network = Architecture(every_operator(), replace(SMALL, initialisation="lsuv", recursion=recursion)).build()
    images_NCHW = torch.randn(16, *SMALL.input_shape)
    use_unit_variances_for(images_NCHW, network)
    variances: dict[int, float] = {}

    def note(convolution: Any, _: Any, output: torch.Tensor) -> None:
        variances.setdefault(id(convolution.weight), float(output.var()))

    for convolution in convolutions(network):
        convolution.register_forward_hook(note)
    with torch.no_grad():
        network(images_NCHW)
    assert len(variances) > 100
    # A few get nothing but zeros from a single pixel that its mean is taken from.
    assert [variance for variance in variances.values() if not 0.9 <= variance <= 1.1 and variance > 1e-6] == []


def test_lsuv_leaves_norms_and_mode_as_they_are() -> None:
    network = built("lsuv")
    before = {name: own.clone() for name, own in network.named_buffers()}
    use_unit_variances_for(torch.randn(8, *SMALL.input_shape), network)
    assert network.training
    assert all(torch.equal(own, before[name]) for name, own in network.named_buffers())


def test_a_dirac_kernel_is_the_identity() -> None:
    kernels = [module for module in convolutions(built("dirac")) if module.groups == module.in_channels > 1]
    assert {module.kernel_size for module in kernels} == {(3, 3), (5, 5), (7, 7)}
    for module in kernels:
        x_NCHW = torch.randn(2, module.in_channels, 9, 8)
        assert torch.equal(module(x_NCHW), x_NCHW[:, :, :: module.stride[0], :: module.stride[1]])


@pytest.mark.parametrize("shape", [(3, 12, 12), (3, 30), (2, 6, 6, 6)])
def test_gabors_stem_is_as_strong_as_hes_and_the_rest_is_hes(shape: Any) -> None:
    he, gabor = built("he", input_shape=shape, stem="cifar"), built("gabor", input_shape=shape, stem="cifar")
    for number, (own, plain) in enumerate(zip(convolutions(gabor), convolutions(he), strict=True)):
        assert torch.equal(own.weight, plain.weight) == (number > 0)
    strengths = convolutions(gabor)[0].weight.detach().flatten(1).square().mean(1).sqrt()
    expected = convolutions(he)[0].weight.detach().square().mean().sqrt()
    assert torch.allclose(strengths, expected.expand(len(strengths)), rtol=1e-4)


def test_a_gabor_filter_has_the_same_shape_in_every_colour() -> None:
    filters = convolutions(built("gabor"))[0].weight.detach().flatten(2)
    assert all(torch.linalg.matrix_rank(own, rtol=1e-4) == 1 for own in filters)


def test_a_gabor_filter_is_a_wave_of_2_to_4_pixels_that_fades_along_it_and_half_as_fast_across() -> None:
    """Of all such waves, of any direction, length and phase, one is the filter up to what the grid of them misses."""
    torch.manual_seed(0)
    stem = nn.Conv2d(1, 16, 9)
    use_gabor_stem(stem)
    filters = stem.weight.detach().flatten(1)
    angles, lengths = torch.linspace(0, torch.pi, 181)[:-1], torch.linspace(2, 4, 41)
    axis = torch.arange(9.0) - 4
    down, across = (places.flatten() for places in torch.meshgrid(axis, axis, indexing="ij"))
    along = angles.cos()[:, None] * down + angles.sin()[:, None] * across
    aside = angles.cos()[:, None] * across - angles.sin()[:, None] * down
    fading = torch.exp(-(along**2 + 0.25 * aside**2) / 2)[:, None]
    turns = 2 * torch.pi * along[:, None] / lengths[:, None]
    # (angles and lengths, pixels, 2): every phase is a sum of these two
    waves = torch.stack([fading * turns.cos(), fading * turns.sin()], -1).flatten(0, 1)
    bases, _ = torch.linalg.qr(waves)
    explained = (bases.mT @ filters.T).square().sum(1).amax(0) / filters.square().sum(1)
    assert explained.min() > 0.998


def test_filters_of_clusters_tell_two_kinds_apart_as_a_linear_discriminant_does() -> None:
    """Centres of whitened patches, taken back: whitening comes in twice, as the inverse of the covariance."""
    torch.manual_seed(0)
    apart, noise = torch.tensor([0.5, 2.5, 7.5]), torch.tensor([0.2, 1.0, 3.0])
    signs = torch.ones(4000, 1)
    signs[::2] = -1
    patches = signs * apart + noise * torch.randn(4000, 3)
    stem = nn.Conv1d(1, 2, 3)
    use_clusters_of(patches[:, None], stem)
    covariance = torch.cov(patches.T)
    discriminant = torch.linalg.solve(covariance + 0.01 * covariance.trace() / 3 * torch.eye(3), apart)
    assert torch.allclose(
        F.cosine_similarity(stem.weight.detach()[:, 0], discriminant).sort().values,
        torch.tensor([-1.0, 1.0]),
        atol=2e-3,
    )


def test_of_one_cluster_the_centre_is_the_mean() -> None:
    points = torch.randn(500, 12) + 3
    assert torch.allclose(clusters(points, 1, 10)[0], points.mean(0), atol=1e-5)


def test_a_centre_is_the_mean_of_the_points_that_are_nearest_to_it() -> None:
    torch.manual_seed(1)
    points = torch.randn(300, 2)
    centres = clusters(points, 4, 100)
    nearest = torch.cdist(points, centres).argmin(1)
    for number, centre in enumerate(centres):
        assert torch.allclose(points[nearest == number].mean(0), centre, atol=1e-5)


def test_a_stem_of_clusters_answers_to_what_is_in_the_images() -> None:
    """Images are of vertical stripes alone: no filter that was found tells rows apart."""
    phases = 6 * torch.rand(32, 1, 1, 1)
    images_NCHW = torch.sin(torch.arange(12.0) + phases).expand(32, 3, 12, 12).contiguous()
    network = built("kmeans")
    first, *others = convolutions(network)
    before = [other.weight.clone() for other in others]
    use_clusters_of(images_NCHW, network)
    assert all(torch.equal(own.weight, same) for own, same in zip(others, before, strict=True))
    across = first.weight.detach().std(2).max()
    assert across < 1e-3 < first.weight.detach().std(3).max()


def test_images_smaller_than_the_first_kernel_are_refused() -> None:
    with pytest.raises(ValueError, match="smaller than the first kernel"):
        use_clusters_of(torch.randn(4, 3, 2, 2), built("kmeans"))


@pytest.mark.parametrize("initialisation", ["orthogonal", "lsuv", "dirac", "gabor", "kmeans"])
def test_an_exported_file_begins_with_the_same_weights(initialisation: Any) -> None:
    network = built(initialisation, recursion=2)
    exported: dict[str, Any] = {"__name__": "exported"}
    architecture = Architecture(published["nasnet-a"], replace(SMALL, initialisation=initialisation, recursion=2))
    exec(to_python(architecture), exported)
    torch.manual_seed(0)
    again = exported["build_model"]()
    images_NCHW = torch.randn(16, *SMALL.input_shape)
    for each, names in ((network, globals()), (again, exported)):
        torch.manual_seed(1)
        if initialisation == "lsuv":
            names["use_unit_variances_for"](images_NCHW, each)
        if initialisation == "kmeans":
            names["use_clusters_of"](images_NCHW, each)
    for one, other in zip(network.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)
