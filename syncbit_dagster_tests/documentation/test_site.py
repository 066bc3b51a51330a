"""The pages as a site, built as `make site` does it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster_tests.documentation.pages import DOCS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

NAMES = sorted(page.stem for page in DOCS.glob("*.md"))
# What a browser fetches by itself; a link waits for a click.
FETCHED = re.compile(r'<(?:script|img|iframe|source|link)\b[^>]*? (?:src|href)="([^"]+)"')
TEXT = re.compile(r"<(p|li)>(.*?)</\1>", re.DOTALL)
CODE = re.compile(r"<(pre|code)\b.*?</\1>", re.DOTALL)
# A list, a table or a fence that was taken for a paragraph begins its lines so.
UNREAD = re.compile(r"^\s*(?:[-*] |\d+\. |\|.*\||```)", re.MULTILINE)


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


def test_no_page_asks_anything_of_other_servers(site: Path) -> None:
    for name in NAMES:
        fetched = FETCHED.findall((site / f"{name}.html").read_text())
        assert fetched, name
        assert [one for one in fetched if one.startswith(("http:", "https:", "//"))] == [], name
    styles = [path.read_text() for path in site.rglob("*.css")]
    assert styles
    assert not any(re.search(r"url\(['\"]?(?:https?:)?//", style) for style in styles)
    assert "Getting started" in (site / "index.html").read_text()


def test_lists_tables_and_fences_are_read_as_such(site: Path) -> None:
    for name in NAMES:
        page = (site / f"{name}.html").read_text()
        article = page[page.index("<article") : page.index("</article>")]
        texts = [text for _, text in TEXT.findall(CODE.sub("code", article))]
        assert texts, name
        assert [text for text in texts if UNREAD.search(text)] == [], name
