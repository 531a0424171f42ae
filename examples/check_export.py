"""Proves that an exported folder needs torch alone: loads it, scores it on saved images, compares the accuracy.

    python -I -S -B check_export.py SITE_PACKAGES FOLDER IMAGES ACCURACY

IMAGES is a file of torch.save({"x": float32 NCHW, "y": int64 N}). In this process nothing can be imported but the
standard library, torch and what torch itself requires; the exported file may import nothing but torch and math.
"""

from __future__ import annotations

import builtins
import importlib.util
import pathlib
import sys
import warnings

TORCH_AND_ITS_NEEDS = {"torch", "torchgen", "functorch", "typing_extensions", "filelock", "sympy", "mpmath", "networkx"}
EXPORTED_MAY_IMPORT = {"torch", "math"}


class OnlyTorch:
    """Stands before every other finder, and refuses whatever is not allowed here, installed or not."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """None lets the ordinary finders go on."""
        top = name.partition(".")[0]
        if top not in TORCH_AND_ITS_NEEDS and top not in sys.stdlib_module_names:
            raise ModuleNotFoundError(f"{name} cannot be imported here", name=name)


def main() -> None:
    """Prints one line where all is as measured, and exits with a sentence where it is not."""
    site_packages, folder, images, expected = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3], float(sys.argv[4])
    sys.path.append(site_packages)
    sys.meta_path.insert(0, OnlyTorch())
    warnings.filterwarnings("ignore", message="Failed to initialize NumPy")
    import torch

    ordinary_import = builtins.__import__

    def guarded_import(name, globals=None, locals=None, fromlist=(), level=0):  # type: ignore[no-untyped-def]
        importer = (globals or {}).get("__name__")
        if importer == "exported" and name.partition(".")[0] not in EXPORTED_MAY_IMPORT:
            raise ImportError(f"the exported file may not import {name}")
        return ordinary_import(name, globals, locals, fromlist, level)

    builtins.__import__ = guarded_import
    torch.set_num_threads(1)
    spec = importlib.util.spec_from_file_location("exported", folder / "model.py")
    assert spec is not None
    assert spec.loader is not None
    exported = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(exported)
    model = exported.load(str(folder / "weights.safetensors")).eval()
    held = torch.load(images, weights_only=True)
    with torch.inference_mode():
        batches = zip(held["x"].split(256), held["y"].split(256), strict=True)
        right = sum(int((model(x_NCHW).argmax(1) == y_N).sum()) for x_NCHW, y_N in batches)
    accuracy = right / len(held["y"])
    if abs(accuracy - expected) > 1e-6:
        sys.exit(f"accuracy {accuracy:.6f} here, but {expected:.6f} in the service")
    print(f"{right} of {len(held['y'])} validation images right with torch alone: accuracy {accuracy:.4f}, as measured")


if __name__ == "__main__":
    main()
