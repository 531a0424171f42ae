"""Source for maps of any number of axes, rewritten as one would write it for a single number."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

_LINE = 120
_ON_ONE_LINE = (ast.Assign, ast.AnnAssign, ast.Expr, ast.Return, ast.Raise)
# Paragraphs of docstrings that are about `dims`, and what they say where maps have one axis or three.
_TOLD: Mapping[str, Mapping[int, str]] = {
    "With `dims` 1 or 3, maps have so many axes in place of height and width; so everywhere.": {
        1: "Maps have one axis, their length L, in place of height and width; so everywhere.",
        3: "Maps have depth, height and width, (N, C, D, H, W), in place of these two; so everywhere.",
    },
    "With `dims` 1, these are signals (N, input_channels, L), with 3 volumes (N, input_channels, D, H, W).": {
        1: "These images are signals (N, input_channels, L).",
        3: "These images are volumes (N, input_channels, D, H, W).",
    },
    "Its maps have `dims` axes.": {},
}
_PARAMETER = re.compile(r",(\s*\*,)?\s*dims: int( = \d)?(?=,?\s*\))")
_ARGUMENT = re.compile(r", (dims=)?((\w+\.)?dims|\d(?<=dims=\d))(?=[,)])")
_CHOICE = re.compile(r"\{1: ([\w.]+), 2: ([\w.]+)(?:, 3: ([\w.]+))?\}\[(?:(?:\w+\.)?dims|\w+\.ndim - 2)\]")
_LAYER = re.compile(rf"^ +(\w+)(?:: type\[nn\.Module\])? = {_CHOICE.pattern}\n", re.MULTILINE)
_REPEATED = re.compile(r"\*\[(\w+)\] \* dims\b")
_DIMS = re.compile(r"^ +(self\.)?dims = .*\n", re.MULTILINE)
_NUMBER = re.compile(r"(?<=\()dims(?=,)")
_SIZE = re.compile(r"(?<=\| )tuple\[int, \.\.\.\](?= =)|(?<=\bsize: )tuple\[int, \.\.\.\]")
_OF_SIZES = re.compile(r"tuple\(\[(?P<each>[^\[\]]+) for (?P<side>\w+) in (?P<sizes>\w+)\]\)")
# What is written for any number of axes, and what it is for one of which the number is known.
_AXES = re.compile(r"^ +axes = [^\n]+\.ndim - 2\n", re.MULTILINE)
_PIXELS = re.compile(r"\[\(slice\(None\), slice\(None\), \*\[slice\((\w+), None, ([\w.]+)\)\] \* axes\)\]")
_MISSING = re.compile(r"\[pixels for side in reversed\((\w+)\.shape\[2:\]\) for pixels in \(0, side % 2\)\]")
_FROM_AXIS = re.compile(r"tuple\(range\((\d), \w+\.ndim\)\)|\[\*range\((\d), \w+\.ndim\)\]")
_ALTERNATIVES = re.compile(r"nn\.(?P<layer>\w+)1d \| nn\.(?P=layer)2d \| nn\.(?P=layer)3d")


@lru_cache(4096)
def for_axes(text: str, dims: int) -> str:
    """`text`, a definition for maps of `dims` axes, as it would be written for this number alone.

    It takes no `dims` any more, a choice by it is what it comes to, and layers for other numbers of axes are not
    asked after. What it computes stays the same, and so does how it is formatted.
    """
    text = _told(text, dims)
    for name, *layers in _LAYER.findall(text):
        text = re.sub(rf"(?<![\w.]){name}\(", f"{layers[dims - 1]}(", text)
    for pattern in (_LAYER, _DIMS, _PARAMETER, _ARGUMENT):
        text = pattern.sub("", text)
    text = _CHOICE.sub(lambda choice: choice[dims], text)
    text = _NUMBER.sub(str(dims), text)
    text = _SIZE.sub(f"tuple[{', '.join(['int'] * dims)}]", text)
    text = _OF_SIZES.sub(lambda found: _of_each(found, dims), text)
    text = _PIXELS.sub(lambda found: f"[..., {', '.join([_strided(*found.groups())] * dims)}]", _AXES.sub("", text))
    text = _MISSING.sub(lambda found: f"[{', '.join(_odd_sides(found[1], dims))}]", text)
    text = _FROM_AXIS.sub(lambda found: _axes_from(found, dims), text)
    text = _REPEATED.sub(lambda repeated: ", ".join([repeated[1]] * dims), text)
    return joined(_ALTERNATIVES.sub(rf"nn.\g<layer>{dims}d", text))


def _strided(first: str, step: str) -> str:
    """The pixels from the first on, in steps, as a slice."""
    return f"{'' if first == 'None' else first}::{' ' if '.' in step else ''}{step}"


def _odd_sides(tensor: str, dims: int) -> Iterator[str]:
    """What each side wants at its beginning and its end to be even, the last axis first."""
    for axis in reversed(range(2, 2 + dims)):
        yield from ("0", f"{tensor}.shape[{axis}] % 2")


def _axes_from(found: re.Match[str], dims: int) -> str:
    """The axes of a tensor from one on, written out."""
    numbers = [str(axis) for axis in range(int(found[1] or found[2]), 2 + dims)]
    if found[2]:
        return f"[{', '.join(numbers)}]"
    return f"({', '.join(numbers)}{',' * (len(numbers) == 1)})"


def _of_each(found: re.Match[str], dims: int) -> str:
    """A tuple with one value for each axis, written out, so that one sees how many there are."""
    each = [re.sub(rf"\b{found['side']}\b", f"{found['sizes']}[{axis}]", found["each"]) for axis in range(dims)]
    return f"({', '.join(each)}{',' * (dims == 1)})"


def _told(text: str, dims: int) -> str:
    for paragraph, instead in _TOLD.items():
        if dims in instead:
            text = text.replace(paragraph, instead[dims])
        else:
            text = re.sub(rf"\n+ *{re.escape(paragraph)}(?=\n)", "", text)
    # A docstring of which one line is left ends on it.
    return re.sub(r'^( *"""[^"\n]+)\n +"""', r'\1"""', text, flags=re.MULTILINE)


def joined(text: str) -> str:
    """What is written over several lines in one, where it has become short enough."""
    lines = text.splitlines()
    statements = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)]
    for node in sorted(statements, key=lambda node: node.lineno, reverse=True):
        if isinstance(node, ast.FunctionDef):
            first, last = node.lineno - 1, node.body[0].lineno - 1
        elif isinstance(node, ast.If):
            first, last = node.lineno - 1, node.test.end_lineno or node.lineno
            last += not lines[last - 1].endswith(":")
        elif isinstance(node, _ON_ONE_LINE) and node.end_lineno is not None:
            first, last = node.lineno - 1, node.end_lineno
        else:
            continue
        if last - first > 1 and (line := _line(lines[first:last])) is not None:
            lines[first:last] = [line]
    return "\n".join(lines)


def _line(lines: list[str]) -> str | None:
    """Lines as a formatter would write them in one; None where it would not."""
    written = "\n".join(lines)
    line = re.sub(r"(?<=[(\[{]) | (?=[)\]}])", "", " ".join([lines[0], *map(str.strip, lines[1:])]))
    if re.search(r" (return|if) \($", lines[0]):
        line = re.sub(r"^( *\w+ )\((.*)\)(:?)$", r"\1\2\3", line)
    kept_apart = '"""' in written or re.search(r"""#|"\n\s*f?"|,\s*\n\s*[)\]}]""", written)
    return None if kept_apart or len(line) > _LINE else line
