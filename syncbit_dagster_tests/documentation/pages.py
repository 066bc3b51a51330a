"""What the pages hold: headings, links, fenced blocks."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
SHELLS = ("bash", "console", "sh")

_FENCE = re.compile(r"^( *)```([a-z]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")


@dataclass(frozen=True)
class Block:
    """A fenced block, and the heading that it stands under."""

    page: str
    heading: str
    language: str
    text: str


def blocks(page: Path, *languages: str) -> list[Block]:
    """The fenced blocks of a page in these languages, in order."""
    text = page.read_text()
    found = []
    for fence in _FENCE.finditer(text):
        if fence[2] in languages:
            above = headings(text[: fence.start()])
            found.append(Block(page.name, above[-1] if above else "", fence[2], dedent(fence[3])))
    return found


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", text)


def headings(text: str) -> list[str]:
    """The headings of a page's text, in order."""
    return re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Where a link into a page can point to, as GitHub and the site name its headings."""
    found: set[str] = set()
    seen: Counter[str] = Counter()
    for heading in headings(page.read_text()):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def links(page: Path) -> list[str]:
    """The targets of all links and pictures of a page."""
    text = _CODE.sub("", prose(page.read_text()))
    return re.findall(r"\]\(([^)\s]+)\)", text)


def commands(block: Block) -> list[str]:
    """The command lines of a block of a shell, without comments and prompts, on one line each."""
    joined = re.sub(r"\\\n\s*", "", block.text)
    lines = [line.strip() for line in joined.splitlines()]
    if block.language == "console":  # lines without a prompt are output
        lines = [line.removeprefix("$").strip() for line in lines if line.startswith("$")]
    plain = (re.sub(r"\s+# .*$", "", line) for line in lines)
    return [line for line in plain if line and not line.startswith("#")]
