"""The syntax that an exported file may consist of, and the check that a text keeps to it."""
# ruff: noqa: SIM905 - words are read more easily than columns of quotes

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator

IMPORTS = frozenset({"import torch", "import torch.nn.functional as F", "from torch import Tensor, nn"})
BUILTINS = frozenset(
    "ValueError abs any bool bytearray enumerate float int isinstance len list max min range reversed set "
    "slice staticmethod str super tuple zip".split()
)
# Reading weights is what `load` is for, and nothing else opens a file.
OPENS = "open(path, 'rb')"
# Of a class that a cell is of another is made, and `type[...]` is an annotation; nothing else is done with `type`.
CLASS_OF = "type(cell)"
FROM_TORCH = frozenset(
    "torch.channels_last "
    "torch.arange torch.autograd.Function torch.autograd.grad torch.cat torch.cdist torch.einsum torch.empty "
    "torch.enable_grad torch.exp torch.float32 torch.frombuffer torch.full torch.int64 torch.linalg.eigh "
    "torch.linalg.qr torch.meshgrid torch.no_grad torch.ones torch.ones_like torch.pi torch.rand torch.randn "
    "torch.randn_like torch.randperm torch.split torch.stack torch.tensor torch.unflatten torch.where torch.zeros "
    "F.avg_pool1d F.avg_pool2d F.avg_pool3d F.conv1d F.conv2d F.conv3d F.linear F.pad F.relu F.softplus F.unfold "
    "nn.AdaptiveAvgPool1d nn.AdaptiveAvgPool2d nn.AdaptiveAvgPool3d "
    "nn.AvgPool1d nn.AvgPool2d nn.AvgPool3d nn.BatchNorm1d nn.BatchNorm2d nn.BatchNorm3d "
    "nn.Conv1d nn.Conv2d nn.Conv3d nn.Dropout nn.ELU nn.Flatten nn.GELU nn.GroupNorm nn.Identity nn.InstanceNorm1d "
    "nn.InstanceNorm2d nn.InstanceNorm3d nn.LayerNorm nn.Linear nn.MaxPool1d nn.MaxPool2d nn.MaxPool3d nn.Module "
    "nn.ModuleList nn.Parameter nn.ReLU nn.Sequential nn.SiLU nn.Sigmoid nn.ZeroPad1d nn.ZeroPad2d nn.init.normal_ "
    "nn.init.zeros_".split()
)
# Of tensors, modules, texts and collections; beside what a file calls its own.
ATTRIBUTES = frozenset(
    "__init__ abs add_module amax any append apply argmax argmin bias clamp clamp_ contiguous copy_ cos count "
    "data decode detach device diagonal div_ dtype endswith eval exp expm1 extend fill_ flatten from_bytes gather "
    "get_parameter get_submodule groups in_channels items kernel_size load_state_dict log mean modules movedim mT "
    "named_children named_parameters nbytes ndim new_zeros num_features numel out_channels out_features parameters "
    "partition permute pop pow read register_buffer register_forward_hook register_parameter remove repeat replace "
    "requires_grad requires_grad_ reshape rsqrt save_for_backward saved_tensors select shape sign softmax split sqrt "
    "square startswith state_dict sum T tanh tensor_split to training transpose unbind unfold uniform_ update var view "
    "view_as weight zero_".split()
)
TAKEN = frozenset({"torch", "F", "nn", "Tensor", *dir(builtins)})
DECORATORS = frozenset({"staticmethod", "torch.no_grad()"})
NODES = frozenset(
    "Add And AnnAssign Assign Attribute AugAssign BinOp BitOr BoolOp Call ClassDef Compare Constant Dict Div Eq Expr "
    "FloorDiv For FormattedValue FunctionDef GeneratorExp Gt GtE If IfExp Import ImportFrom In Is IsNot JoinedStr List "
    "ListComp Load Lt LtE MatMult Mod Module Mult Name Not NotEq NotIn Or Pow Raise Return Set Slice Starred Store Sub "
    "Subscript Tuple USub UnaryOp With alias arg arguments comprehension keyword withitem".split()
)


class ForbiddenSyntax(ValueError):
    """A text that is no export: it holds what no exported file needs; the message says what and where."""


