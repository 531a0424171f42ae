"""The picture of a job's fully trained cells, accuracy over latency, as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from service.domain.front import Interval

WIDTH, HEIGHT = 640, 420
LEFT, RIGHT, TOP, BOTTOM = 62, WIDTH - 20, 64, HEIGHT - 52
MOST_TICKS, LABEL = 7, 20
RED, BLUE, GREY, PALE = "#c00", "#356", "#777", "#ddd"


@dataclass(frozen=True, slots=True)
class Dot:
    """A fully trained cell: its trial, latency in milliseconds, accuracy as a share."""

    number: int
    latency_ms: float
    accuracy: float


def front_picture(
    dots: Sequence[Dot],
    chosen: int,
    latency_ms: Interval,
    accuracy: Interval,
    title: str,
    limit_ms: float | None = None,
) -> str:
    """All cells as dots, those that no faster one beats joined by steps, with their numbers; 640 x 420, text as text.

    The `chosen` trial is red, with the intervals of its latency and accuracy; a limit on latency is dashed.
    """
    front = list(_front(dots))
    across = _Scale([*(dot.latency_ms for dot in dots), *latency_ms], LEFT, RIGHT)
    up = _Scale([100 * share for share in (*(dot.accuracy for dot in dots), *accuracy)], BOTTOM, TOP)
    (mine,) = (dot for dot in dots if dot.number == chosen)
    x, y = across(mine.latency_ms), up(100 * mine.accuracy)
    beyond = limit_ms is None or not across.least <= limit_ms <= across.most
    parts = [
        *_axes(across, up),
        *([] if beyond or limit_ms is None else _limit(across(limit_ms), limit_ms)),
        _path(_steps(front, across, up), BLUE, 1.5),
        *(_dot(dot, across, up, BLUE, 3.5) for dot in dots if dot.number != chosen),
        _path(f"M{across(latency_ms[0]):.1f} {y:.1f}H{across(latency_ms[1]):.1f}", RED, 1),
        _path(f"M{x:.1f} {up(100 * accuracy[0]):.1f}V{up(100 * accuracy[1]):.1f}", RED, 1),
        _dot(mine, across, up, RED, 6),
        *_numbers(front, across, up),
        _text(LEFT, 22, title, size=15),
        _text(LEFT, 42, f"accuracy, % of the validation data; trial {chosen} in red, with its 95 % intervals"),
        _text(
            (LEFT + RIGHT) / 2,
            HEIGHT - 12,
            "latency of one pass, ms; no cell left of the line is as accurate",
            "middle",
        ),
    ]
    body = "\n".join(parts)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>
{body}
</svg>
"""


class _Scale:
    """Maps values to pixels, with a little air on both sides."""

    def __init__(self, values: Sequence[float], low: float, high: float) -> None:
        air = 0.05 * (max(values) - min(values)) or 1.0
        self.least, self.most = min(values) - air, max(values) + air
        self.low, self.high = low, high

    def __call__(self, value: float) -> float:
        return self.low + (self.high - self.low) * (value - self.least) / (self.most - self.least)

    @property
    def ticks(self) -> list[float]:
        """Round values: at most MOST_TICKS multiples of 1, 2 or 5 times a power of ten."""
        rough = (self.most - self.least) / MOST_TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
        return [step * count for count in range(math.ceil(self.least / step), math.floor(self.most / step) + 1)]


def _front(dots: Sequence[Dot]) -> Iterator[Dot]:
    """Those that nothing as fast beats, fastest first; other objectives and limits of a job count for nothing here."""
    highest = -1.0
    for dot in sorted(dots, key=lambda dot: (dot.latency_ms, -dot.accuracy)):
        if dot.accuracy > highest:
            highest = dot.accuracy
            yield dot


def _steps(front: Sequence[Dot], across: _Scale, up: _Scale) -> str:
    """Level until a slower cell is better: nothing lies between two cells."""
    first = front[0]
    steps = "".join(f"H{across(dot.latency_ms):.1f}V{up(100 * dot.accuracy):.1f}" for dot in front[1:])
    return f"M{across(first.latency_ms):.1f} {up(100 * first.accuracy):.1f}{steps}H{RIGHT}"


def _numbers(front: Sequence[Dot], across: _Scale, up: _Scale) -> Iterator[str]:
    """Beside the dots, but where they would lie on each other."""
    last = -math.inf
    for dot in front:
        x = across(dot.latency_ms) - 8
        if x - last >= LABEL:
            last = x
            yield _text(x, up(100 * dot.accuracy) - 7, str(dot.number), "end")


def _axes(across: _Scale, up: _Scale) -> Iterator[str]:
    for tick in across.ticks:
        yield _path(f"M{across(tick):.1f} {TOP}V{BOTTOM}", PALE, 1)
        yield _text(across(tick), BOTTOM + 17, f"{tick:.6g}", "middle")
    for tick in up.ticks:
        yield _path(f"M{LEFT} {up(tick):.1f}H{RIGHT}", PALE, 1)
        yield _text(LEFT - 7, up(tick) + 4, f"{tick:.6g}", "end")
    yield _path(f"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}", "#000", 1)


def _limit(x: float, limit_ms: float) -> Iterator[str]:
    yield f'<path d="M{x:.1f} {TOP}V{BOTTOM}" stroke="{GREY}" stroke-dasharray="5 4"/>'
    yield _text(x - 5, BOTTOM - 6, f"limit {limit_ms:g} ms", "end")


def _dot(dot: Dot, across: _Scale, up: _Scale, colour: str, radius: float) -> str:
    told = f"trial {dot.number}: {dot.accuracy:.4f}, {dot.latency_ms:.3f} ms"
    at = f'cx="{across(dot.latency_ms):.1f}" cy="{up(100 * dot.accuracy):.1f}"'
    return f'<circle {at} r="{radius}" fill="{colour}"><title>{told}</title></circle>'


def _path(steps: str, colour: str, width: float) -> str:
    return f'<path d="{steps}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _text(x: float, y: float, text: str, anchor: str = "start", size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>'
