"""Batch norms, all of a network's at once."""

from torch import nn


def let_norms_count(network: nn.Module, counting: bool) -> None:
    """Says whether batch norms take what they see in training into their running statistics."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
            module.track_running_stats = counting
