"""Other activations than ReLU."""

from torch import nn


def use_activation(network: nn.Module, activation: type[nn.Module]) -> None:
    """Puts `activation` wherever ReLU stands, but not in what is built after this."""
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.ReLU):
                parent.add_module(name, activation())
