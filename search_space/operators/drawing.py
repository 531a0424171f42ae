"""Small drawings of operators, from x to y, in characters."""

from __future__ import annotations

from collections.abc import Sequence


def chain(*steps: str) -> str:
    """One step after the other: x ─ ReLU ─ 1x1 ─ norm ─ y."""
    return " ─ ".join(["x", *steps, "y"])


def residual(*steps: str) -> str:
    """The steps, and a line around them."""
    above = " ─ ".join(steps)
    return f"x ─┬─ {above} ─┬─ + ─ y\n   └──{'─' * len(above)}──┘"


def branches(before: Sequence[str], between: Sequence[Sequence[str]], after: Sequence[str]) -> str:
    """Steps, then rows of steps side by side, then what joins them and goes on."""
    start = " ─ ".join(["x", *before]) + " ─"
    rows = [" ─ ".join(["", *steps, ""]).strip() for steps in between]
    width = max(len(row) for row in rows)
    lines = []
    for number, row in enumerate(rows):
        left, right = ("┬", "┬") if number == 0 else ("└", "┘") if number == len(rows) - 1 else ("├", "┤")
        lead = start if number == 0 else " " * len(start)
        lines.append(f"{lead}{left}{row}{'─' * (width - len(row))}{right}")
    lines[0] += "─ " + " ─ ".join([*after, "y"])
    return "\n".join(lines)
