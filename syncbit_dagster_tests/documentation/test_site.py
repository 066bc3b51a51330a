"""The pages as a site, built as `make site` does it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster_tests.documentation.pages import DOCS, ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAMES = sorted(page.stem for page in DOCS.glob("*.md"))
# What a browser fetches by itself; a link waits for a click.
FETCHED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
# A list, a table or a fence that was taken for a paragraph begins its lines so.
UNREAD = re.compile(r"^\s*(?:[-*] |\d+\. |\|.*\||```)", re.MULTILINE)


class Content(HTMLParser):
    """What a page fetches, and the text of its paragraphs and items, code left out."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.texts: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        address = dict(attrs).get(FETCHED.get(tag, ""))
        if address:
            self.fetched.append(address)
        if tag in {"p", "li"}:
            self.texts.append("")
        if tag in {"p", "li", "code", "pre", "nav"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            del self._open[len(self._open) - 1 - self._open[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in {"p", "li"}:
            self.texts[-1] += data
        elif self._open and self._open[-1] == "code" and self.texts:
            self.texts[-1] += "code"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built with ``--strict``: a page outside of the navigation or a wrong link is an error."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def content_of(page: Path, *, whole: bool) -> Content:
    """Of a page, or of what its Markdown became: without navigation, head and foot."""
    text = page.read_text()
    content = Content()
    content.feed(text if whole else text[text.index("<article") : text.index("</article>")])
    return content


def test_no_page_asks_anything_of_other_servers(site: Path) -> None:
    fetched = {name: content_of(site / f"{name}.html", whole=True).fetched for name in NAMES}
    assert all(fetched.values())
    foreign = ("http:", "https:", "//")
    assert [one for all_ in fetched.values() for one in all_ if one.startswith(foreign)] == []
    styles = [path.read_text() for path in site.rglob("*.css")]
    assert styles
    assert not any(re.search(r"url\(['\"]?(?:https?:)?//", style) for style in styles)
    assert "Getting started" in (site / "index.html").read_text()


def test_lists_tables_and_fences_are_read_as_such(site: Path) -> None:
    texts = {name: content_of(site / f"{name}.html", whole=False).texts for name in NAMES}
    assert all(texts.values())
    assert {name: text for name in NAMES for text in texts[name] if UNREAD.search(text)} == {}
