"""What train.py has trained becomes an inference form to take away."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from search_space.network import Architecture
from search_space.published import published
from search_space.regularisation import Auxiliary
from search_space.skeleton import Skeleton
from tests.search_space.trained import as_if_trained, tensors_of

SKELETON = Skeleton((1, 10, 10), 3, 4, stages=2)
GENOTYPE = published["darts-v2"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An export's config.json, and the weights of a larger network with an auxiliary head, trained."""
    config = {"genotype": json.loads(GENOTYPE.to_json()), "skeleton": asdict(SKELETON)}
    (tmp_path / "config.json").write_text(json.dumps(config))
    larger = replace(SKELETON, channels=6, classes=5, auxiliary=Auxiliary(widths=(8, 8)))
    images_NCHW = torch.randn(4, *SKELETON.input_shape)
    network = as_if_trained(Architecture(GENOTYPE, larger).build(), images_NCHW, 0)
    save_file(tensors_of(network), tmp_path / "trained.safetensors")
    torch.save({"images": images_NCHW, "logits": network(images_NCHW).detach()}, tmp_path / "expected.pt")
    return tmp_path


def merged(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    files = [str(folder / name) for name in ("config.json", "trained.safetensors")]
    command = [sys.executable, "-m", "workers.merged", *files, "-o", str(folder / "merged"), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_computes_what_was_trained(folder: Path) -> None:
    shown = merged(folder, "--channels", "6", "--classes", "5")
    assert shown.returncode == 0, shown.stderr
    code = (
        "import sys, torch; sys.path.insert(0, 'merged'); from model import load\n"
        "held = torch.load('expected.pt'); found = load('merged/weights.safetensors')(held['images'])\n"
        "print(bool((found - held['logits']).abs().max() <= 1e-5 * held['logits'].abs().max().clamp(min=1)))"
    )
    same = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert same.stdout == "True\n"
    assert "inference form" in (folder / "merged" / "model.py").read_text()


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("config.json", "# A network", "is no JSON, as the config.json of an export is: Expecting value"),
        ("config.json", "[1]", "is no config.json of an export: it holds no genotype and skeleton"),
        ("config.json", None, "There is no file "),
        ("trained.safetensors", "# A network", "is no safetensors file, as train.py writes it"),
        ("trained.safetensors", None, "There is no file "),
    ],
)
def test_a_file_that_cannot_be_read_is_named(folder: Path, file: str, text: str | None, told: str) -> None:
    (folder / file).unlink() if text is None else (folder / file).write_text(text)
    shown = merged(folder)
    assert shown.returncode == 1
    assert told in shown.stderr
    assert str(folder / file) in shown.stderr
    assert len(shown.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "is of another network: give the sizes that it was trained with"),
        (("--channels", "2"), "channels is a whole number from 4"),
        (("--norm", "xn"), "norm is one of"),
    ],
)
def test_what_cannot_be_merged_is_refused_in_a_line(folder: Path, options: tuple[str, ...], told: str) -> None:
    shown = merged(folder, *options)
    assert shown.returncode == 1
    assert told in shown.stderr
    assert len(shown.stderr.splitlines()) == 1
    assert not (folder / "merged").exists()
