"""What a piece of source keeps and never reads, or asks after and never makes."""

from __future__ import annotations

import re

from search_space.axes_source import joined

_ALTERNATIVES = re.compile(r"nn\.\w+(?: \| nn\.\w+)+")
_SET = re.compile(r"^ +self\.(\w+)(?:: [^=\n]+)? = ([^\n]*)\n", re.MULTILINE)
_MAKES_A_PART = re.compile(r"\b(nn\.)?[A-Z]\w*\(")


def without_unread(text: str) -> str:
    """`text` without the lines that do nothing but keep a value for others, where there are none that read it.

    A part of a network, which is read by being in it, stays, and so does what its class declares: that is for others.
    """
    for name, value in dict.fromkeys(_SET.findall(text)):
        rest = re.sub(rf"^ +self\.{name}(?:: [^=\n]+)?(?: = |\.append\()[^\n]*\n", "", text, flags=re.MULTILINE)
        declared = re.search(rf"^    {name}\b(?:: [^=\n]+)?(?: =|$)", text, re.MULTILINE)
        if not declared and not _MAKES_A_PART.search(value) and not re.search(rf"\.{name}\b", rest):
            text = rest
    return text


def without_unmade(text: str) -> str:
    """`text` where of the layers that it asks after in one breath those are left that it may have made."""
    made = set(re.findall(r"nn\.\w+", _ALTERNATIVES.sub("", text)))

    def left(alternatives: re.Match[str]) -> str:
        layers = alternatives[0].split(" | ")
        return " | ".join([layer for layer in layers if layer in made] or layers)

    return joined(_ALTERNATIVES.sub(left, text))
