"""What an exported file may consist of, and that hostile text changes nothing about it."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from search_space.allowed_syntax import ForbiddenSyntax, check_syntax
from search_space.export import to_python
from search_space.network import Architecture
from search_space.skeleton import Skeleton
from tests.search_space.random_cells import random_genotype

SKELETON = Skeleton((1, 8, 8), classes=10, channels=8)

HOSTILE = [
    '"""',
    "'''",
    '"""\nimport os\nos.system("id")\n"""',
    "\\",
    '\\"""',
    "\\N{LATIN SMALL LETTER A}",
    "\\x22\\x22\\x22",
    "\u2028import os\u2029",
    "\rimport os\r",
    "\x00",
    "\x0c\x0b\x1c",
    "\ud800",
    "\u202e",
    "{channels}",
    "%s%n",
    "f'{open(0)}'",
    "# coding: utf-7 +AGk-",
    '"""\nopen("canary", "w")\n"""',
    '\nopen("canary", "w")\n',
    '"\n__import__("os").mkdir("canary")',
    "</script>",
    "x" * 300,
    "é̂ïｆｕｌｌ",
]


# Executes each text that it is given as it would be imported, and tells of all that happens beside definitions: what
# Python's own audit hears (files, processes, imports, code made of texts), and functions of the text that are called.
EXECUTE = """
import json, sys, torch
torch.zeros(1)
happened, running = [], False
def hear(event, arguments):
    if running and event != "object.__getattr__":  # torch.no_grad looks at what it decorates
        happened.append(event)
def see(frame, event, argument):
    if event == "call" and frame.f_code.co_filename == "model.py" and frame.f_code.co_flags & 1:
        happened.append(frame.f_code.co_name)
sys.addaudithook(hear)
for line in sys.stdin:
    code = compile(json.loads(line), "model.py", "exec")
    happened.clear()
    sys.setprofile(see)
    running = True
    exec(code, {"__name__": "model"})
    running = False
    sys.setprofile(None)
    print(*happened[1:])  # the first is the line above
"""


def happening(texts: Iterable[str], folder: Path) -> list[list[str]]:
    """What happens in `folder` at the import of each text beside definitions, all in one process."""
    command = [sys.executable, "-c", EXECUTE]
    lines = "".join(f"{json.dumps(text)}\n" for text in texts)
    shown = subprocess.run(command, input=lines, capture_output=True, text=True, check=False, cwd=folder)
    assert shown.returncode == 0, shown.stderr
    return [line.split() for line in shown.stdout.split("\n")[:-1]]


def hostile(rng: Random) -> str:
    return "".join(rng.choice(HOSTILE) for _ in range(rng.randint(1, 4)))


def body(text: str) -> str:
    """What follows the docstring, as the parser sees it."""
    tree = ast.parse(text)
    assert tree.body[0].end_lineno is not None
    return "\n".join(text.splitlines()[tree.body[0].end_lineno :])


@pytest.mark.parametrize("times", [40, pytest.param(5000, marks=pytest.mark.long)])
def test_no_name_however_hostile_changes_what_runs(times: int, tmp_path: Path) -> None:
    rng = Random(times)
    texts = []
    plain = [to_python(Architecture(random_genotype(seed), SKELETON)) for seed in range(10)]
    for number in range(times):
        seed = number % len(plain)
        head = {hostile(rng): hostile(rng) for _ in range(3)}
        text = to_python(Architecture(random_genotype(seed), SKELETON), head=head)
        assert text.isascii()
        assert body(text) == body(plain[seed])
        texts.append(text)
    for first in range(0, times, 500):
        some = texts[first : first + 500]
        assert happening(some, tmp_path) == [[]] * len(some)
    assert not list(tmp_path.iterdir())


