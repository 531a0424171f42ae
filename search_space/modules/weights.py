"""Weights from a safetensors file, read with torch alone."""

import torch
from torch import nn

MOST_HEADER_BYTES = 100_000_000


def load_weights(network: nn.Module, path: str) -> None:
    """Fills `network` from the safetensors file at `path`; ValueError where the two do not hold the same tensors.

    Such a file is the length of its header in 8 bytes, the header, which is JSON and says of each tensor what it is
    and where, and then the data.
    """
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(min(length, MOST_HEADER_BYTES)).decode(errors="replace").replace(" ", "")
        data = bytearray(file.read())
    if not header.startswith("{") or not header.endswith("}"):
        raise ValueError(f"{path} is no safetensors file, or not a whole one")
    state, read = network.state_dict(), 0
    for name, tensor in state.items():
        dtype = {torch.float32: "F32", torch.int64: "I64"}[tensor.dtype]
        entry = f'"{name}":{{"dtype":"{dtype}","shape":{list(tensor.shape)},"data_offsets":['
        _, found, rest = header.partition(entry.replace(" ", ""))
        if not found:
            raise ValueError(
                f"{path} holds no {name} of type {dtype} and shape {list(tensor.shape)}: it is of another network, of "
                "other sizes or of the other form"
            )
        start, _, end = rest.partition("]")[0].partition(",")
        if int(end) - int(start) != tensor.nbytes or not 0 <= int(start) <= int(end) <= len(data):
            raise ValueError(f"{path} is not whole: {name} is not where it should be")
        part = torch.frombuffer(data, dtype=tensor.dtype, count=tensor.numel(), offset=int(start))
        state[name] = part.view(tensor.shape)
        read += tensor.nbytes
    held = header.count('"data_offsets":[')
    if held != len(state):
        raise ValueError(f"{path} holds {held} tensors where the network has {len(state)}: it belongs to another one")
    if read != len(data):
        raise ValueError(f"{path} has {len(data)} bytes of data where its tensors have {read}")
    network.load_state_dict(state)
