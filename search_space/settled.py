"""Source in which what is settled for one network is written as what it comes to."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from textwrap import dedent, indent, wrap
from typing import Any, TypeAlias

from search_space.axes_source import joined

_WIDTH = 120
_IN_CLASS = 4  # spaces before what stands in a class itself
_UNKNOWN: Any = object()
_OPERATIONS: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Pow: operator.pow,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda one, other: one in other,
    ast.NotIn: lambda one, other: one not in other,
}
Edit: TypeAlias = tuple[int, int, str]
"""The first line and the line after the last that are replaced, counted from 0, and what comes in their place."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What is known of a network, whatever its sizes.

    Of the definitions in `given`, parameters that are not named there have the value they have in `constants`, or else
    their defaults. `variables` and `attributes` have one value; so have `parameters`, which nothing takes and passes on
    any more. Attributes that `pass_on` are modules that return what they are called with; variables that `are` of a
    class are of no other; what is `gone`, classes and methods and attributes, is used nowhere.
    """

    given: Mapping[str, frozenset[str]] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    pass_on: frozenset[str] = frozenset()
    are: Mapping[str, str] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()

    def __hash__(self) -> int:
        of_values = (self.given, self.constants, self.variables, self.attributes, self.parameters, self.are)
        return hash((self.pass_on, self.gone, *map(frozenset, of_values)))

    def written(self, text: str) -> str:
        """The text of one definition, with branches that are never taken left out; formatted as it was."""
        return _written(text, self)


NOTHING = Settled()


@lru_cache(4096)
def _written(text: str, settled: Settled) -> str:
    names: dict[str, Any] = {}
    definition = ast.parse(text).body[0]
    is_class = isinstance(definition, ast.ClassDef)
    if isinstance(definition, ast.ClassDef):
        options: dict[str, Any] = {}
        chosen: dict[str, Any] = {}
        if definition.name in settled.given:
            options = _options(definition)
            chosen = {name: value for name, value in settled.constants.items() if name in options}
            names = {name: (options | chosen)[name] for name in options.keys() - settled.given[definition.name]}
        unused = names.keys() | settled.attributes.keys() | settled.parameters.keys() | settled.gone
        chosen |= {name: value for name, value in names.items() if isinstance(value, bool)}
        text = _without_sentences(text, definition, options.keys() | unused, unused, chosen)
    known = names | dict(settled.parameters) | dict(settled.variables if names else {})
    folding = _Folding(settled, known, is_class)
    while (edited := folding.once(text)) is not None:
        text = edited
    return joined(text)


def _options(definition: ast.ClassDef) -> dict[str, Any]:
    """The parameters of a class that have defaults, with these."""
    start = next(part for part in definition.body if isinstance(part, ast.FunctionDef) and part.name == "__init__")
    return {name: ast.literal_eval(default) for name, default in _defaults(start.args)}


def _defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    positional = [argument.arg for argument in arguments.args][len(arguments.args) - len(arguments.defaults) :]
    yield from zip(positional, arguments.defaults, strict=True)
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if default is not None:
            yield argument.arg, default


class _Folding:
    """What is known in one definition, and the steps in which its text becomes shorter."""

    def __init__(self, settled: Settled, names: Mapping[str, Any], is_class: bool) -> None:
        self.settled = settled
        self.names = names
        self.is_class = is_class

    def once(self, text: str) -> str | None:
        """The text after one step; None where there is none left to take."""
        lines = text.splitlines()
        for node in _walk(ast.parse(text)):
            if isinstance(node, ast.stmt):
                edit = self.of_statement(node, lines)
                if edit is not None:
                    first, last, instead = edit
                    return "\n".join([*lines[:first], *([instead] if instead else []), *lines[last:]])
            if isinstance(node, ast.expr):
                shorter = self.of_expression(node, text)
                if shorter is not None:
                    return _replaced(lines, node, shorter)
        return None

    def of_statement(self, node: ast.stmt, lines: list[str]) -> Edit | None:
        """The edit of whole lines that a statement needs, if any."""
        match node:
            case ast.Assign(targets=[target]) | ast.AnnAssign(target=target) if self.keeps(target):
                return _deleted(node, lines)
            case ast.FunctionDef(name=name) if name in self.settled.gone:
                return _deleted(node, lines)
            case ast.FunctionDef(args=arguments, body=body):
                ends = next(part.end_lineno or 0 for part in body if isinstance(part, ast.Return) or part is body[-1])
                if ends != body[-1].end_lineno:
                    return ends, body[-1].end_lineno or ends, ""
                return self.without_parameter(arguments, lines)
            case ast.If(test=test) if (met := self.value(test)) is not _UNKNOWN:
                return _decided(node, lines) if met else _refused(node, lines)
        return None

    def keeps(self, target: ast.expr) -> bool:
        """Whether a statement gives something its value that is settled, or that nothing reads."""
        known = self.settled
        match target:
            case ast.Attribute(attr=name):
                return name in known.attributes or name in known.pass_on or name in known.gone
            case ast.Name(id=name) if self.is_class and target.col_offset == _IN_CLASS:
                return name in known.attributes or name in known.gone
            case ast.Name(id=name):
                return name in self.names
        return False

    def without_parameter(self, arguments: ast.arguments, lines: list[str]) -> Edit | None:
        """The edit that takes a parameter away."""
        of_name = dict(_defaults(arguments))
        for argument in [*arguments.args, *arguments.kwonlyargs]:
            has_default = argument.arg in of_name
            if argument.arg in self.settled.parameters or (has_default and argument.arg in self.names):
                number, end = argument.lineno - 1, (of_name.get(argument.arg) or argument).end_col_offset
                line = lines[number]
                if line.strip() == f"{line[argument.col_offset : end]},":
                    return number, number + 1, ""
                return number, number + 1, line[: argument.col_offset].removesuffix(", ") + line[end:]
        return None

    def of_expression(self, node: ast.expr, text: str) -> str | None:
        """What an expression is written as in place of what it was, if anything."""
        match node:
            case ast.Call(func=called, args=passed, keywords=[]) if any(map(self.is_passed_on, passed)):
                return f"{ast.get_source_segment(text, called)}({self.others(passed, text)})"
            case ast.Tuple(elts=passed) if any(map(self.is_passed_on, passed)):
                return f"({self.others(passed, text)})"
            case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Name(id=name)) if name in self.settled.gone:
                return ast.get_source_segment(text, left)
            case ast.BinOp(left=ast.Name(id=name), op=ast.BitOr(), right=right) if name in self.settled.gone:
                return ast.get_source_segment(text, right)
            case ast.Name(ctx=ast.Store()) | ast.Constant() | ast.Tuple() | ast.UnaryOp(op=ast.USub()):
                return None
        value = self.value(node)
        if value is not _UNKNOWN and not isinstance(value, range | frozenset):
            return f'"{value}"' if isinstance(value, str) else repr(value)
        match node:
            case ast.ListComp(generators=[loop]) if self.value(loop.iter) == range(0):
                return "[]"
            case ast.IfExp(test=test, body=body, orelse=orelse) if (met := self.value(test)) is not _UNKNOWN:
                return ast.get_source_segment(text, body if met else orelse)
            case ast.BoolOp(op=joins, values=operands):
                neutral = isinstance(joins, ast.And)
                kept = [operand for operand in operands if self.value(operand) is not neutral]
                if len(kept) < len(operands):
                    word = " and " if neutral else " or "
                    return word.join(ast.get_source_segment(text, operand) or "" for operand in kept)
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right) if self.value(right) in (0, False):
                return ast.get_source_segment(text, left)
            case ast.Call(func=ast.Attribute(attr=name) | ast.Subscript(value=ast.Attribute(attr=name)), args=[only]):
                return ast.get_source_segment(text, only) if name in self.settled.pass_on else None
        return None

    def is_passed_on(self, node: ast.expr) -> bool:
        """Whether it is one of the parameters that nothing takes any more."""
        return isinstance(node, ast.Name) and node.id in self.settled.parameters

    def others(self, passed: list[ast.expr], text: str) -> str:
        """What is passed beside such parameters."""
        kept = [argument for argument in passed if not self.is_passed_on(argument)]
        return ", ".join(ast.get_source_segment(text, argument) or "" for argument in kept)

    def value(self, node: ast.expr) -> Any:
        """What an expression comes to; _UNKNOWN where that is not settled."""
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self.names.get(name, _UNKNOWN)
            case ast.Attribute(attr=name):
                return self.settled.attributes.get(name, _UNKNOWN)
            case ast.Tuple(elts=elements):
                values = [self.value(element) for element in elements]
                return _UNKNOWN if _UNKNOWN in values else tuple(values)
            case ast.UnaryOp(op=ast.Not() | ast.USub() as sign, operand=operand):
                value = self.value(operand)
                return value if value is _UNKNOWN else -value if isinstance(sign, ast.USub) else not value
            case ast.BoolOp(op=joins, values=operands):
                decisive, values = isinstance(joins, ast.Or), []
                for operand in operands:  # what comes after a decisive one need not come to anything
                    values.append(self.value(operand))
                    if values[-1] is not _UNKNOWN and bool(values[-1]) is decisive:
                        return decisive
                return _UNKNOWN if _UNKNOWN in values else not decisive
            case ast.BinOp(left=left, op=operation, right=right):
                return _computed(operation, self.value(left), self.value(right))
            case ast.Compare(left=left, ops=operations, comparators=others):
                sides = [self.value(side) for side in (left, *others)]
                results = [_computed(*each) for each in zip(operations, sides, sides[1:], strict=False)]
                return _UNKNOWN if _UNKNOWN in results else all(results)
            case ast.Call(func=ast.Name(id="range"), args=arguments):
                values = [self.value(argument) for argument in arguments]
                return _UNKNOWN if _UNKNOWN in values else range(*values)
            case ast.Call(func=ast.Name(id="isinstance"), args=[_, ast.Name(id=name)]) if name in self.settled.gone:
                return False
            case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=variable), ast.Name(id=name)]):
                return True if self.settled.are.get(variable) == name else _UNKNOWN
        return _UNKNOWN


def _computed(operation: ast.AST, left: Any, right: Any) -> Any:
    if right == frozenset() and isinstance(operation, ast.In | ast.NotIn):
        return isinstance(operation, ast.NotIn)
    if left is _UNKNOWN or right is _UNKNOWN or type(operation) not in _OPERATIONS:
        return _UNKNOWN
    return _OPERATIONS[type(operation)](left, right)


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node before those in it, but nothing that is in a text: Python 3.11 does not know where that stands."""
    waiting = [tree]
    for node in waiting:
        yield node
        if not isinstance(node, ast.JoinedStr):
            waiting.extend(ast.iter_child_nodes(node))


