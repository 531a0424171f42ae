"""Networks as training leaves them: their norms have statistics, scales and shifts of their own."""

from typing import TypeVar

import torch
from torch import Tensor, nn

Trained = TypeVar("Trained", bound=nn.Module)


def as_if_trained(network: Trained, images_NCHW: Tensor, seed: int = 0) -> Trained:
    """Sets what norms and scales start with at 0 and 1, which would hide a wrong folding; evaluation mode.

    Statistics are those of the images, moved by a fifth of a deviation or so, for no activation to explode.
    """
    generator = torch.Generator().manual_seed(seed)
    scales = (own for name, own in network.named_parameters() if name.rpartition(".")[2] == "scale")
    for scale in scales:
        nn.init.uniform_(scale, 0.5, 1.5, generator=generator)
    norms = [
        module for module in network.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d)
    ]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1.5, generator=generator)
        nn.init.normal_(norm.bias, 0, 0.2, generator=generator)
        norm.momentum = 1.0
    with torch.no_grad():
        network.train()(images_NCHW)
    for norm in norms:
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean += 0.2 * norm.running_var.sqrt() * torch.randn(norm.num_features, generator=generator)
        norm.running_var *= 0.5 + torch.rand(norm.num_features, generator=generator)
        norm.running_var.clamp_(min=1e-3)
        norm.momentum = 0.1
    return network.eval()


def tensors_of(network: nn.Module) -> dict[str, Tensor]:
    """What a safetensors file takes, which holds no tensor whose channels lie last, and none twice."""
    return {name: tensor.clone(memory_format=torch.contiguous_format) for name, tensor in network.state_dict().items()}
