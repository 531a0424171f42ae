"""Converts the network of this folder, and proves that what comes out computes the same.

    python convert.py model.pt2       # torch.export, needs torch alone
    python convert.py model.onnx      # needs onnx, onnxscript and onnxruntime too
    python convert.py model.onnx model.pt2 --images images.pt      # and scores both on x_test and y_test
    python convert.py model.int8.onnx --images images.pt           # weights and maps of 8 bits, calibrated on x_train
    python convert.py model.onnx --weights trained.safetensors --channels 32      # what train.py has made larger

What is scored is printed, and written to conversions.json and into README.md, the model card, where there is one. The
scores of files of earlier runs stay there for as long as these files do.

The batch may be of any size in what is written. Take the inference form of model.py, or what train.py has trained. For
other runtimes: OpenVINO and LiteRT read model.onnx (`ovc model.onnx`, `onnx2tf -i model.onnx`), ExecuTorch reads the
program in model.pt2 (`to_edge(torch.export.load("model.pt2"))`).
"""

import argparse
import importlib.util
import inspect
import json
import logging
import os
import pickle
import tempfile
import time
import warnings
from collections.abc import Callable
from typing import Any, TypeAlias

import model
import torch
from torch import Tensor

Run: TypeAlias = Callable[[Tensor], Tensor]
Images: TypeAlias = dict[str, Tensor]

MOST_DIFFERENCE = 1e-4
# With torch 2.13 the exporter cannot translate the first, and what it makes of the second computes another result. With
# 8 bits, the third finds other pixels to attend to, which left two in three classes the same, and the fourth picks
# channels by which is largest, and picks others: 2 % of its classes were still the same.
RESIST = {"model.onnx": ("dist_l1_", "rbf_"), "model.int8.onnx": ("dist_l1_", "rbf_", "halo", "cmix")}
INSTEAD = {"model.onnx": "model.pt2", "model.int8.onnx": "model.pt2, which stays in float32"}
CALIBRATION_IMAGES = 256
MOST_PIXELS = 2**19  # that go through a network at once
CARD = "library_name: pytorch"
HEADING = "## Converted, and scored again by convert.py"
ONNX = ("onnx", "onnxscript", "onnxruntime")
DEFAULTS = {name: argument.default for name, argument in inspect.signature(model.build_model).parameters.items()}


def main() -> None:
    """Writes each file that is asked for, and compares; exits with a sentence where it differs by more than 1e-4."""
    chosen = arguments()
    operators, shape = described(str(model.__doc__))
    refuse(chosen.files, operators)
    shape[0] = chosen.input_channels
    wished = {name: getattr(chosen, name) for name in DEFAULTS}
    sizes = {name: tuple(value) if isinstance(value, list) else value for name, value in wished.items()}
    try:
        network = loaded(chosen.weights, sizes)
        held = items(chosen.images, shape) if chosen.images else {}
        shape = list(held["x_test"].shape[1:]) if held else shape
        network.check_size(shape[1:])
    except (ValueError, OSError) as error:
        raise SystemExit(str(error)) from error
    if "model.int8.onnx" in chosen.files and not {"x_train", "x_test"} <= held.keys():
        raise SystemExit(
            "model.int8.onnx wants --images with x_train to calibrate on, and x_test and y_test to score on"
        )
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    scores = earlier() | {"model.py": score("model.py", network, torch.randn(1, *shape), held)}
    for path in chosen.files:
        converted = FORMATS[path](network, torch.randn(2, *shape), held)
        if path != "model.int8.onnx":  # which computes something else, and is judged by its score
            compare(path, converted, network, shape)
        scores[path] = score(path, converted, torch.randn(1, *shape), held)
    scores = {path: scores[path] for path in ("model.py", *FORMATS) if path in scores}
    with open("conversions.json", "w") as file:
        json.dump(scores, file, indent=2)
    if os.path.exists("README.md"):
        tell(scores, "README.md")


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", choices=list(FORMATS), metavar="FILE", help=" or ".join(FORMATS))
    parser.add_argument("--weights", default="weights.safetensors", help="those of model.py, as train.py writes them")
    parser.add_argument("--images", help='torch.save({"x_test": ..., "y_test": ...}) to score on, x_train for int8')
    parser.add_argument("--threads", type=int, help="of the processor that scores may use")
    of_network = parser.add_argument_group("the network, where train.py has made it larger")
    for name, default in DEFAULTS.items():
        axes = {"type": int, "nargs": len(default)} if isinstance(default, tuple) else {"type": type(default)}
        of_network.add_argument(f"--{name.replace('_', '-')}", default=default, help=f"{default}", **axes)
    return parser.parse_args()


