"""Networks as training leaves them: their norms have statistics, scales and shifts of their own."""

import torch
from torch import nn


def as_if_trained(network: nn.Module, seed: int = 0) -> nn.Module:
    """Sets what batch norm starts with at 0 and 1, which would hide a wrong folding; evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
            nn.init.uniform_(module.weight, 0.5, 1.5, generator=generator)
            nn.init.normal_(module.bias, 0, 0.2, generator=generator)
    return network.eval()
