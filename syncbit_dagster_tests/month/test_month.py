"""A month of a whole deployment: in the end the store is the truth, and every day says so."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from syncbit_dagster.core.civil import day_end
from syncbit_dagster.defs.run_requests import days_of_run
from syncbit_dagster_tests.defs.wearer import BERLIN
from syncbit_dagster_tests.month import scenario
from syncbit_dagster_tests.month.month import ASSETS, Moment, Month, live
from syncbit_dagster_tests.sources.fitbit_web.differences import DIFFERENCES, Difference

if TYPE_CHECKING:
    from datetime import date

pytestmark = pytest.mark.victoriametrics

MOMENTS = ("while silent", "after the outage", "in the end")
# Of a run, and more of it for each of its days. Google: one for each of the 24 data types, some in
# pieces of 14 days, and some of the ten lists begin with an empty page. Fitbit: a request a day and
# intraday asset.
MOST_OF_A_RUN = {"demo": (34, 0.5), "fitbit_web": (22, 2)}
MOST_OF_HISTORY = 10
LIMIT = 150  # requests: a minute at Google, an hour at Fitbit
NOTHING = Difference((), "")


# Each takes its time.
PROVIDERS = ("demo", "fitbit_web") if scenario.IS_SOAK else ("demo",)
ALLOWED = {
    "demo": {},
    "fitbit_web": {
        name.replace("very_active", level): row
        for row in DIFFERENCES
        for name in row.metrics
        # The morning of a day may lack other levels too.
        for level in ("lightly_active", "fairly_active", "very_active")
    },
}
# Of these the Web API has zeros where nothing was measured, on every day.
FILLED_WITH_ZEROS = {
    "demo": frozenset[str](),
    "fitbit_web": frozenset({"active_zone_minutes", "intraday_steps"}),
}


@pytest.fixture(scope="module", params=PROVIDERS)
def month(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Month:
    return live(tmp_path_factory.mktemp("month"), request.param)


@pytest.fixture(params=MOMENTS)
def moment(request: pytest.FixtureRequest, month: Month) -> Moment:
    return month.moments[request.param]


def test_store_and_truth_are_equal(month: Month, moment: Moment) -> None:
    allowed = ALLOWED[month.provider]
    truth = {key: value for asset in ASSETS for key, value in moment.truth.samples[asset].items()}
    assert len(truth) > 1000
    assert moment.so_far
    truth |= moment.so_far
    truth |= {key: value for key, value in moment.perhaps.items() if key in moment.samples}
    wrong = {
        (metric, label, at): (found, true)
        for metric, label, at in moment.samples.keys() | truth.keys()
        for found, true in [
            (moment.samples.get((metric, label, at)), truth.get((metric, label, at)))
        ]
        if not _is_right(found, true, allowed.get(_name(metric, label), NOTHING))
    }
    assert not wrong


def _name(metric: str, label: str) -> str:
    return f"{metric.removeprefix('fitbit_').removeprefix('today_')} {label}".strip()


def _is_right(found: float | None, true: float | None, allowed: Difference) -> bool:
    if found is None or true is None:
        return allowed.alone or (allowed.zeros_here and found == 0)
    slack = 1e-9 * abs(true)  # sums of floats depend on the order
    return allowed.low - slack <= found - true <= allowed.high + slack


@pytest.mark.parametrize("asset", ASSETS)
def test_each_day_says_what_it_is_worth(month: Month, moment: Moment, asset: str) -> None:
    is_filled = asset in FILLED_WITH_ZEROS[month.provider]
    filled = set(moment.days) if is_filled else moment.truth.days_with_data(asset)

    def expected(day: date) -> tuple[str, str]:
        is_over = moment.truth.synced >= day_end(day, BERLIN)
        if day in filled:
            return ("settled" if is_over else "provisional"), "data"
        return ("settled", "nothing there") if is_over else ("provisional", "not yet there")

    assert moment.states[asset] == {day: expected(day) for day in moment.days}


def test_the_month_has_all_kinds_of_days(month: Month) -> None:
    """So that the test above cannot pass without having looked."""
    silent, _, end = (month.moments[name].states["intraday_heart_rate"] for name in MOMENTS)
    assert {end[day] for day in scenario.OFF} == {("settled", "nothing there")}
    assert ("provisional", "not yet there") in silent.values()
    assert ("provisional", "data") in silent.values()


def test_only_the_outage_failed_and_nothing_of_it_is_left(month: Month) -> None:
    runs = month.deployment.runs
    began, ended = scenario.DOWN
    failed = [run for run in runs if not run.result.success]
    assert {run.job for run in failed} >= {"daily_sync", "device_sync"}
    assert all(began <= run.began < ended for run in failed)
    place = {run.result.run_id: number for number, run in enumerate(runs)}
    for run in failed:
        done = run.result.dagster_run
        for asset in ASSETS:
            if done.asset_selection is None or dg.AssetKey(asset) in done.asset_selection:
                for day in days_of_run(done) or ():
                    newest = month.newest[asset][str(day)]
                    assert place[newest] >= place[done.run_id], f"{asset} {day} is not healed"
    (broken,) = (run.result for run in failed if run.job == "device_sync")
    assert {step.is_step_success for step in broken.all_events if _has_ended(step)} == {True, False}
    for run in failed:
        for step in run.result.all_events:
            if step.is_step_failure:
                said = str(step.step_failure_data)
                # An outage that is known gets one try for each further asset.
                assert re.search(r"answered 503 (6 times|once); try again later\.", said)


def test_a_tick_is_one_request(month: Month) -> None:
    ticks = [tick for tick in month.deployment.ticks if tick.sensor == "device_sync"]
    for tick in ticks:
        is_down = scenario.DOWN[0] <= tick.began < scenario.DOWN[1]
        assert (tick.outcome == "failed") <= is_down
        # Of a tick that fails, all tries for the devices, then for the newest reading; Dagster
        # would cut it off after a minute. What the outage leaves of the budget may end it sooner.
        least, most = (2, 12) if tick.outcome == "failed" else (1, 1)
        if is_down and "request budget" in tick.said:
            least, most = 0, 12
        assert least <= tick.requests <= most, tick
        assert tick.ended - tick.began < timedelta(minutes=1), tick
    assert sum(tick.outcome == "failed" for tick in ticks) > 10
    # What fills the history only looks into Dagster's records and the budget.
    assert not any(tick.requests for tick in month.deployment.ticks if tick.sensor == "history")


def test_runs_and_requests_are_few(month: Month) -> None:
    runs = month.deployment.runs
    of_syncs = [run for run in runs if run.job == "device_sync"]
    syncs = {*scenario.watch_syncs(), *scenario.SCALE_SYNCS}
    # One for each sync that is seen, at most: who does not sync costs no run.
    assert 0 < len(of_syncs) <= sum(at <= scenario.END for at in syncs)
    assert len([run for run in runs if run.job == "daily_sync"]) == len(month.mornings)
    # The first days, and in the outage once in each of its slots of six hours.
    assert len([run for run in runs if run.job == "history"]) <= MOST_OF_HISTORY
    most, more_a_day = MOST_OF_A_RUN[month.provider]
    for run in runs:
        if run.result.success:
            days = days_of_run(run.result.dagster_run)
            assert days is not None
            assert run.requests <= most + more_a_day * len(days), run
    if month.provider == "fitbit_web":
        an_hour = Counter(at.replace(minute=0, second=0, microsecond=0) for at in month.asked)
        assert max(an_hour.values()) <= LIMIT
    else:
        later = zip(month.asked, month.asked[LIMIT:], strict=False)
        assert all(end - start >= timedelta(minutes=1) for start, end in later)


def _has_ended(event: dg.DagsterEvent) -> bool:
    return event.is_step_success or event.is_step_failure
