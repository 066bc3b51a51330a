"""Each query that a page shows, asked of a store whose content is known."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import requests

from syncbit_dagster.catalog import METRICS
from syncbit_dagster.telemetry import OWN_METRICS
from syncbit_dagster_tests.documentation.expected import DAY, STEPS, WANTED, day_by_day
from syncbit_dagster_tests.documentation.pages import DOCS, PAGES, blocks
from syncbit_dagster_tests.grafana.filled import DAYS, INTRADAY, NOW, ZONE, Filled

pytestmark = pytest.mark.victoriametrics

PAGE = DOCS / "queries.md"
_ROW = re.compile(r"^\| ([^|`]+) \| `(.+)` \|$", re.MULTILINE)
ALERTS = dict(_ROW.findall((DOCS / "alerts.md").read_text()))
INLINE = sorted(
    {
        query
        for page in PAGES
        if page != DOCS / "alerts.md"
        for query in re.findall(
            r"`(\w+_over_time\((?:fit|sync)bit_\w+\[\w+\]\))`", page.read_text()
        )
    }
)
VARIABLES = {"$user": "default", "$device": "fitbit"}


def ask(store: Filled, query: str, step: int) -> list[list[float]]:
    """The values of each series in the answer."""
    arguments: dict[str, Any] = {"query": query, "nocache": "1"}
    if step == 0:
        answer = requests.post(
            f"{store.url}/api/v1/query", data=arguments | {"time": NOW.timestamp()}, timeout=30
        )
        assert answer.ok, answer.text
        return [[float(one["value"][1])] for one in answer.json()["data"]["result"]]
    days = DAYS if step == DAY else INTRADAY
    start, end = days.start(ZONE).timestamp(), days.end(ZONE).timestamp()
    answer = requests.post(
        f"{store.url}/api/v1/query_range",
        data=arguments | {"start": start, "end": end, "step": step},
        timeout=30,
    )
    assert answer.ok, answer.text
    found = answer.json()["data"]["result"]
    return [[float(value) for _, value in one["values"]] for one in found]


@pytest.mark.parametrize("heading", WANTED)
def test_a_query_gives_what_the_store_holds(store: Filled, heading: str) -> None:
    (block,) = (one for one in blocks(PAGE, "promql") if one.heading == heading)
    wanted = WANTED[heading]
    found = [value for series in ask(store, block.text, wanted.step) for value in series]
    expected = wanted.values(store)
    assert expected
    assert len(found) == len(expected)
    assert sorted(found) == pytest.approx(sorted(expected), rel=1e-6, abs=1e-6)


def test_every_query_of_the_page_is_asked() -> None:
    assert [block.heading for block in blocks(PAGE, "promql")] == list(WANTED)
    others = [page.name for page in DOCS.glob("*.md") if page != PAGE and blocks(page, "promql")]
    assert others == []


@pytest.mark.parametrize("question", ALERTS)
def test_a_query_about_the_sync_has_an_answer(store: Filled, question: str) -> None:
    found = ask(store, ALERTS[question], 0)
    assert found
    assert all(np.isfinite(values).all() for values in found)


@pytest.mark.parametrize("query", INLINE)
def test_a_query_within_a_sentence_has_an_answer(store: Filled, query: str) -> None:
    assert ask(store, query, 0)


def test_the_query_that_explains_the_dashboards(store: Filled) -> None:
    (query,) = (block.text for block in blocks(DOCS / "dashboards.md", "") if "WITH" in block.text)
    for name, value in {"${zone:raw}": ZONE.key, **VARIABLES}.items():
        query = query.replace(name, value)
    found = [value for series in ask(store, query, DAY) for value in series]
    assert found == day_by_day(STEPS)(store)


def test_pages_name_no_metric_that_there_is_not() -> None:
    """Own metrics of a run may be named by their common beginning; so may none of the person."""
    known = {row.name for row in METRICS} | {row.name for row in OWN_METRICS}
    known |= {row.today for row in METRICS if row.is_total}
    for page in DOCS.glob("*.md"):
        for block in blocks(page, "promql"):
            assert set(re.findall(r"\b(?:fitbit|syncbit)_\w+", block.text)) <= known
    assert ALERTS
