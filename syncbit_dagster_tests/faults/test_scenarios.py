"""A backfill under every fault of the table, in real processes: eight days, 60 in the soak.

However a run ends, what is missing afterwards is launched as the history's sensor does, and the
store ends as an undisturbed run leaves it: compared is every sample that VictoriaMetrics has.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster_tests.faults.scenario import EVERYTHING, Scenario
from syncbit_dagster_tests.faults.scenarios import SCENARIOS
from syncbit_dagster_tests.faults.stage import CHOSEN, DAYS, IS_SOAK, stage
from syncbit_dagster_tests.faults.verdict import (
    complete,
    failures,
    is_a_sentence,
    missing_days,
    samples_in,
)

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from syncbit_dagster_tests.faults.conftest import Report
    from syncbit_dagster_tests.faults.stage import Stage
    from syncbit_dagster_tests.faults.worker import Workers

pytestmark = pytest.mark.victoriametrics

EXIT_CODES = {"done": 0, "failed": 1, "killed": -9}


@pytest.fixture(scope="module")
def undisturbed(
    directory: Path, workers: Workers, prepared_home: str
) -> Counter[tuple[str, str, int, float]]:
    """What the store holds after one run without a fault."""
    with stage(directory / "undisturbed", workers, prepared_home) as quiet:
        assert quiet.launch(CHOSEN, DAYS) == 0, (quiet.home / "worker.log").read_text()[-3000:]
        assert not missing_days(quiet, CHOSEN, DAYS)
        found = samples_in(quiet)
    assert max(found.values()) == 1
    return found


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(
            row,
            id=row.name.replace(" ", "-"),
            marks=[pytest.mark.xfail(reason=row.known, raises=AssertionError)] if row.known else [],
        )
        for row in SCENARIOS
        if row.is_short or IS_SOAK
    ],
)
def test_the_store_ends_as_if_nothing_had_happened(
    scenario: Scenario,
    undisturbed: Counter[tuple[str, str, int, float]],
    directory: Path,
    workers: Workers,
    prepared_home: str,
    report: Callable[[str], AbstractContextManager[Report]],
) -> None:
    with (
        report(scenario.name) as told,
        tempfile.TemporaryDirectory(dir=directory) as place,
        stage(Path(place), workers, prepared_home) as here,
    ):
        scenario.before(here)
        proxy = here.api if scenario.side == "api" else here.store
        proxy.plan(scenario.plan(here))
        code = here.launch(CHOSEN, DAYS)
        assert proxy.broken or scenario.times == 0, "the fault never happened"
        here.heal()
        told.ended = f"{scenario.ends}, {ending(here, scenario, code)}"
        scenario.cure(here)
        complete(here, CHOSEN, DAYS, clock_shift=scenario.clock_shift)
        assert samples_in(here) == undisturbed


def ending(here: Stage, scenario: Scenario, code: int) -> str:
    """Check how the run ended that was hit; a few words about it."""
    assert code == EXIT_CODES[scenario.ends], (here.home / "worker.log").read_text()[-3000:]
    missing = missing_days(here, CHOSEN, DAYS)
    count = f"{len(missing)} of {len(CHOSEN)} assets missing"
    if scenario.ends == "killed":
        return count
    may_miss = CHOSEN if scenario.failed == EVERYTHING else scenario.failed.split(",")
    assert set(missing) <= set(may_miss), "the rest is not done"
    said = failures(here)
    assert bool(said) == (scenario.ends == "failed")
    for sentence in said:
        assert is_a_sentence(sentence), sentence
        assert scenario.says in sentence
    return count + (f": {said[0]}" if said else "")
