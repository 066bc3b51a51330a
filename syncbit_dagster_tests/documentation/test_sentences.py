"""The sentences that ``troubleshooting.md`` quotes, against those that the program can say."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

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


SENTENCES = tuple(sentences())


def pattern(quote: str) -> re.Pattern[str]:
    """What a quote looks like in the source; each of its ``...`` is at least one value."""
    pieces = [re.escape(piece) for piece in quote.split("...")]
    return re.compile(f"[^\n]*{DIFFERS}[^\n]*".join(pieces))


@pytest.mark.parametrize("quote", QUOTED)
def test_a_quoted_sentence_is_one_that_the_program_says(quote: str) -> None:
    assert any(pattern(quote).search(sentence) for sentence in SENTENCES), quote


def test_every_row_quotes_something() -> None:
    rows = [row for table in TABLE.findall(PAGE) for row in table.splitlines()]
    assert len(rows) == len(QUOTED) == len(set(QUOTED)) > 60


@pytest.mark.parametrize("quote", ["No token at ...", "access_refused", "Cannot ... listen"])
def test_a_sentence_that_nobody_says_is_found_out(quote: str) -> None:
    assert not any(pattern(quote).search(sentence) for sentence in SENTENCES)


def test_every_word_of_the_providers_has_a_row() -> None:
    """What Google's consent page, token endpoint and API can refuse with."""
    words = {*consent._WORDS, *token_endpoint._WORDS_TO_ACT_ON, *refusals._BY_REASON}
    assert not [word for word in words if not any(word in quote for quote in QUOTED)]
