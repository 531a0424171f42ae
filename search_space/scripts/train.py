"""Trains the network of the model.py beside this file, and writes weights that its load() reads. Needs torch alone.

    python train.py images.pt --epochs 100                                   # anew, into trained.safetensors
    python train.py images.pt --epochs 100 --weights weights.safetensors     # begins with those of the export
    python train.py images.pt --epochs 100 --resume     # goes on where a stopped training was, with the same bits
    python train.py images.pt --channels 32 --keep 0.8  # a larger network, with what helps its training

Every argument of model.py's build_model() is an option: sizes, and where the network has room for them drop path
(--keep), an auxiliary head (--auxiliary-weight), dropout. What is not given is as it is there.

images.pt is torch.save({"x_train": x, "y_train": y, "x_test": x, "y_test": y}): float32 images (N, C, H, W) that are
scaled and centred already, int64 classes (N,) from 0 on; signals (N, C, L) and volumes (N, C, D, H, W) where the
network is for these. Take a model.py in its training form.
"""

import argparse
import copy
import inspect
import json
import math
import os
import pickle
from typing import Any

import model
import torch
import torch.nn.functional as F
from torch import Tensor, nn

CHECKPOINT = "checkpoint.pt"
BEGINNING_IMAGES = 256
WHOLE_NUMBERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)
MOST_PIXELS = 2**19  # that go through the network at once without gradients
DIVERGED = "epoch {}: {}; try a lower --learning-rate. What was written after the epochs before it is as it was."
DEFAULTS = {name: argument.default for name, argument in inspect.signature(model.build_model).parameters.items()}


def main() -> None:
    """Trains, says how well after each epoch, writes the weights."""
    chosen = arguments()
    if "in its inference form" in str(model.__doc__):
        raise SystemExit(
            "This model.py is in its inference form, which cannot be trained well: export it for training."
        )
    if not os.path.isdir(os.path.dirname(chosen.output) or "."):
        raise SystemExit(f"there is no folder for {chosen.output}")
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    torch.manual_seed(chosen.seed)
    data = items(chosen)
    try:
        begun = model.load(chosen.weights, **grown(chosen)) if chosen.weights else fresh(data["x_train"], chosen)
        for x in (data["x_train"], data["x_test"]):
            begun.check_size([*x.shape[2:]])
        network = begun.to(chosen.device).train()
    except (ValueError, OSError, RuntimeError, AssertionError) as error:
        raise SystemExit(str(error)) from error
    averaged = copy.deepcopy(network).requires_grad_(False)
    decayed = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    groups: list[dict[str, Any]] = [{"params": decayed}, {"params": others, "weight_decay": 0.0}]
    optimiser = torch.optim.SGD(groups, chosen.learning_rate, 0.9, weight_decay=chosen.weight_decay, nesterov=True)
    first = resume(network, averaged, optimiser, grown(chosen)) if chosen.resume else 0
    if first >= chosen.epochs:
        raise SystemExit(f"{CHECKPOINT} ends with epoch {first}: ask for more --epochs")
    for epoch in range(first, chosen.epochs):
        loss = train_epoch(network, averaged, optimiser, data["x_train"], data["y_train"], epoch, chosen)
        kept = averaged if chosen.average else network
        found = accuracy(kept, data["x_test"], data["y_test"])
        if math.isnan(found):
            raise SystemExit(DIVERGED.format(epoch + 1, "the logits of x_test are not finite"))
        print(f"epoch {epoch + 1}: loss {loss:.4f}, accuracy {found:.4f}")
        save(network, averaged, optimiser, grown(chosen), epoch + 1)
        save_safetensors(kept.state_dict(), chosen.output)
    changes = "".join(f", {name}={value!r}" for name, value in grown(chosen).items() if value != DEFAULTS[name])
    print(f'model.load("{chosen.output}"{changes}) has these weights')


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--epochs", type=whole, default=100, help="passes over x_train; default %(default)s")
    parser.add_argument("--batch-size", type=whole, default=64, help="items of a step; default %(default)s")
    parser.add_argument("--learning-rate", type=positive, default=0.1, help="the highest; default %(default)s")
    parser.add_argument("--weight-decay", type=not_negative, default=5e-4, help="default %(default)s")
    parser.add_argument("--label-smoothing", type=share, default=0.1, help="default %(default)s")
    parser.add_argument(
        "--average", type=share, default=0.0, help="decay of averaged weights, like 0.999; default 0: none"
    )
    parser.add_argument("--device", default="cpu", help="default %(default)s")
    parser.add_argument("--threads", type=whole, help="of the processor that training may use; as many as torch takes")
    parser.add_argument("--seed", type=int, default=0, help="default %(default)s")
    parser.add_argument("--weights", help="weights to begin with, such as weights.safetensors; without it, fresh ones")
    parser.add_argument("--output", default="trained.safetensors", help="where the weights go; default %(default)s")
    parser.add_argument("--resume", action="store_true", help=f"goes on from {CHECKPOINT}, its last epoch")
    of_network = parser.add_argument_group("the network")
    for name, default in DEFAULTS.items():
        axes = {"type": int, "nargs": len(default)} if isinstance(default, tuple) else {"type": type(default)}
        of_network.add_argument(f"--{name.replace('_', '-')}", default=default, help=f"default {default}", **axes)
    return parser.parse_args()


