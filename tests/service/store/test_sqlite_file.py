"""A file that is replaced stays under another name."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from service.store.sqlite_file import keep_aside


@pytest.mark.parametrize("has_links", [True, False])
def test_a_file_is_under_both_names_and_its_journal_under_the_new_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    def link(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")  # as on FAT

    if not has_links:
        monkeypatch.setattr(os, "link", link)
    (tmp_path / "record").write_bytes(b"damaged")
    (tmp_path / "record.damaged-1").write_bytes(b"long ago")
    (tmp_path / "record-journal").write_bytes(b"its journal")
    assert keep_aside(tmp_path / "record") == tmp_path / "record.damaged-2"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "record": b"damaged",
        "record.damaged-1": b"long ago",
        "record.damaged-2": b"damaged",
        "record.damaged-2-journal": b"its journal",
    }
