"""The picture of a job's fully trained cells, accuracy over latency, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, MARGIN = 640, 400, 60


def front_picture(points: Sequence[tuple[int, float, float]], chosen: int, title: str) -> str:
    """Each trial's number, latency and accuracy as a dot, the `chosen` red; 640 x 400, black on white, text as text."""
    latencies, accuracies = [x for _, x, _ in points], [y for _, _, y in points]
    best = sorted((x, -y) for _, x, y in points)
    steps, highest = [], -1.0
    for x, y in best:
        if -y > highest:
            highest = -y
            steps.append((x, highest))
    across, up = _Scale(latencies, MARGIN, WIDTH - 20), _Scale(accuracies, HEIGHT - MARGIN, 40)
    line = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in steps)
    dots = "\n".join(
        f'<circle cx="{across(x):.1f}" cy="{up(y):.1f}" r="{6 if number == chosen else 3}" '
        f'fill="{"#c00" if number == chosen else "#356"}"><title>trial {number}: {y:.4f}, {x:.3f} ms</title></circle>'
        for number, x, y in points
    )
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">
<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>
<text x="{MARGIN}" y="24" font-size="15">{escape(title)}</text>
<path d="M{MARGIN} 40V{HEIGHT - MARGIN}H{WIDTH - 20}" fill="none" stroke="#000"/>
<text x="{MARGIN - 6}" y="{up(max(accuracies)):.1f}" text-anchor="end">{max(accuracies):.3f}</text>
<text x="{MARGIN - 6}" y="{up(min(accuracies)):.1f}" text-anchor="end">{min(accuracies):.3f}</text>
<text x="{across(min(latencies)):.1f}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">{min(latencies):.3g}</text>
<text x="{across(max(latencies)):.1f}" y="{HEIGHT - MARGIN + 18}" text-anchor="end">{max(latencies):.3g}</text>
<text x="{WIDTH / 2}" y="{HEIGHT - 12}" text-anchor="middle">latency in ms: accuracy rises upwards</text>
<polyline points="{line}" fill="none" stroke="#789"/>
{dots}
</svg>
"""


class _Scale:
    """Maps values to pixels, the lowest to `low` and the highest to `high`, with a little air on both sides."""

    def __init__(self, values: Sequence[float], low: float, high: float) -> None:
        self.least, self.span = min(values), (max(values) - min(values)) or 1.0
        self.low, self.high = low + 0.05 * (high - low), high - 0.05 * (high - low)

    def __call__(self, value: float) -> float:
        return self.low + (self.high - self.low) * (value - self.least) / self.span
