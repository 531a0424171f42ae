"""An exported archive as files in a folder."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path


def unpack(archive: bytes, directory: Path, *, replace: bool = False) -> list[str]:
    """Writes the files of a zip into `directory`, which is made where it is missing, and gives their names.

    FileExistsError where a file is there already, unless `replace`; nothing is written then.
    """
    with zipfile.ZipFile(io.BytesIO(archive)) as contents:
        names = sorted(contents.namelist())
        for name in names:
            if (directory / name).exists() and not replace:
                raise FileExistsError(0, f"{name} is there already")
        directory.mkdir(parents=True, exist_ok=True)
        contents.extractall(directory)
    return names
