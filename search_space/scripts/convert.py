"""Converts the network of this folder, and proves that what comes out computes the same.

    python convert.py model.pt2       # torch.export, needs torch alone
    python convert.py model.onnx      # needs onnx, onnxscript and onnxruntime too
    python convert.py model.onnx model.pt2 --images images.pt      # and scores both on x_test and y_test

The batch may be of any size in what is written. Take the inference form of model.py and weights.safetensors. For other
runtimes: OpenVINO and LiteRT read model.onnx (`ovc model.onnx`, `onnx2tf -i model.onnx`), ExecuTorch reads the program
in model.pt2 (`to_edge(torch.export.load("model.pt2"))`).
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable

import torch
from model import load
from torch import Tensor

MOST_DIFFERENCE = 1e-4
# With torch 2.13 the exporter cannot translate the first two, and what it makes of the third computes another result.
RESIST = {"model.onnx": ("halo", "dist_l1_", "rbf_")}


def main() -> None:
    """Writes each file that is asked for, and compares; exits with a sentence where it differs by more than 1e-4."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", choices=list(FORMATS), metavar="FILE", help=" or ".join(FORMATS))
    parser.add_argument("--images", help='torch.save({"x_test": ..., "y_test": ...}) to score on')
    chosen = parser.parse_args()
    with open("config.json") as file:
        config = json.load(file)
    refuse(chosen.files, {name for cell in config["genotype"].values() for _, _, name in cell["edges"]})
    shape = config["skeleton"]["input_shape"]
    network = load("weights.safetensors")
    held = torch.load(chosen.images, weights_only=True) if chosen.images else None
    tell("model.py", network, torch.randn(1, *shape), held)
    for path in chosen.files:
        converted = FORMATS[path](network, torch.randn(2, *shape))
        for batch in (1, 3):
            x_NCHW = torch.randn(batch, *shape)
            with torch.inference_mode():
                expected_NK = network(x_NCHW)
                difference = (converted(x_NCHW) - expected_NK).abs().max() / expected_NK.abs().max().clamp(min=1)
            if not difference <= MOST_DIFFERENCE:
                raise SystemExit(f"{path} differs from model.py by {difference:.1e} of the largest logit")
        tell(path, converted, torch.randn(1, *shape), held)


def refuse(files: list[str], operators: set[str]) -> None:
    """Exits, before anything is converted, with the operators that a format cannot take."""
    for path in files:
        resisting = sorted(name for name in operators if name.startswith(RESIST.get(path, ())))
        if resisting:
            raise SystemExit(f"{path} cannot hold {', '.join(resisting)}; use model.pt2, or a cell without them")


def to_pt2(network: torch.nn.Module, x_NCHW: Tensor) -> Callable[[Tensor], Tensor]:
    """Writes model.pt2, a program of torch.export; runs it."""
    program = torch.export.export(network, (x_NCHW,), dynamic_shapes=({0: torch.export.Dim("batch", min=1)},))
    torch.export.save(program, "model.pt2")
    run: Callable[[Tensor], Tensor] = torch.export.load("model.pt2").module()
    return run


def to_onnx(network: torch.nn.Module, x_NCHW: Tensor) -> Callable[[Tensor], Tensor]:
    """Writes model.onnx; runs it in onnxruntime."""
    import onnxruntime

    batch = {0: torch.export.Dim("batch", min=1)}
    torch.onnx.export(
        network, (x_NCHW,), "model.onnx", dynamo=True, dynamic_shapes=(batch,), input_names=["images"],
        output_names=["logits"], external_data=False, verbose=False,
    )  # fmt: skip
    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])

    def run(x_NCHW: Tensor) -> Tensor:
        return torch.from_numpy(session.run(None, {"images": x_NCHW.numpy()})[0])

    return run


FORMATS = {"model.pt2": to_pt2, "model.onnx": to_onnx}


@torch.inference_mode()
def tell(name: str, run: Callable[[Tensor], Tensor], x_NCHW: Tensor, held: dict[str, Tensor] | None) -> None:
    """Prints the latency of one image, and the accuracy on the images held."""
    times_ms = []
    for _ in range(40):
        began = time.perf_counter()
        run(x_NCHW)
        times_ms.append(1000 * (time.perf_counter() - began))
    told = f"{name}: {statistics.median(times_ms[10:]):.3f} ms for one image, {torch.get_num_threads()} threads"
    if held is not None:
        found_N = torch.cat([run(batch).argmax(1) for batch in torch.split(held["x_test"], 256)])
        told += f", accuracy {(found_N == held['y_test']).float().mean().item():.4f}"
    print(told)


if __name__ == "__main__":
    main()
