from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from workers.data.catalogue import DATASETS
from workers.data.labelled import LabelledData
from workers.data.load import DatasetAbsent, load
from workers.data.splits import split


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Few random images in the layout of the real archives."""
    random = np.random.default_rng(0)

    def numbers(*shape: int) -> np.ndarray:
        return random.integers(0, 256, size=shape, dtype=np.uint8)

    def archive(file: str, shape: tuple[int, ...]) -> None:
        np.savez(tmp_path / file, images=numbers(*shape), labels=np.arange(shape[0], dtype=np.uint8) % 10)

    archive("fashion_mnist_train.npz", (40, 28, 28))
    archive("fashion_mnist_test.npz", (20, 28, 28))
    archive("cifar10_train_20k_part1.npz", (30, 32, 32, 3))
    archive("cifar10_train_20k_part2.npz", (30, 32, 32, 3))
    np.savez(
        tmp_path / "adrenalmnist3d_dev.npz",
        train_images=numbers(6, 28, 28, 28),
        train_labels=np.arange(6) % 2,
        val_images=numbers(2, 28, 28, 28),
        val_labels=np.arange(2),
    )
    np.savez(tmp_path / "pcg_heart_sounds_dev.npz", signal=numbers(8, 8000).astype(np.int16), labels=np.arange(8) % 4)
    # Eyes close after every window and a half.
    closed = np.arange(1000) // 96 % 2
    np.savez(tmp_path / "eeg_eye_state_dev.npz", signal=4000.0 + numbers(1000, 14), eye_closed=closed)
    return tmp_path


def test_the_digits_are_the_real_scans() -> None:
    data = load("digits")
    assert len(data) == 1797
    assert data.input_shape == DATASETS["digits"].input_shape
    assert abs(float(data.images_NCHW.mean())) < 1e-3
    assert abs(float(data.images_NCHW.std()) - 1) < 1e-3


@pytest.mark.parametrize("name", DATASETS)
def test_a_loaded_data_set_is_what_the_catalogue_says(name: str, folder: Path) -> None:
    data = load(name, folder)
    assert data.input_shape == DATASETS[name].input_shape
    assert set(np.unique(data.labels_N)) == set(range(DATASETS[name].classes))
    assert np.isfinite(data.images_NCHW).all()


def test_published_test_images_are_marked(folder: Path) -> None:
    marks = load("fashion_mnist", folder).published_test_N
    assert marks is not None
    assert marks.tolist() == [False] * 40 + [True] * 20


def test_a_pixel_keeps_its_place_and_colour(folder: Path) -> None:
    with np.load(folder / "cifar10_train_20k_part2.npz") as archive:
        raw = archive["images"][3, 5, 7, 2]
    expected = (raw / 255 - DATASETS["cifar10"].mean[2]) / DATASETS["cifar10"].sd[2]
    assert load("cifar10", folder).images_NCHW[33, 2, 5, 7] == pytest.approx(expected, abs=1e-5)


def test_windows_of_a_recording_keep_their_order_and_stay_with_their_neighbours(folder: Path) -> None:
    data = load("eeg_eye_state", folder)
    with np.load(folder / "eeg_eye_state_dev.npz") as archive:
        raw = archive["signal"][64 * 9 + 5, 3]
    known = DATASETS["eeg_eye_state"]
    assert len(data) == 12  # of 15 windows, three groups of four
    assert data.images_NCHW[9, 3, 5] == pytest.approx(np.clip((raw - known.mean[3]) / known.sd[3], -10, 10), abs=1e-4)
    assert data.labels_N.tolist() == [0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1]
    assert data.groups_N is not None
    assert data.groups_N.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]


def test_volumes_of_both_published_parts_are_there(folder: Path) -> None:
    assert load("adrenalmnist3d", folder).labels_N.tolist() == [0, 1, 0, 1, 0, 1, 0, 1]


def test_what_cannot_be_loaded_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(DatasetAbsent, match="use one of digits"):
        load("imagenet")
    with pytest.raises(DatasetAbsent, match="CELLSMITH_DATA"):
        load("cifar10", tmp_path)


@pytest.mark.parametrize("name", DATASETS)
def test_the_catalogue_knows_how_many_images_score_a_network(name: str) -> None:
    if absence := DATASETS[name].absence():
        pytest.skip(absence)
    assert len(split(load(name)).validation) == DATASETS[name].validation_images


def test_nobody_can_write_to_loaded_images() -> None:
    data = load("digits")
    with pytest.raises(ValueError, match="read-only"):
        data.images_NCHW[0] = 0


def test_images_travel_between_processes_without_a_copy() -> None:
    data = load("digits")
    buffers: list[pickle.PickleBuffer] = []
    travelling = pickle.dumps(data, protocol=5, buffer_callback=buffers.append)
    assert len(travelling) < 2000
    arrived = pickle.loads(travelling, buffers=buffers)
    assert arrived.images_NCHW.ctypes.data == data.images_NCHW.ctypes.data


@pytest.mark.parametrize(
    ("images_NCHW", "labels_N"),
    [
        (np.zeros((2, 8), np.float32), np.zeros(2, np.int64)),
        (np.zeros((2, 1, 8, 8, 8, 8), np.float32), np.zeros(2, np.int64)),
        (np.zeros((2, 1, 8, 8), np.float64), np.zeros(2, np.int64)),
        (np.zeros((2, 1, 8, 8), np.float32), np.zeros(3, np.int64)),
        (np.zeros((2, 1, 8, 8), np.float32), np.full(2, -1, np.int64)),
    ],
)
def test_wrong_arrays_make_no_data_set(images_NCHW: np.ndarray, labels_N: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"image|label"):
        LabelledData(images_NCHW, labels_N)
