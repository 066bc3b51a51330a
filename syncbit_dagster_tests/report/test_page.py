"""The page: complete in itself, readable for everybody, the same every time."""

from __future__ import annotations

import base64
import gzip
import itertools
import re
from typing import TYPE_CHECKING

import pytest
from plotly.offline import get_plotlyjs

from syncbit_dagster.catalog import METRICS
from syncbit_dagster.report import NoDataError, palette
from syncbit_dagster_tests.report.builders import (
    JUNE,
    Page,
    daily,
    every_day,
    figures_of,
    made_up,
    report_of,
)

if TYPE_CHECKING:
    from syncbit_dagster.report import Report


SERIES = [
    daily("fitbit_steps_total", every_day(JUNE, 1000)),
    daily("fitbit_weight_kg", every_day(JUNE, 80, 0.1)),
]


@pytest.fixture(scope="module")
def report() -> Report:
    return report_of(SERIES)


def test_nothing_in_it_points_out_of_it(report: Report) -> None:
    library = re.compile(r'(<script type="application/json" id="library">)(.*?)(</script>)')
    packed = library.search(report.html)
    assert packed is not None
    assert gzip.decompress(base64.b64decode(packed[2])).decode() == get_plotlyjs()
    rest = library.sub(r"\1\3", report.html)
    assert not re.findall(r"(?i)https?:|//[a-z0-9-]+\.[a-z]|url\(|@import|fetch\(|XMLHttp", rest)
    for tag, name, value in Page(rest).attributes:
        if name in ("src", "href", "srcset", "action", "data", "poster"):
            assert value.startswith("#") or value == "data:,", (tag, name, value)


def test_its_policy_forbids_every_request(report: Report) -> None:
    (policy,) = re.findall(r'Content-Security-Policy" content="(.*?)"', report.html)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules.pop("default-src") == "'none'"
    allowed = {"'none'", "'unsafe-inline'", "data:", "blob:"}
    assert set(" ".join(rules.values()).split()) <= allowed


def test_it_is_the_same_every_time(report: Report) -> None:
    assert report_of(SERIES[::-1]).html == report.html
    assert len(report.html.encode()) < 2_200_000  # small enough for a mail


def test_every_plot_has_a_title_a_sentence_and_numbers(report: Report) -> None:
    page = Page(report.html)
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(set(ids)) == len(ids)
    assert page.described.keys() == figures_of(report.html).keys()
    for title, said in zip(page.titles, page.described.values(), strict=True):
        assert said.startswith(f"{title}. ")
        assert re.search(r"\d", said), said
    heads = [cells for cells in page.cells if cells[0] == "day"]
    assert heads == [["day", "Steps (steps)"], ["day", "Weight (kg)"]]
    assert len([cells for cells in page.cells if cells[0] == "Tue 30 Jun 2026"]) == 2
    assert page.row("Tue 30 Jun 2026") == ["Tue 30 Jun 2026", "1,029"]
    assert ("html", "lang", "en") in page.attributes


def test_labels_and_names_cannot_break_out_of_the_page() -> None:
    evil = "</script><script>alert(1)</script>"
    row = made_up("fitbit_evil", "body", unit=evil, side=evil)
    series = daily(row.name, every_day(JUNE), labels=row.labels)
    html = report_of([series], metrics=[*METRICS, row]).html
    assert "<script>alert" not in html
    assert html.count("<script") == 4
    assert html.count("</script>") == 4


def test_no_data_is_a_sentence() -> None:
    """Nor is another account's."""
    others = daily("fitbit_steps_total", every_day(JUNE), labels={"user": "bob"})
    for series in ([], [others]):
        with pytest.raises(NoDataError, match=r"Memory has no data of user ann.* 2026-06-01 to"):
            report_of(series)


def test_figures_use_no_colour_that_a_dark_page_does_not_know(report: Report) -> None:
    for text in figures_of(report.html).values():
        used = set(re.findall(r"#[0-9a-fA-F]{3,8}\b", text))
        assert used <= palette.dark_partners().keys()


def test_words_and_marks_stand_out_from_the_ground() -> None:
    """On a light page and on a dark one."""
    least = {"ink": 7.0, "soft": 4.5, "faint": 4.5, "link": 4.5}
    least |= dict.fromkeys((*palette.LINES, "rem", "deep", "hard", "hardest"), 2.5)
    for ground, role, column in itertools.product(("page", "card"), least, (0, 1)):
        behind = palette.COLOURS[ground][column]
        assert contrast(palette.COLOURS[role][column], behind) >= least[role], (role, ground)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""
    brighter, darker = sorted(map(_luminance, (one, other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
