"""What the site's Markdown wants otherwise than GitHub's, changed while the site is built."""

from __future__ import annotations

import re
from itertools import groupby

_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]*\)")


def on_page_markdown(markdown: str, **_: object) -> str:
    """Lists and links as the site can show them.

    What belongs to an item of a numbered list is indented by 4 spaces instead of 3. A link to a
    file outside of the pages keeps its words alone.
    """
    blocks = re.split(r"(^ *```[\s\S]*?^ *```$)", markdown, flags=re.MULTILINE)
    return "".join(map(_indented, blocks))


def _indented(block: str) -> str:
    """A fenced block as a whole; of other text each stretch of lines with 3 spaces."""
    if block.lstrip(" ").startswith("```"):
        return re.sub(r"^(?=   )", " ", block, flags=re.MULTILINE) if _has_three(block) else block
    lines = _OUTSIDE.sub(r"\1", block).splitlines(keepends=True)
    return "".join(
        "".join(f" {line}" if is_nested else line for line in stretch)
        for is_nested, stretch in groupby(lines, key=_has_three)
    )


def _has_three(text: str) -> bool:
    return re.match(r"   (?! )", text) is not None
