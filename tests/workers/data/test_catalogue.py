from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from workers.data.catalogue import DATASETS, data_folder


def test_the_catalogue_is_read_without_torch_or_scikit_learn() -> None:
    code = "import sys, workers.data.catalogue; print({'torch', 'sklearn', 'numpy'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"


def test_the_digits_need_no_folder() -> None:
    assert DATASETS["digits"].absence() is None


@pytest.mark.parametrize("name", sorted(DATASETS.keys() - {"digits"}))
def test_what_is_absent_says_in_one_line_what_to_do(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CELLSMITH_DATA", raising=False)
    dataset = DATASETS[name]
    for absence in (dataset.absence(), dataset.absence(tmp_path)):
        assert absence is not None
        assert "\n" not in absence
        assert "CELLSMITH_DATA" in absence
        assert dataset.files[0] in absence


def test_the_folder_is_the_one_the_environment_names() -> None:
    assert data_folder({"CELLSMITH_DATA": "somewhere"}) == Path("somewhere")
    assert data_folder({"CELLSMITH_DATA": ""}) is None


def test_every_data_set_says_all_there_is_to_know_before_loading() -> None:
    for name, dataset in DATASETS.items():
        assert dataset.name == name
        assert dataset.classes == len(set(dataset.class_names)) >= 2
        assert len(dataset.mean) == len(dataset.sd) == dataset.input_shape[0]
        assert dataset.summary.endswith(".")
        assert dataset.licence
        assert dataset.source
