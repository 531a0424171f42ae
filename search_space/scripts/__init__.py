"""Scripts that go with an exported model.py: their text is handed out, and they need torch alone."""

from pathlib import Path
from typing import Literal, TypeAlias

ScriptName: TypeAlias = Literal["train.py", "convert.py"]


def script(name: ScriptName) -> str:
    """The text of a script, which is not run here."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
