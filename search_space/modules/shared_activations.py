"""Activations that are computed once where several parts of a network would compute the same."""

from torch import nn

from search_space.modules.cell import Cell
from search_space.modules.network import Network
from search_space.modules.unread import Unread


def use_shared_activations(network: Network) -> None:
    """Lets the result of a cell go through its activation once, where all that read it would begin with it.

    Those and others write over what nothing else reads. For the inference form: no bit of the logits changes.
    """
    # For each tensor, by its number, where those that read it begin with an activation.
    readers: list[list[tuple[nn.Module, str] | None]] = [[] for _ in range(len(network.cells) + 2)]
    readers[-1].append(beginning(network, "final_relu"))
    for number, cell in enumerate(network.cells):
        inputs = (number - (number in network.skipping), number + 1)
        if isinstance(cell, Cell):
            for node in cell.reads:
                readers[inputs[node]].append(beginning(cell, f"prepare_h{node}"))
        elif not isinstance(cell, Unread):
            # What is around a cell reads its inputs too, and what it gives is to be had as it is.
            for tensor in (*inputs, number + 2):
                readers[tensor].append(None)
    for number in range(len(network.cells)):
        places = [place for place in readers[number + 2] if place is not None]
        if places and len(places) == len(readers[number + 2]):
            for parent, name in places:
                network.finish[number] = parent.get_submodule(name)
                parent.add_module(name, nn.Identity())
            overwrite(network.finish[number])
    for sequence in network.modules():
        if isinstance(sequence, nn.Sequential):
            parts = steps(sequence)
            for number, after in enumerate(parts[1:]):
                if isinstance(parts[number], nn.Conv1d | nn.Conv2d | nn.Conv3d):
                    overwrite(after)


def beginning(parent: nn.Module, name: str) -> tuple[nn.Module, str] | None:
    """Where the activation stands that a part of `parent` begins with; None where it begins with something else."""
    part = parent.get_submodule(name)
    if isinstance(part, nn.Sequential) and len(part):
        return beginning(part, "0")
    return (parent, name) if isinstance(part, nn.ReLU | nn.SiLU | nn.GELU | nn.ELU) else None


def steps(module: nn.Module) -> list[nn.Module]:
    """What a tensor goes through, one after the other."""
    return [step for part in module for step in steps(part)] if isinstance(module, nn.Sequential) else [module]


def overwrite(module: nn.Module) -> None:
    """Lets an activation write its result over its input."""
    if isinstance(module, nn.ReLU | nn.SiLU | nn.ELU):
        module.inplace = True
