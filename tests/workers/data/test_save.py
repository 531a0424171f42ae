"""Images for the scripts of an exported folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from workers.data.load import load
from workers.data.save import main, save
from workers.data.splits import split


def test_the_images_are_those_that_a_trial_is_trained_and_scored_on(tmp_path: Path) -> None:
    save("digits", str(tmp_path / "images.pt"), seed=3)
    images = torch.load(tmp_path / "images.pt", weights_only=True)
    parts = split(load("digits"), 3)
    assert torch.equal(images["x_test"], torch.tensor(parts.validation.images_NCHW))
    assert torch.equal(images["y_test"], torch.tensor(parts.validation.labels_N))
    assert images["x_train"].shape == (len(parts.train), 1, 8, 8)
    assert (images["x_train"].dtype, images["y_train"].dtype) == (torch.float32, torch.int64)


def test_a_folder_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "nowhere" / "images.pt"
    monkeypatch.setattr("sys.argv", ["save", "digits", str(file)])
    with pytest.raises(SystemExit):
        main()
    assert f"there is no folder for {file}" in capsys.readouterr().err


def test_a_seed_that_no_job_has_is_refused_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["save", "digits", str(tmp_path / "images.pt"), "--seed", "-1"])
    with pytest.raises(SystemExit):
        main()
    assert "argument --seed: 0 or more, as that of a job, not -1" in capsys.readouterr().err