def _replaced(lines: list[str], node: ast.expr, instead: str) -> str:
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    written = lines[first][: node.col_offset] + instead + lines[last][node.end_col_offset :]
    return "\n".join([*lines[:first], written, *lines[last + 1 :]])


def _deleted(node: ast.stmt, lines: list[str]) -> Edit:
    """The edit that takes a statement away, with the comment above it and a blank line that would be one too many."""
    first, last = node.lineno - 1, node.end_lineno or node.lineno
    while lines[first - 1].lstrip().startswith("#"):
        first -= 1
    if not lines[first - 1].strip() and (last == len(lines) or not lines[last].strip()):
        first -= 1
    return first, last, ""


def _decided(node: ast.If, lines: list[str]) -> Edit:
    """The edit that leaves of an `if` what is done where its test is met."""
    first, last = node.lineno - 1, node.end_lineno or node.lineno
    body = _block(node.test, node.body, lines)
    if lines[first].lstrip().startswith("elif"):
        return first, last, f"{' ' * node.col_offset}else:\n{body}"
    return first, last, indent(dedent(body), " " * node.col_offset)


def _refused(node: ast.If, lines: list[str]) -> Edit:
    """The edit that leaves of an `if` what is done where its test is not met."""
    first, last = node.lineno - 1, node.end_lineno or node.lineno
    if not node.orelse:
        return (first, last, "") if lines[first].lstrip().startswith("elif") else _deleted(node, lines)
    begins = node.body[-1].end_lineno or last
    rest = "\n".join(lines[begins:last])
    if lines[first].lstrip().startswith("elif"):
        return first, last, rest
    if rest.lstrip().startswith("elif"):
        return first, last, rest.replace("elif", "if", 1)
    return first, last, indent(dedent(rest.partition("else:\n")[2]), " " * node.col_offset)