def whole(text: str) -> int:
    """A number of something, of which there is one at least."""
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"1 or more, not {text}")
    return int(text)


def positive(text: str) -> float:
    """A finite number above 0."""
    if not 0 < float(text) < math.inf:
        raise argparse.ArgumentTypeError(f"a number above 0, not {text}")
    return float(text)


def not_negative(text: str) -> float:
    """A finite number, 0 or more."""
    if not 0 <= float(text) < math.inf:
        raise argparse.ArgumentTypeError(f"0 or more, not {text}")
    return float(text)


def share(text: str) -> float:
    """From 0 to 1, which is left out."""
    if not 0 <= float(text) < 1:
        raise argparse.ArgumentTypeError(f"0 or more and less than 1, not {text}")
    return float(text)


def grown(chosen: argparse.Namespace) -> dict[str, Any]:
    """The arguments of build_model()."""
    wished = {name: getattr(chosen, name) for name in DEFAULTS}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in wished.items()}


def items(chosen: argparse.Namespace) -> dict[str, Tensor]:
    """What is trained and scored on; a line that says what is wrong with it where it is not for this network."""
    try:
        data = torch.load(chosen.data, weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise SystemExit(f"{chosen.data} cannot be read: {reason(error)}") from error
    shape = str(model.__doc__).partition(" (N, ")[2].partition(")")[0].split(", ")
    for part in ("train", "test"):
        x, y = (data.get(f"{name}_{part}") if isinstance(data, dict) else None for name in "xy")
        if not isinstance(x, Tensor) or not isinstance(y, Tensor) or x.ndim < 3 or len(x) == 0:
            raise SystemExit(f"{chosen.data} holds no x_{part} (N, C, ...) and y_{part} (N,); see --help")
        if x.dtype != torch.float32 or y.dtype not in WHOLE_NUMBERS or y.shape != x.shape[:1]:
            found = " and ".join(f"{str(t.dtype).removeprefix('torch.')} {tuple(t.shape)}" for t in (x, y))
            raise SystemExit(f"x_{part} is float32 (N, C, ...), and y_{part} is int64 (N,), not {found}")
        data[f"y_{part}"] = y = y.long()
        if x.ndim != 1 + len(shape):
            raise SystemExit(
                f"x_{part} has {x.ndim} axes where the network takes {1 + len(shape)}: items, channels, ..."
            )
        if x.shape[1] != chosen.input_channels:
            raise SystemExit(
                f"channels of x_{part}: {x.shape[1]}, of the network: {chosen.input_channels}; use "
                f"--input-channels {x.shape[1]}"
            )
        if not x.isfinite().all():
            raise SystemExit(f"x_{part} holds numbers that are not finite (NaN or infinity)")
        if y.min() < 0:
            raise SystemExit(
                f"y_{part} has classes from {y.min()} to {y.max()}, and classes count from 0: add {-y.min()} to "
                "y_train and y_test"
            )
        if y.max() >= chosen.classes:
            raise SystemExit(
                f"y_{part} has classes from {y.min()} to {y.max()} where the network has {chosen.classes} from 0 on: "
                f"use --classes {y.max() + 1}"
            )
        if getattr(chosen, "auxiliary_weight", 0) and tuple(chosen.image_size) != tuple(x.shape[2:]):
            raise SystemExit(f"an auxiliary head is for one size: use --image-size {' '.join(map(str, x.shape[2:]))}")
    return dict(data)


def reason(error: Exception) -> str:
    """Why torch could not read a file, in a line."""
    if isinstance(error, pickle.UnpicklingError):  # which torch tells in many lines, and with colours
        return "it is not what torch.save writes of tensors alone; torch.from_numpy() makes them of numpy's arrays"
    return str(error).partition("\n")[0] or "it is empty"


def fresh(x_NCHW: Tensor, chosen: argparse.Namespace) -> Any:
    """The network with the weights that training begins with, some of which may go by what is in images."""
    network = model.build_model(**grown(chosen))
    for name in ("use_unit_variances_for", "use_clusters_of"):
        if hasattr(model, name):
            shown = min(BEGINNING_IMAGES, at_once(x_NCHW))
            getattr(model, name)(x_NCHW[torch.randperm(len(x_NCHW))[:shown]], network)
    return network


def at_once(x_NCHW: Tensor) -> int:
    """How many of these images may go through the network together where no gradient is wanted."""
    return max(1, MOST_PIXELS // x_NCHW[0, 0].numel())


def train_epoch(
    network: nn.Module,
    averaged: nn.Module,
    optimiser: torch.optim.Optimizer,
    x_NCHW: Tensor,
    y_N: Tensor,
    epoch: int,
    chosen: argparse.Namespace,
) -> float:
    """One pass over the images in random order; the mean loss. The last images wait where they fill no batch."""
    network.train()
    size = min(chosen.batch_size, len(y_N))
    batches = torch.split(torch.randperm(len(y_N)), size)[: len(y_N) // size]
    total = 0.0
    for number, batch in enumerate(batches):
        done = (epoch + number / len(batches)) / chosen.epochs
        warm_up = min(1.0, (epoch * len(batches) + number + 1) / len(batches))
        for group in optimiser.param_groups:
            group["lr"] = chosen.learning_rate * warm_up * (1 + math.cos(math.pi * done)) / 2
        loss = loss_of(network, x_NCHW[batch].to(chosen.device), y_N[batch].to(chosen.device), done, chosen)
        if not math.isfinite(loss.item()):
            raise SystemExit(DIVERGED.format(epoch + 1, f"the loss is {loss.item()}"))
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        average(averaged, network, chosen.average)
        total += loss.item()
    return total / len(batches)


def loss_of(network: Any, x_NCHW: Tensor, y_N: Tensor, done: float, chosen: argparse.Namespace) -> Tensor:
    """Cross entropy, with that of the auxiliary head where there is one; drop path goes by the share that is `done`."""
    smoothing = chosen.label_smoothing
    if hasattr(network, "set_progress"):
        network.set_progress(done)
    logits_NK, auxiliary_NK = network.logits(x_NCHW)
    loss = F.cross_entropy(logits_NK, y_N, label_smoothing=smoothing)
    if auxiliary_NK is not None:
        loss += network.auxiliary_weight * F.cross_entropy(auxiliary_NK, y_N, label_smoothing=smoothing)
    return loss


@torch.no_grad()
def average(averaged: nn.Module, network: nn.Module, decay: float) -> None:
    """Moves the averaged weights towards the network's; statistics and counters are simply taken over."""
    for mean, new in zip(averaged.parameters(), network.parameters(), strict=True):
        mean.lerp_(new, 1 - decay)
    for kept, taken in zip(averaged.buffers(), network.buffers(), strict=True):
        kept.copy_(taken)


@torch.inference_mode()
def accuracy(network: nn.Module, x_NCHW: Tensor, y_N: Tensor) -> float:
    """The share of images whose class is found; not a number where logits are none."""
    network.eval()
    device = next(network.parameters()).device
    batches = torch.split(x_NCHW, min(256, at_once(x_NCHW)))
    logits_NK = torch.cat([network(batch.to(device)).cpu() for batch in batches])
    return (logits_NK.argmax(1) == y_N).float().mean().item() if logits_NK.isfinite().all() else math.nan


def save(
    network: nn.Module, averaged: nn.Module, optimiser: torch.optim.Optimizer, arguments: dict[str, Any], epochs: int
) -> None:
    """Writes all that `resume` needs; the old file stays until the new one is whole."""
    states = {"network": network.state_dict(), "averaged": averaged.state_dict(), "optimiser": optimiser.state_dict()}
    random = torch.get_rng_state()
    torch.save({**states, "arguments": arguments, "random": random, "epochs": epochs}, CHECKPOINT + ".new")
    os.replace(CHECKPOINT + ".new", CHECKPOINT)


def resume(network: nn.Module, averaged: nn.Module, optimiser: torch.optim.Optimizer, arguments: dict[str, Any]) -> int:
    """Puts back what was saved of a network with the same `arguments`; how many epochs are done."""
    if not os.path.exists(CHECKPOINT):
        raise SystemExit(f"--resume wants the {CHECKPOINT} of a training that was stopped in this folder")
    try:
        saved = torch.load(CHECKPOINT, weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise SystemExit(f"{CHECKPOINT} cannot be read: {reason(error)}") from error
    if others := {name: value for name, value in saved["arguments"].items() if value != arguments[name]}:
        wanted = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in others.items())
        raise SystemExit(f"{CHECKPOINT} is of another network: use {wanted}")
    network.load_state_dict(saved["network"])
    averaged.load_state_dict(saved["averaged"])
    optimiser.load_state_dict(saved["optimiser"])
    torch.set_rng_state(saved["random"])
    return int(saved["epochs"])


def save_safetensors(state: dict[str, Tensor], path: str) -> None:
    """Writes tensors of float32 and int64: the header's length in 8 bytes, the header, the data."""
    kinds = {torch.float32: "F32", torch.int64: "I64"}
    data = bytearray(sum(tensor.nbytes for tensor in state.values()))
    written = torch.frombuffer(data, dtype=torch.uint8)
    header, start = {}, 0
    for name, tensor in state.items():
        end = start + tensor.nbytes
        written[start:end] = tensor.detach().contiguous().reshape(-1).view(torch.uint8)
        header[name] = {"dtype": kinds[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [start, end]}
        start = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + data)


if __name__ == "__main__":
    main()
