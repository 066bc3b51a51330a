"""A backfill under every fault of the table, in real processes: eight days, 60 in the soak.

However a run ends, what is missing afterwards is launched as the history's sensor does. In the end
the store is as an undisturbed run leaves it: compared is every sample that VictoriaMetrics has. And
the provider was asked for nothing that was finished: compared is every request.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster_tests.faults.scenario import EXIT_CODES, Scenario
from syncbit_dagster_tests.faults.stage import CHOSEN, DAYS, IS_SOAK, stage
from syncbit_dagster_tests.faults.table import KINDS
from syncbit_dagster_tests.faults.verdict import (
    Undisturbed,
    complete,
    failures,
    is_a_sentence,
    is_for_data,
    log_of,
    missing_days,
    samples_in,
    undisturbed_run,
)

if TYPE_CHECKING:
    from syncbit_dagster_tests.faults.conftest import Report
    from syncbit_dagster_tests.faults.stage import Stage
    from syncbit_dagster_tests.faults.worker import Workers

pytestmark = pytest.mark.victoriametrics

ANYWHERE = Random()  # noqa: S311 - another place each time; the report says which


@pytest.fixture(scope="module")
def undisturbed(directory: Path, workers: Workers, prepared_home: str) -> Undisturbed:
    """One run without a fault."""
    with stage(directory / "undisturbed", workers, prepared_home) as quiet:
        return undisturbed_run(quiet, CHOSEN, DAYS)


@pytest.mark.parametrize(
    ("kind", "scenario"),
    [
        pytest.param(kind, row, id=row.name.replace(" ", "-"))
        for kind, rows in KINDS.items()
        for row in rows
        if row.is_short or IS_SOAK
    ],
)
def test_the_store_ends_as_if_nothing_had_happened(
    kind: str,
    scenario: Scenario,
    undisturbed: Undisturbed,
    directory: Path,
    workers: Workers,
    prepared_home: str,
    report: Report,
) -> None:
    requests = undisturbed.api if scenario.side == "api" else undisturbed.store
    row = scenario.somewhere(requests, ANYWHERE)
    with (
        tempfile.TemporaryDirectory(dir=directory) as place,
        stage(Path(place), workers, prepared_home) as here,
    ):
        row.before(here)
        proxy = here.api if row.side == "api" else here.store
        proxy.plan(row.plan(here))
        code = here.launch(CHOSEN, DAYS)
        assert proxy.broken or row.times == 0, "the fault never happened"
        here.heal()
        row.cure(here)
        check_ending(here, row, code)
        complete(here, CHOSEN, DAYS, clock_shift=row.clock_shift)
        assert samples_in(here) == undisturbed.samples
        report(kind, sum(map(is_for_data, here.api.answered)) - undisturbed.fetched)


def check_ending(here: Stage, row: Scenario, code: int) -> None:
    """The run that was hit ended as it should, and said why."""
    assert code in EXIT_CODES[row.ends], f"request {row.after}: {log_of(here)}"
    missing = missing_days(here, CHOSEN, DAYS)
    if row.ends == "killed":
        assert missing, "it was killed too late to lose anything"
        return
    if "|" in row.failed and row.ends != "anyhow":
        assert missing
        assert missing.keys() <= set(row.failed.split("|"))
    elif row.ends != "anyhow":
        assert ",".join(sorted(missing)) == row.failed
    said = failures(here)
    if row.is_unrecorded:
        assert not said
        assert re.search(row.says, log_of(here)), log_of(here)
        return
    assert bool(said) == (code == 1)
    for sentence in said:
        assert is_a_sentence(sentence), sentence
        assert row.says, "a row that may fail says how"
        assert re.search(row.says, sentence), sentence