def check_syntax(text: str) -> None:
    """ForbiddenSyntax where `text` is not of allowed syntax alone.

    What keeps to it defines classes, functions and constants when it is imported and runs nothing; it imports torch
    alone, calls of torch what is listed here, of Python's own functions those listed here, reads attributes that
    are listed here or that it defines itself, defines no method that Python calls by itself but `__init__`, and opens
    files to read them in `load_weights` alone.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ForbiddenSyntax(f"this is no Python: {error}") from error
    for node, reason in _forbidden(tree):
        raise ForbiddenSyntax(f"line {getattr(node, 'lineno', 1)}: {reason}")


def _forbidden(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """What is not allowed, with the reason, in no particular order."""
    nodes = list(ast.walk(tree))
    for node in nodes:
        if type(node).__name__ not in NODES:
            yield node, f"{type(node).__name__} is not among the syntax that exports need"
        elif isinstance(node, ast.Import | ast.ImportFrom) and ast.unparse(node) not in IMPORTS:
            yield node, f"`{ast.unparse(node)}` is not among {', '.join(sorted(IMPORTS))}"
    yield from _outside_functions(tree.body, "module")
    yield from _definitions(nodes)
    own = set(_bound(nodes))
    for name in own & TAKEN:
        yield tree, f"{name} is given another meaning"
    known = own | BUILTINS | {"Tensor"}
    attributes = set(_kept(nodes)) | ATTRIBUTES
    for statement in tree.body:
        yield from _names(statement, known | {"open"} if _only_reads(statement) else known, attributes)


def _only_reads(statement: ast.stmt) -> bool:
    """Whether this is the function that reads weights, and all that it opens is the file it was given, to read it."""
    if not isinstance(statement, ast.FunctionDef) or statement.name != "load_weights":
        return False
    calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call) and _dotted(node.func) == "open"]
    named = [node for node in ast.walk(statement) if isinstance(node, ast.Name) and node.id == "open"]
    return len(calls) == len(named) and all(ast.unparse(call) == OPENS for call in calls)


def _outside_functions(body: list[ast.stmt], place: str) -> Iterator[tuple[ast.AST, str]]:
    """Statements that would run at import."""
    for statement in body:
        match statement:
            case ast.FunctionDef():
                continue
            case ast.ClassDef() if place == "module":
                yield from _outside_functions(statement.body, "class")
            case ast.Import() | ast.ImportFrom() if place == "module":
                continue
            case ast.Expr(value=ast.Constant(value=str())) if statement is body[0]:
                continue
            case ast.Assign(targets=[ast.Name()], value=value) if _is_literal(value):
                continue
            case ast.AnnAssign(target=ast.Name(), value=value) if value is None or _is_literal(value):
                continue
            case _:
                yield statement, f"`{ast.unparse(statement)[:60]}` in a {place} would run at import"


def _definitions(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.AST, str]]:
    """What runs when a class or function is defined: bases, decorators, defaults, annotations."""
    for node in nodes:
        match node:
            case ast.ClassDef():
                if node.keywords or node.decorator_list or any(_dotted(base) is None for base in node.bases):
                    yield node, f"class {node.name} has more than bases with names"
            case ast.FunctionDef():
                if node.name.startswith("__") and node.name != "__init__":
                    yield node, f"{node.name} is called by Python itself"
                defaults = [*node.args.defaults, *(default for default in node.args.kw_defaults if default)]
                if not all(map(_is_literal, defaults)):
                    yield node, f"{node.name} has a default that is no literal"
                if any(ast.unparse(decorator) not in DECORATORS for decorator in node.decorator_list):
                    yield node, f"{node.name} has a decorator that is not among {', '.join(DECORATORS)}"
            case ast.arg(annotation=annotation) | ast.AnnAssign(annotation=annotation) if annotation is not None:
                yield from _calls_in(annotation)
        if isinstance(node, ast.FunctionDef) and node.returns is not None:
            yield from _calls_in(node.returns)


def _calls_in(annotation: ast.expr) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(annotation):
        if isinstance(node, ast.Call):
            yield node, "an annotation calls something"


def _names(tree: ast.AST, known: set[str], attributes: set[str]) -> Iterator[tuple[ast.AST, str]]:
    """Names and attributes that nobody defines here, and parts of torch that are not listed."""
    unread = [tree]
    while unread:
        node = unread.pop()
        if isinstance(node, ast.Import | ast.ImportFrom) or _is_class_of(node):
            continue
        if isinstance(node, ast.Subscript) and _dotted(node.value) == "type":
            node = node.slice
        dotted = _dotted(node)
        if dotted is not None and dotted.partition(".")[0] in {"torch", "F", "nn"}:
            if dotted not in FROM_TORCH:
                yield node, f"{dotted} is not among what exports need of torch"
            continue
        if isinstance(node, ast.Name) and node.id not in known:
            yield node, f"nobody defines {node.id}"
        if isinstance(node, ast.Attribute) and node.attr not in attributes:
            yield node, f"the attribute {node.attr} is not among what exports need"
        unread += ast.iter_child_nodes(node)


def _is_class_of(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _dotted(node.func) == "type" and ast.unparse(node) == CLASS_OF


def _kept(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Every attribute that the text gives a meaning: members of classes, what is set, and what a module is to keep."""
    for node in nodes:
        match node:
            case ast.FunctionDef(name=name):
                yield name
            case ast.ClassDef(body=body):
                constants = [child for child in body if isinstance(child, ast.Assign | ast.AnnAssign)]
                yield from _bound(node for child in constants for node in ast.walk(child))
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.Call(func=ast.Attribute(attr="register_buffer"), args=[ast.Constant(value=str(name)), *_]):
                yield name


def _bound(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Every name that the text gives a meaning."""
    for node in nodes:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name


def _dotted(node: ast.AST) -> str | None:
    """`a.b.c` where that is all that `node` is."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return None if before is None else f"{before}.{node.attr}"
    return None


def _is_literal(value: ast.expr) -> bool:
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError):
        return False
    return True
