"""The page on security against the code: its tests exist, and nothing is asked for in vain."""

from __future__ import annotations

import re
from pathlib import Path

from syncbit_dagster.sources.fitbit_web import scopes as fitbit_web
from syncbit_dagster.sources.google_health import scopes as google_health

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "security.md").read_text()
PROOFS = re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)


def test_every_proof_exists() -> None:
    assert len(PROOFS) > 40
    missing = [
        f"{file}::{name}"
        for file, name in PROOFS
        if not re.search(rf"^def {name}\(", (TESTS / file).read_text(), re.MULTILINE)
    ]
    assert missing == []


def test_nothing_is_asked_for_that_is_not_needed() -> None:
    assert len(google_health.SCOPES) == 5
    assert all(scope.endswith(".readonly") for scope in google_health.SCOPES)
    assert not {"location", "nutrition", "social"} & set(fitbit_web.SCOPES)
    assert len(fitbit_web.SCOPES) == 10
