"""The page: one HTML file that holds everything it needs, and whose policy forbids any request."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plotly.offline import get_plotlyjs

from syncbit_dagster.report import palette, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.report.key_figures import KeyFigure
    from syncbit_dagster.report.numbers import Table

STATIC = Path(__file__).parent / "static"
# The browser itself holds the page to its promise; inline scripts and styles are the page's own.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)
NO_SCRIPT = (
    '<noscript><p class="plain">This page draws its plots with a script of its own, which is '
    "turned off here; all numbers are in the tables.</p></noscript>"
)


@dataclass(frozen=True)
class Head:
    """What stands above everything: whose days, which, and how many of them are known."""

    period: str
    account: str
    known: str
    figures: tuple[KeyFigure, ...]


@dataclass(frozen=True)
class Shown:
    """A plot on the page: its words, and its figure as plotly JSON."""

    title: str
    unit: str
    caption: str
    figure: Any
    is_wide: bool


@dataclass(frozen=True)
class Section:
    """A chapter on the page."""

    title: str
    plots: tuple[Shown, ...]
    tables: Sequence[Table]


def page(head: Head, sections: Sequence[Section], foot: str) -> str:
    """The whole file."""
    figures = {
        f"{_anchor(section.title)}-{number}": plot.figure.to_json()
        for section in sections
        for number, plot in enumerate(section.plots)
    }
    body = [
        _header(head, sections),
        "<main>",
        NO_SCRIPT,
        *map(_section, sections),
        "</main>",
        f"<footer>{escape(foot)}</footer>",
        _data("figures", json.dumps(figures)),
        _data("dark", json.dumps(palette.dark_partners())),
        _data("library", packed_library()),
        f"<script>{(STATIC / 'page.js').read_text()}</script>",
    ]
    return "\n".join([*_top(head), "<body>", *body, "</body>", "</html>", ""])


@lru_cache(maxsize=1)
def packed_library() -> str:
    """plotly.js, compressed: a third of its size."""
    return base64.b64encode(gzip.compress(get_plotlyjs().encode(), 9, mtime=0)).decode()


def _top(head: Head) -> list[str]:
    return [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        '<meta name="referrer" content="no-referrer">',
        '<link rel="icon" href="data:,">',
        f"<title>{escape(head.period)} - health report</title>",
        f"<style>{palette.style()}\n{(STATIC / 'page.css').read_text()}</style>",
        "</head>",
    ]


def _header(head: Head, sections: Sequence[Section]) -> str:
    links = "".join(
        f'<a href="#{_anchor(section.title)}">{escape(section.title)}</a>' for section in sections
    )
    tiles = "".join(map(_tile, head.figures))
    return (
        f'<header><p class="over">{escape(head.account)}</p><h1>{escape(head.period)}</h1>'
        f'<p class="under">{escape(head.known)}</p>'
        f'<dl class="tiles">{tiles}</dl>'
        f'<nav aria-label="Chapters">{links}</nav></header>'
    )


def _tile(figure: KeyFigure) -> str:
    days = f"{figure.days:,} of {words.count(figure.of_days, 'day')}"
    return (
        f'<div><dt>{escape(figure.name)}</dt><dd class="value">{_small_units(figure.text)}</dd>'
        f'<dd class="change">{escape(figure.change)}</dd><dd class="days">{days}</dd></div>'
    )


def _small_units(text: str) -> str:
    """Numbers large, the words between them small."""
    return " ".join(
        escape(word) if any(map(str.isdigit, word)) else f"<small>{escape(word)}</small>"
        for word in text.split(words.NO_BREAK)
    )


def _section(section: Section) -> str:
    anchor = _anchor(section.title)
    wide = filled([plot.is_wide for plot in section.plots])
    plots = "".join(
        _plot(f"{anchor}-{n}", plot, is_wide=wide[n]) for n, plot in enumerate(section.plots)
    )
    tables = "".join(map(_table, section.tables))
    numbers = f"<details><summary>Numbers</summary>{tables}</details>" if tables else ""
    return (
        f'<section id="{anchor}" aria-labelledby="{anchor}-title">'
        f'<h2 id="{anchor}-title">{escape(section.title)}</h2>'
        f'<div class="plots">{plots}</div>{numbers}</section>'
    )


def filled(wide: Sequence[bool]) -> list[bool]:
    """Which plots take a whole row of two: those that want it, and who has nobody beside it."""
    result: list[bool] = []
    waits = False  # for one on its right
    for is_wide in wide:
        if is_wide and waits:
            result[-1] = True
        waits = not is_wide and not waits
        result.append(is_wide)
    if waits:
        result[-1] = True
    return result


def _plot(identity: str, plot: Shown, *, is_wide: bool) -> str:
    unit = f" <small>{escape(plot.unit)}</small>" if plot.unit else ""
    height = int(plot.figure.layout.height)
    said = f"{plot.title}. {plot.caption}"
    return (
        f"<figure{' class=wide' if is_wide else ''}><h3>{escape(plot.title)}{unit}</h3>"
        f"<figcaption>{escape(plot.caption)}</figcaption>"
        f'<div class="plot" id="{identity}" role="img" aria-label="{escape(said)}" '
        f'style="height:{height}px"></div></figure>'
    )


def _table(table: Table) -> str:
    title, heads, rows = table
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + "</tr>"
        for first, *cells in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(title)}"><table>'
        f"<caption>{escape(title)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _data(identity: str, text: str) -> str:
    """A block that no browser executes; a ``<`` in it could end it."""
    safe = text.replace("<", "\\u003c")
    return f'<script type="application/json" id="{identity}">{safe}</script>'


def _anchor(title: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in title.lower()).split())
