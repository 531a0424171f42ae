"""Weights from a safetensors file, read with torch alone."""

import torch
from torch import nn


def load_weights(network: nn.Module, path: str) -> None:
    """Fills `network` from the safetensors file at `path`; ValueError where the two do not hold the same tensors.

    Such a file is the length of its header in 8 bytes, the header, which is JSON and says of each tensor what it is
    and where, and then the data.
    """
    with open(path, "rb") as file:
        header = file.read(int.from_bytes(file.read(8), "little")).decode().replace(" ", "")
        data = bytearray(file.read())
    state = network.state_dict()
    for name, tensor in state.items():
        dtype = {torch.float32: "F32", torch.int64: "I64"}[tensor.dtype]
        entry = f'"{name}":{{"dtype":"{dtype}","shape":{list(tensor.shape)},"data_offsets":['
        _, found, rest = header.partition(entry.replace(" ", ""))
        if not found:
            raise ValueError(f"{path} holds no {name} of type {dtype} and shape {list(tensor.shape)}")
        start = int(rest.partition(",")[0])
        state[name] = torch.frombuffer(data, dtype=tensor.dtype, count=tensor.numel(), offset=start).view(tensor.shape)
    held = header.count('"data_offsets":[')
    if held != len(state):
        raise ValueError(f"{path} holds {held} tensors where the network has {len(state)}: it belongs to another one")
    network.load_state_dict(state)
