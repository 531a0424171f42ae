"""Reading safetensors with torch alone, against the library that writes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from search_space.modules.weights import load_weights


def network() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(3, 2))


def test_what_the_library_saved_is_read_to_the_last_bit(tmp_path: Path) -> None:
    saved, loaded = network(), network()
    saved(torch.randn(4, 1, 3, 3))
    save_file(saved.state_dict(), tmp_path / "w.safetensors", {"of": '"0.weight":{"dtype":"F32","data_offsets":[7,9]'})
    load_weights(loaded, str(tmp_path / "w.safetensors"))
    assert all(torch.equal(tensor, loaded.state_dict()[name]) for name, tensor in saved.state_dict().items())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (lambda state: state.pop("3.bias"), "holds no 3.bias of type F32 and shape \\[2\\]"),
        (lambda state: state.update({"3.bias": torch.zeros(5)}), "holds no 3.bias of type F32 and shape \\[2\\]"),
        (lambda state: state.update({"3.bias": torch.zeros(2).double()}), "holds no 3.bias"),
        (lambda state: state.update(more=torch.zeros(2)), "holds 10 tensors where the network has 9"),
    ],
)
def test_a_file_with_other_tensors_is_refused(
    tmp_path: Path, changed: Callable[[dict[str, Tensor]], object], message: str
) -> None:
    state = network().state_dict()
    changed(state)
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(ValueError, match=message):
        load_weights(network(), str(tmp_path / "w.safetensors"))


def test_a_file_that_ends_too_early_is_refused_and_the_network_keeps_its_weights(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file(network().state_dict(), path)
    kept = network()
    before = kept.state_dict()["0.weight"].clone()
    for length in (0, 5, 40, path.stat().st_size - 1):
        (tmp_path / "cut").write_bytes(path.read_bytes()[:length])
        with pytest.raises(ValueError, match=r"cut (is no safetensors file, or )?(is )?not (a )?whole"):
            load_weights(kept, str(tmp_path / "cut"))
    assert torch.equal(kept.state_dict()["0.weight"], before)


@pytest.mark.parametrize(
    "content", [b"\xff" * 8, b"\xff" * 80, b"PK\x03\x04" * 9, b"import torch\n", b"\x02" + 7 * b"\0" + b"[]"]
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(ValueError, match="other is no safetensors file"):
        load_weights(network(), str(tmp_path / "other"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"data_offsets":[0,', b'"data_offsets":[4,', "not whole: .* is not where it should be"),
        (b'"shape":[3],"data_offsets":[', b'"shape":[3],"data_offsets":[-', "is not where it should be"),
    ],
)
def test_offsets_that_do_not_fit_are_refused(tmp_path: Path, old: bytes, new: bytes, message: str) -> None:
    save_file(network().state_dict(), tmp_path / "w.safetensors")
    text = (tmp_path / "w.safetensors").read_bytes()
    length = int.from_bytes(text[:8], "little")
    header = text[8 : 8 + length].replace(old, new, 1)
    (tmp_path / "moved").write_bytes(len(header).to_bytes(8, "little") + header + text[8 + length :])
    with pytest.raises(ValueError, match=message):
        load_weights(network(), str(tmp_path / "moved"))


def test_a_surplus_byte_is_refused(tmp_path: Path) -> None:
    save_file(network().state_dict(), tmp_path / "w.safetensors")
    (tmp_path / "more").write_bytes((tmp_path / "w.safetensors").read_bytes() + b"x")
    with pytest.raises(ValueError, match="bytes of data where its tensors have"):
        load_weights(network(), str(tmp_path / "more"))