def loaded(path: str, sizes: dict[str, Any]) -> Any:
    """The network with its weights; ValueError says how those with an auxiliary head fit."""
    try:
        return model.load(path, **sizes)
    except ValueError as error:
        if "auxiliary_weight" not in sizes or "belongs to another one" not in str(error):
            raise
        with open(path, "rb") as file:
            held = json.loads(file.read(int.from_bytes(file.read(8), "little"))).keys()
        others = held - model.build_model(**sizes).state_dict().keys() - {"__metadata__"}
        if not all(name.startswith("auxiliary.") for name in others):
            raise
        raise ValueError(f"{path} has an auxiliary head too: use --auxiliary-weight 0.4") from error


def items(path: str, shape: list[int]) -> Images:
    """What is scored on; a line that says what is wrong with it where it is not for inputs of such a shape."""
    try:
        held = torch.load(path, weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise SystemExit(f"{path} cannot be read: {reason(error)}") from error
    for name in ("x_test", "y_test"):
        if not isinstance(held, dict) or not isinstance(held.get(name), Tensor) or not len(held[name]):
            raise SystemExit(f"{path} holds no x_test (N, C, ...) and y_test (N,)")
    x = held["x_test"]
    if x.dtype != torch.float32 or x.ndim != 1 + len(shape) or x.shape[1] != shape[0]:
        raise SystemExit(f"x_test is float32 (N, {shape[0]}, ...) with {1 + len(shape)} axes, not {tuple(x.shape)}")
    return dict(held)


def reason(error: Exception) -> str:
    """Why torch could not read a file, in a line."""
    if isinstance(error, pickle.UnpicklingError):  # which torch tells in many lines, and with colours
        return "it is not what torch.save writes of tensors alone; torch.from_numpy() makes them of numpy's arrays"
    return str(error).partition("\n")[0] or "it is empty"


def earlier() -> dict[str, dict[str, float]]:
    """The scores of the files that earlier runs have written and that are still here."""
    try:
        with open("conversions.json") as file:
            scores = json.load(file)
    except (OSError, ValueError):
        return {}
    return {path: scores[path] for path in FORMATS if path in scores and os.path.exists(path)}


def tell(scores: dict[str, dict[str, float]], card: str) -> None:
    """Writes the scores to the end of the model card, in place of earlier ones; leaves other files alone."""
    with open(card, encoding="utf-8") as file:
        text = file.read()
    head = text.partition("\n---\n")[0]
    if not head.startswith("---\n") or CARD not in head.splitlines():
        print(f"{card} is no model card, so the scores stand in conversions.json alone")
        return
    before, _, after = text.partition(f"\n{HEADING}\n")
    lines = after.strip().splitlines()
    while lines and lines[0].startswith("|"):
        del lines[0]
    kept = f"{before.rstrip()}\n\n" + "\n".join(lines).strip()
    rows = []
    for path, scored in scores.items():
        accuracy = f"{scored['accuracy']:.4f}" if "accuracy" in scored else "no images given"
        rows.append(f"| `{path}` | {scored['latency_ms']:.3f} ms | {scored['threads']} | {accuracy} |")
    table = "\n".join(["| file | one item, fastest pass | threads | accuracy |", "|---|---|---|---|", *rows])
    with open(card, "w", encoding="utf-8") as file:
        file.write(f"{kept.rstrip()}\n\n{HEADING}\n\n{table}\n")


def described(text: str) -> tuple[set[str], list[int]]:
    """The operators and the shape of an image, from the docstring of model.py."""
    genotype = json.loads(text.rpartition("\nGenotype ")[2].partition(":\n")[2])
    shape = text.partition(" (N, ")[2].partition(")")[0]
    return {name for cell in genotype.values() for _, _, name in cell["edges"]}, [int(n) for n in shape.split(", ")]


@torch.inference_mode()
def compare(path: str, converted: Run, network: torch.nn.Module, shape: list[int]) -> None:
    """Exits where the two differ, on one image or on several."""
    for batch in (1, 3):
        x_NCHW = torch.randn(batch, *shape)
        expected_NK = network(x_NCHW)
        difference = (converted(x_NCHW) - expected_NK).abs().max() / expected_NK.abs().max().clamp(min=1)
        if not difference <= MOST_DIFFERENCE:
            raise SystemExit(f"{path} differs from model.py by {difference:.1e} of the largest logit")


def refuse(files: list[str], operators: set[str]) -> None:
    """Exits, before anything is converted, with the operators that a format cannot take, or what it lacks here."""
    missing = [package for package in ONNX if importlib.util.find_spec(package) is None]
    if missing and any(path.endswith(".onnx") for path in files):
        raise SystemExit(f"ONNX needs {', '.join(missing)} too: pip install {' '.join(missing)}")
    for path in files:
        resisting = sorted(name for name in operators if name.startswith(RESIST.get(path, ())))
        if resisting:
            raise SystemExit(f"{path} cannot hold {', '.join(resisting)}; use {INSTEAD[path]}, or a cell without them")


def to_pt2(network: torch.nn.Module, x_NCHW: Tensor, held: Images) -> Run:
    """Writes model.pt2, a program of torch.export; runs it."""
    program = torch.export.export(network, (x_NCHW,), dynamic_shapes=({0: torch.export.Dim("batch", min=1)},))
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # which tells the folders of this machine
    torch.export.save(program, "model.pt2")
    run: Run = torch.export.load("model.pt2").module()
    return run


def to_onnx(network: torch.nn.Module, x_NCHW: Tensor, held: Images) -> Run:
    """Writes model.onnx, which onnx's own checker accepts; runs it in onnxruntime."""
    write_onnx(network, x_NCHW, "model.onnx")
    return session_of("model.onnx")


def write_onnx(network: torch.nn.Module, x_NCHW: Tensor, path: str) -> None:
    """Writes the network in ONNX to `path`, and has onnx check it."""
    import onnx

    # The exporter speaks of packages that nothing here wants, and of how it is written itself.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning)
    batch = {0: torch.export.Dim("batch", min=1)}
    torch.onnx.export(
        network, (x_NCHW,), path, dynamo=True, dynamic_shapes=(batch,), input_names=["images"],
        output_names=["logits"], external_data=False, verbose=False,
    )  # fmt: skip
    leave_out_notes(path)
    onnx.checker.check_model(path, full_check=True)


def leave_out_notes(path: str) -> None:
    """Takes out of the ONNX file what its writers noted beside the network: call stacks with folders."""
    import onnx

    stored = onnx.load(path)
    parts: list[Any] = [stored]
    while parts:
        part = parts.pop()
        for field, value in part.ListFields():
            if field.name in ("metadata_props", "doc_string"):
                part.ClearField(field.name)
            elif field.message_type:
                parts.extend([value] if hasattr(value, "ListFields") else value)
    onnx.save(stored, path)


def to_int8(network: torch.nn.Module, x_NCHW: Tensor, held: Images) -> Run:
    """Writes model.int8.onnx; what onnxruntime has no 8-bit kernel for stays in float32."""
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    # It warns of each vector, such as a norm's, that it has no channels to quantise one by one.
    logging.getLogger().setLevel(logging.ERROR)
    shown = held["x_train"][:CALIBRATION_IMAGES]
    batches = iter([{"images": batch.numpy()} for batch in torch.split(shown, min(32, at_once(shown)))])

    class Calibration(quantization.CalibrationDataReader):  # type: ignore[misc]
        def get_next(self) -> Any:
            return next(batches, None)

    with tempfile.TemporaryDirectory() as folder:
        write_onnx(network, x_NCHW, f"{folder}/plain.onnx")  # and not here, where nothing would have compared it
        quant_pre_process(f"{folder}/plain.onnx", f"{folder}/prepared.onnx", skip_symbolic_shape=True)
        quantization.quantize_static(
            f"{folder}/prepared.onnx",
            "model.int8.onnx",
            Calibration(),
            per_channel=True,
            # onnxruntime's kernels for a processor take unsigned maps and signed weights at twice the speed
            activation_type=quantization.QuantType.QUInt8,
        )
    leave_out_notes("model.int8.onnx")
    return session_of("model.int8.onnx")


def session_of(path: str) -> Run:
    """The file in onnxruntime, with as many threads as torch has."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(x_NCHW: Tensor) -> Tensor:
        return torch.from_numpy(session.run(None, {"images": x_NCHW.numpy()})[0])

    return run


def at_once(x_NCHW: Tensor) -> int:
    """How many of these items go through a network together."""
    return max(1, MOST_PIXELS // x_NCHW[0, 0].numel())


FORMATS = {"model.pt2": to_pt2, "model.onnx": to_onnx, "model.int8.onnx": to_int8}


@torch.inference_mode()
def score(name: str, run: Run, x_NCHW: Tensor, held: Images) -> dict[str, float]:
    """The latency of one item, and the accuracy on the items held, which are printed too.

    The latency is that of the fastest of 30 passes, which other work on the machine disturbs the least.
    """
    times_ms = []
    for _ in range(40):
        began = time.perf_counter()
        run(x_NCHW)
        times_ms.append(1000 * (time.perf_counter() - began))
    scores = {"latency_ms": min(times_ms[10:]), "threads": torch.get_num_threads()}
    told = f"{name}: {scores['latency_ms']:.3f} ms for one item, threads: {torch.get_num_threads()}"
    if "x_test" in held:
        batches = torch.split(held["x_test"], min(256, at_once(held["x_test"])))
        found_N = torch.cat([run(batch).argmax(1) for batch in batches])
        scores["accuracy"] = (found_N == held["y_test"]).float().mean().item()
        told += f", accuracy {scores['accuracy']:.4f}"
    print(told)
    return scores


if __name__ == "__main__":
    main()
