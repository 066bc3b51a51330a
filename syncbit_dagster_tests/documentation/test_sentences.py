"""The sentences that ``troubleshooting.md`` quotes, against those that the program can say."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from syncbit_dagster.sources.google_health import refusals
from syncbit_dagster.sources.oauth import consent, token_endpoint
from syncbit_dagster_tests.documentation.pages import DOCS, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (DOCS / "troubleshooting.md").read_text()
TABLE = re.compile(r"^\| you read \|.*\n\|---.*\n((?:\|.*\n)+)", re.MULTILINE)
QUOTE = re.compile(r"^\| `(.+?)` \|", re.MULTILINE)
QUOTED = [quote for table in TABLE.findall(PAGE) for quote in QUOTE.findall(table)]
DIFFERS = "\0"  # where a sentence has a value


def sentences() -> Iterator[str]:
    """Every text of the package, with ``DIFFERS`` in place of the values in it."""
    for path in sorted((ROOT / "syncbit_dagster").rglob("*.py")):
        if "emulator" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.JoinedStr):
                    parts = (getattr(part, "value", None) for part in node.values)
                    yield "".join(part if isinstance(part, str) else DIFFERS for part in parts)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield re.sub(r"%[sdo]|\{\w+\}", DIFFERS, node.value)


def test_a_quoted_sentence_is_one_that_the_program_says() -> None:
    """Each ``...`` of a quote is at least one value."""
    said = list(sentences())

    def is_said(quote: str) -> bool:
        pieces = [re.escape(piece) for piece in quote.split("...")]
        pattern = re.compile(f"[^\n]*{DIFFERS}[^\n]*".join(pieces))
        return any(pattern.search(sentence) for sentence in said)

    assert [quote for quote in QUOTED if not is_said(quote)] == []
    assert not any(map(is_said, ["No token at ...", "access_rejected", "Cannot ... listen"]))
    rows = [row for table in TABLE.findall(PAGE) for row in table.splitlines()]
    assert len(rows) == len(QUOTED) == len(set(QUOTED)) > 60


def test_every_word_of_the_providers_has_a_row() -> None:
    """What Google's consent page, token endpoint and API can refuse with."""
    words = {*consent._WORDS, *token_endpoint._WORDS_TO_ACT_ON, *refusals._BY_REASON}
    assert [word for word in words if not any(word in quote for quote in QUOTED)] == []