def _block(test: ast.expr, body: list[ast.stmt], lines: list[str]) -> str:
    """The lines under a test, with the comments among them."""
    begins = (test.end_lineno or test.lineno) - 1
    while not lines[begins].endswith(":"):
        begins += 1
    return "\n".join(lines[begins + 1 : body[-1].end_lineno])


def _without_sentences(
    text: str, definition: ast.ClassDef, options: Iterable[str], unused: Iterable[str], chosen: Mapping[str, Any]
) -> str:
    """Without the sentences of a docstring that are about options, none of which is used.

    What is said of an option that was chosen once and for all is said without it.
    """
    docstring = definition.body[0]
    told = ast.get_docstring(definition)
    assert told is not None
    paragraphs = []
    for paragraph in told.split("\n\n"):
        # What is broken over two lines is one sentence all the same.
        sentences = re.split(r"(?<=\.) (?=[A-Z(`])", " ".join(paragraph.split()))
        said = [_as_chosen(sentence, chosen) for sentence in sentences]
        kept = " ".join(sentence for sentence in said if not _is_about(sentence, options, unused))
        shorter = wrap(kept, _WIDTH - _IN_CLASS, break_long_words=False, break_on_hyphens=False)
        paragraphs.append(paragraph if kept == " ".join(sentences) else "\n".join(shorter))
    if "\n\n".join(paragraphs) == told:
        return text
    written = indent("\n\n".join(filter(None, paragraphs)), "    ").lstrip()
    ends = "\n    " if "\n" in written else ""
    lines = text.splitlines()
    lines[docstring.lineno - 1 : docstring.end_lineno] = [f'    """{written}{ends}"""']
    return "\n".join(lines)


def _as_chosen(sentence: str, chosen: Mapping[str, Any]) -> str:
    """A sentence as it is where options have these values: with one, without it, or with so many."""
    for name, value in chosen.items():
        if value is True:
            sentence = re.sub(rf"^With `{name}`, (.)", lambda first: first[1].upper(), sentence)
        elif value is False:
            sentence = re.sub(rf" without `{name}`(?=\.$)", "", sentence)
        else:
            sentence = sentence.replace(f"`{name}`", str(value))
    return sentence


def _is_about(sentence: str, options: Iterable[str], unused: Iterable[str]) -> bool:
    named = set(re.findall(r"`(\w+)`", sentence)) & set(options)
    return bool(named) and named <= set(unused)
