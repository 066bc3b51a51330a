"""Plain tables for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def print_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under a header; numbers to the right, text to the left."""
    cells = [list(header)]
    for row in rows:
        cells.append([f"{one:,}" if isinstance(one, int) else str(one) for one in row])
        is_number = [isinstance(one, int) for one in row]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        print(
            "  ".join(
                text.rjust(width) if number else text.ljust(width)
                for text, width, number in zip(line, widths, is_number, strict=True)
            ).rstrip()
        )