def test_what_runs_at_an_import_is_heard(tmp_path: Path) -> None:
    text = to_python(Architecture(random_genotype(0), replace(SKELETON, reversible=True)))
    runs = [
        "open('canary', 'w')",
        "__import__('os').mkdir('canary_too')",
        "largest_divisor(2, 2)",
        "class A:\n    x = check_sizes()",
        "import wave",
        "exec('1')",
        "x = 1",
    ]
    found = happening([text, *(f"{text}\n\n{run}\n" for run in runs)], tmp_path)
    assert [bool(each) for each in found] == [False, *[True] * 6, False]
    assert {path.name for path in tmp_path.iterdir()} == {"canary", "canary_too"}


@pytest.mark.parametrize(
    ("addition", "reason"),
    [
        ("import os", "`import os` is not among"),
        ("from os import path", "`from os import path` is not among"),
        ("print(1)", "would run at import"),
        ("x = torch.zeros(1)", "would run at import"),
        ("for i in range(3):\n    i = 1", "would run at import"),
        ("class A(nn.Module):\n    x = open('f')", "would run at import"),
        ("class A(nn.Module, metaclass=B):\n    x = 1", "more than bases with names"),
        ("class A(make()):\n    x = 1", "more than bases with names"),
        ("def f(x=[].append(1)):\n    return x", "default that is no literal"),
        ("@f\ndef f(x):\n    return x", "decorator"),
        ("def f(x: g()):\n    return x\n\n\ndef g():\n    return 1", "an annotation calls something"),
        ("def f():\n    return eval('1')", "nobody defines eval"),
        ("def f(path):\n    return open(path)", "nobody defines open"),
        ("def f(x):\n    setattr(x, '__class__', int)", "nobody defines setattr"),
        ("def f(x):\n    return type('A', (), {})", "nobody defines type"),
        ("def f(x):\n    return type(x)", "nobody defines type"),
        ("def f(x):\n    make = type\n    return make('A', (), {})", "nobody defines type"),
        ("def f(cell):\n    return type(cell, (), {})", "nobody defines type"),
        ("def f(x):\n    return type[open(x)]", "nobody defines open"),
        ("def f(path):\n    return torch.load(path)", "torch.load is not among"),
        ("def f(path):\n    return nn.init.torch.load(path)", "nn.init.torch.load is not among"),
        ("def f(x):\n    return x.__class__", "the attribute __class__ is not among"),
        ("def f(x):\n    return x.numpy().tofile('f')", "the attribute tofile is not among"),
        ("def f(x):\n    return (i for i in x).gi_frame", "the attribute gi_frame is not among"),
        ("def f(x):\n    return '{0.__class__}'.format(x)", "the attribute format is not among"),
        ("def f(x):\n    return math", "nobody defines math"),
        (
            "class A(nn.Module):\n    def __init_subclass__(cls):\n        return 1",
            "__init_subclass__ is called by Python",
        ),
        ("class A(nn.Module):\n    def __class_getitem__(cls, x):\n        return 1", "__class_getitem__ is called by"),
        ("def __getattr__(name):\n    return 1", "__getattr__ is called by Python itself"),
        ("class load_weights:\n    def f(path):\n        return open(path, 'rb')", "nobody defines open"),
        ("def load_weights(path):\n    return open(path, 'w')", "nobody defines open"),
        ("def load_weights(path):\n    read = open\n    return read(path, 'w')", "nobody defines open"),
        ("def f(eval):\n    return eval('1')", "eval is given another meaning"),
        ("def f(torch):\n    return torch", "torch is given another meaning"),
        ("def f(x):\n    return (lambda: x)()", "Lambda is not among"),
        ("async def f():\n    return 1", "AsyncFunctionDef is not among|would run at import"),
        ("def f(:", "this is no Python"),
        ("'\0'", "this is no Python"),
    ],
)
def test_what_exports_do_not_need_is_refused(addition: str, reason: str) -> None:
    text = to_python(Architecture(random_genotype(0), SKELETON))
    with pytest.raises(ForbiddenSyntax, match=reason):
        check_syntax(f"{text}\n\n{addition}\n")
