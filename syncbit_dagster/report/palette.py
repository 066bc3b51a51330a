"""The report's colours: each role once for a light page and once for a dark one.

Figures are made in the light colours. A page that is dark replaces each of them by its partner, so
a light colour belongs to one role only.
"""

from __future__ import annotations

COLOURS: dict[str, tuple[str, str]] = {
    # The page
    "page": ("#f6f6f3", "#0f0f0e"),
    "card": ("#fdfdfc", "#1b1b1a"),
    "edge": ("#e3e2dc", "#2f2f2d"),
    "ink": ("#111110", "#f4f4f1"),
    "soft": ("#52514d", "#c2c1b8"),
    "faint": ("#6e6c64", "#98968d"),
    "grid": ("#ebeae4", "#2a2a28"),
    "link": ("#1e64b9", "#6aabf2"),
    # Lines and bars, in this order
    "blue": ("#2a78d6", "#4a94ea"),
    "orange": ("#e2622b", "#ec7a48"),
    "green": ("#16976a", "#25ab7c"),
    "violet": ("#5a46b8", "#978bec"),
    "amber": ("#c98400", "#d79a1e"),
    "rose": ("#d6487f", "#e2669a"),
    # What has a colour of its own
    "deep": ("#1c4f97", "#3a72bd"),
    "light": ("#7fb0ea", "#8fbdf2"),
    "rem": ("#7a66d0", "#a89cf4"),
    "wake": ("#e9a23b", "#e0a044"),
    "easy": ("#8fbbee", "#5f8fc6"),
    "brisk": ("#f0b429", "#d9a521"),
    "hard": ("#e8743b", "#e67e4a"),
    "hardest": ("#c8324a", "#e0566c"),
    "pale": ("#a9c9f0", "#2f5c92"),
    # From little to much
    "empty": ("#efeee9", "#262624"),
    "much_1": ("#d7e6f8", "#16304f"),
    "much_2": ("#9cc2f0", "#1d4f8a"),
    "much_3": ("#4f92e0", "#2f7acb"),
    "much_4": ("#1f5fb0", "#6fb0f5"),
    "much_5": ("#0d3a75", "#cfe4fc"),
}
LINES = ("blue", "orange", "green", "violet", "amber", "rose")
SCALE = ("much_1", "much_2", "much_3", "much_4", "much_5")

# Label values that mean the same in every report.
_OF_LABEL = {
    **{stage: stage for stage in ("deep", "light", "rem", "wake")},
    "out_of_range": "easy",
    "fat_burn": "brisk",
    "cardio": "hard",
    "peak": "hardest",
    "lightly_active": "easy",
    "fairly_active": "brisk",
    "very_active": "hard",
}


def light(role: str) -> str:
    """The colour of a role on a light page, as figures are made."""
    return COLOURS[role][0]


def of_labels(values: tuple[str, ...], number: int) -> str:
    """The colour of a series with these label values, the ``number``-th of its plot."""
    own = [_OF_LABEL[value] for value in values if value in _OF_LABEL]
    return light(own[0] if own else LINES[number % len(LINES)])


def scale() -> list[list[float | str]]:
    """A plotly colour scale from little to much."""
    return [[n / (len(SCALE) - 1), light(role)] for n, role in enumerate(SCALE)]


def dark_partners() -> dict[str, str]:
    """The dark colour of each light one."""
    return dict(COLOURS.values())


def style() -> str:
    """The colours as CSS variables that follow the reader's preference; paper is light."""

    def variables(column: int) -> str:
        return "".join(f"--{role}:{pair[column]};" for role, pair in COLOURS.items())

    dark = f"@media screen and (prefers-color-scheme:dark){{:root{{{variables(1)}}}}}"
    return f":root{{color-scheme:light dark;{variables(0)}}}\n{dark}"
