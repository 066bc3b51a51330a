"""A plot small enough for Dagster's event table: a line as SVG inside a Markdown image.

Dagster shows Markdown of fewer than 1,000 characters inline and hides longer behind a dialog; every
partition's event stores its own. No plotting library makes a picture of 700 bytes.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

WIDTH, HEIGHT, MARGIN = 240, 40, 4
MOST_POINTS = 40
INLINE_CHARACTERS = 1_000


def sparkline(
    positions: npt.NDArray[np.float64], values: npt.NDArray[np.float64], title: str
) -> str:
    """A Markdown image of values over their positions.

    Args:
        positions: where each value lies, as a fraction of the plotted time (0 to 1), ascending.
        values: finite numbers, one a position.
        title: alternative text; keep it short.

    Returns:
        Markdown of fewer than :data:`INLINE_CHARACTERS` characters; empty for no values.
    """
    if not len(values):
        return ""
    x, y = _thinned(positions, values)
    low, high = float(y.min()), float(y.max())
    span = (high - low) or 1.0
    xs = MARGIN + x * (WIDTH - 2 * MARGIN)
    ys = HEIGHT - MARGIN - (y - low) / span * (HEIGHT - 2 * MARGIN)
    points = " ".join(f"{a:.0f},{b:.0f}" for a, b in zip(xs, ys, strict=True))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH + 50}" height="{HEIGHT}">'
        f'<polyline fill="none" stroke="#4f43dd" stroke-width="1.5" points="{points}"/>'
        '<g style="font:10px sans-serif" fill="#888">'
        f'<text x="{WIDTH}" y="10">{_short(high)}</text>'
        f'<text x="{WIDTH}" y="{HEIGHT - 2}">{_short(low)}</text></g></svg>'
    )
    data = base64.b64encode(svg.encode()).decode()
    return f"![{title}](data:image/svg+xml;base64,{data})"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _thinned(
    positions: npt.NDArray[np.float64], values: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """At most :data:`MOST_POINTS` points: the mean of each equal stretch that holds any."""
    if len(values) <= MOST_POINTS:
        return positions, values
    stretch = np.minimum((positions * MOST_POINTS).astype(int), MOST_POINTS - 1)
    counts = np.bincount(stretch, minlength=MOST_POINTS)
    filled = counts > 0
    sums = np.bincount(stretch, weights=values, minlength=MOST_POINTS)
    middles = (np.arange(MOST_POINTS) + 0.5) / MOST_POINTS
    return middles[filled], sums[filled] / counts[filled]
