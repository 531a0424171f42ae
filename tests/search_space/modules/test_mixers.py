"""The mixers of SpaRTAN, against the plain way of writing them."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from search_space.modules.mixers import SpatialMixer, SqueezeExcite, WaveMixer
from tests.search_space.trained import as_if_trained

X_NCHW = torch.randn(2, 8, 7, 6, generator=torch.Generator().manual_seed(0))
MAPS = [X_NCHW, X_NCHW[..., 0], X_NCHW[..., None, :4]]


def test_waves_are_turned_as_complex_numbers_are() -> None:
    mixer = WaveMixer(8, 8, expansion=2)
    # Whole numbers, whose products and sums are exact in whatever order.
    real, imaginary, *parts = torch.randint(-99, 100, (4, 2, 8, 3, 3)).float()
    mixer.turn_real.data, mixer.turn_imaginary.data = real[0, :, :1, :1], imaginary[0, :, :1, :1]
    turned = torch.complex(*parts) * torch.complex(mixer.turn_real, mixer.turn_imaginary)
    found_NCHW = mixer.turned(torch.stack(parts, 2).flatten(1, 2))
    assert torch.equal(found_NCHW[:, ::2], turned.real)
    assert torch.equal(found_NCHW[:, 1::2], turned.imag)


def test_each_wave_meets_the_one_of_the_strongest_input() -> None:
    mixer = as_if_trained(WaveMixer(8, 8, expansion=2), X_NCHW)
    met = []
    mixer.project.register_forward_pre_hook(lambda _, inputs: met.append(inputs[0]))
    mixer(X_NCHW)
    waves_NCHW = mixer.amplitude(X_NCHW) * mixer.phase(X_NCHW)
    strongest = X_NCHW[1, :, 4, 2].argmax()
    assert torch.allclose(met[0][1, :, 4, 2], waves_NCHW[1, :, 4, 2] + waves_NCHW[1, strongest, 4, 2], atol=1e-6)


@pytest.mark.parametrize("x", MAPS)
def test_a_spatial_mixer_sees_a_contrast_and_joins_a_near_and_a_far_view(x: Tensor) -> None:
    mixer, x = as_if_trained(SpatialMixer(8, 8, dims=x.ndim - 2), x).double(), x.double()
    mixer.contrast.data.fill_(0.5)
    half = mixer.halve(x)
    half = 1.5 * half - 0.5 * half.mean([*range(2, x.ndim)], keepdim=True)
    expected = mixer.join(torch.cat([mixer.near(half), mixer.far(half)], 1))
    assert torch.allclose(mixer(x), expected, atol=1e-9)


@pytest.mark.parametrize("x", MAPS)
def test_squeeze_and_excite_scales_a_channel_alike_everywhere(x: Tensor) -> None:
    layer = SqueezeExcite(8, 2, x.ndim - 2)
    state = layer.state_dict()
    squeeze, excite = (state[f"scales.{number}.weight"].flatten(1) for number in (1, 3))
    hidden = F.relu(x.flatten(2).mean(2) @ squeeze.T + state["scales.1.bias"])
    scales = torch.sigmoid(hidden @ excite.T + state["scales.3.bias"])
    assert torch.allclose(layer(x).flatten(2), x.flatten(2) * scales[..., None], atol=1e-6)
