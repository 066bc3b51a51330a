"""From what a run wrote down to samples that a store takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.samples import Series, decode_labels
from syncbit_dagster.quota.quota import QuotaFigures
from syncbit_dagster.sources.traffic import Traffic
from syncbit_dagster.stores.base import WriteReport
from syncbit_dagster.stores.validation import validate
from syncbit_dagster.telemetry import (
    OWN_METRICS,
    RunFigures,
    Value,
    account_values,
    run_values,
    series_of,
)

NOW = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC)
TODAY = NOW.date()
LABELS = {"user": "a", "device": "fitbit"}
QUOTA = QuotaFigures(used=20, remaining=130, waits=4)
REPORT = WriteReport(wanted=9, equal=4, added=3, changed=2, removed=1, mode="rewrite")
NAMES = [row.name for row in OWN_METRICS]


def of_account(token: Token | None) -> dict[str, float | None]:
    return {one.metric: one.value for one in account_values(NOW, QUOTA, token)}


def of_run(run: RunFigures) -> dict[str, float | None]:
    values = list(run_values(run, NOW, TODAY))
    assert {one.asset for one in values} <= {"sleep"}
    return {one.metric.removeprefix("syncbit_"): one.value for one in values}


def samples_until(instant: datetime) -> Series:
    end = int(instant.timestamp() * 1000)
    times = np.array([end - 60_000, end], np.int64)
    return Series("fitbit_steps_intraday", "{}", times, np.zeros(2))


def test_the_table_names_each_metric_once_and_as_the_contract_wants() -> None:
    assert len(set(NAMES)) == len(NAMES)
    for row in OWN_METRICS:
        assert row.name.startswith("syncbit_")
        assert row.name.endswith("_total") == (row.kind == "counter")
        assert row.description.endswith(".")
        assert row.labels in ((), ("asset",))
    # The store's own series while it rewrites another.
    assert not any(name.startswith(("syncbit_stage_", "syncbit_commit_")) for name in NAMES)


def test_an_account_in_testing_has_all_of_its_figures() -> None:
    token = Token(
        access_token="hidden",
        refresh_token="hidden",
        expires_at=NOW.timestamp() + 60,
        obtained_at=NOW.timestamp() - 90,
        refresh_ends_at=NOW.timestamp() + 2 * 86_400,
        refreshes=7,
    )
    assert of_account(token) == {
        "syncbit_quota_used": 20,
        "syncbit_quota_remaining": 130,
        "syncbit_quota_waits_total": 4,
        "syncbit_token_refreshes_total": 7,
        "syncbit_token_age_seconds": 90,
        "syncbit_token_expiry_timestamp_seconds": NOW.timestamp() + 60,
        "syncbit_token_testing_days_left": 2,
    }


def test_what_is_unknown_has_no_sample() -> None:
    fresh_from_disk = Token(access_token="a", refresh_token="b", expires_at=0)
    series = series_of(account_values(NOW, QUOTA, fresh_from_disk), LABELS, NOW)
    quota = {"syncbit_quota_remaining", "syncbit_quota_used", "syncbit_quota_waits_total"}
    assert {one.metric for one in series} == quota | {"syncbit_token_refreshes_total"}
    assert {one.metric for one in series_of(account_values(NOW, QUOTA, None), LABELS, NOW)} == quota


def test_a_run_over_the_newest_days_tells_everything() -> None:
    run = RunFigures()
    run.asks("sleep", DayRange(TODAY - timedelta(days=6), TODAY))
    run.sent("sleep", Traffic(requests=3, retries=2, rate_limited=1, wait_seconds=4.0005))
    run.sent("sleep", Traffic(requests=2, wait_seconds=0.5))
    for first, last in ((6, 3), (2, 0)):
        days = DayRange(TODAY - timedelta(days=first), TODAY - timedelta(days=last))
        samples = [samples_until(NOW - timedelta(hours=36 - first))]
        run.wrote("sleep", REPORT, samples, days)
    run.finished("sleep")
    assert of_run(run) == {
        "run_requests": 5,
        "run_retries": 2,
        "run_rate_limited": 1,
        "run_wait_seconds": 4.5,
        "run_samples_added": 6,
        "run_samples_changed": 4,
        "run_samples_removed": 2,
        "run_partitions_failed": 0,
        "lag_seconds": 30 * 3600,  # of the newest sample, whichever write brought it
        "last_success_timestamp_seconds": int(NOW.timestamp()),
    }


def test_a_run_that_breaks_midway_has_failed_partitions_and_no_success() -> None:
    run = RunFigures()
    run.asks("sleep", DayRange(TODAY - timedelta(days=6), TODAY))
    run.sent("sleep", Traffic(requests=1))
    days = DayRange(TODAY - timedelta(days=6), TODAY - timedelta(days=4))
    run.wrote("sleep", REPORT, [samples_until(NOW - timedelta(days=4))], days)
    found = of_run(run)
    assert found["run_partitions_failed"] == 4
    assert found["run_samples_added"] == 3
    # Of the newest sample, a run that did not come to the newest day knows nothing.
    assert found.keys().isdisjoint({"lag_seconds", "last_success_timestamp_seconds"})


def test_days_without_samples_say_nothing_of_the_newest_sample() -> None:
    run = RunFigures()
    run.asks("sleep", DayRange(TODAY, TODAY))
    run.wrote("sleep", REPORT, [], DayRange(TODAY, TODAY))
    assert "lag_seconds" not in of_run(run)


def test_what_may_not_be_read_has_not_failed() -> None:
    run = RunFigures()
    run.asks("sleep", DayRange(TODAY, TODAY))
    run.sent("sleep", Traffic(requests=1))
    run.may_not("sleep")
    assert of_run(run) == {
        "run_requests": 1,
        "run_retries": 0,
        "run_rate_limited": 0,
        "run_wait_seconds": 0,
    }


def test_every_value_is_a_valid_series_with_the_labels_of_its_row() -> None:
    values = [Value(row.name, 1.5, "sleep" if row.labels else None) for row in OWN_METRICS]
    series = series_of(values, LABELS, NOW)
    assert validate(series) == sorted(series)
    for one, row in zip(series, OWN_METRICS, strict=True):
        assert decode_labels(one.labels) == LABELS | ({"asset": "sleep"} if row.labels else {})
        assert one.timestamps.tolist() == [1_795_348_800_250]


@pytest.mark.parametrize(
    "value", [Value("syncbit_quota_used", 1, "sleep"), Value("syncbit_lag_seconds", 1)]
)
def test_labels_that_the_table_does_not_give_are_refused(value: Value) -> None:
    with pytest.raises(ValueError, match=value.metric):
        series_of([value], LABELS, NOW)


def test_a_metric_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(KeyError, match="syncbit_mood"):
        series_of([Value("syncbit_mood", 1)], LABELS, NOW)


@given(ages=st.lists(st.integers(0, 10**9), min_size=1, max_size=5), past=st.integers(0, 1))
def test_the_lag_is_the_age_of_the_newest_sample(ages: list[int], past: int) -> None:
    run = RunFigures()
    for number, age in enumerate(reversed(ages)):
        day = TODAY - timedelta(days=number + past)
        newest = samples_until(NOW - timedelta(milliseconds=age))
        run.wrote("sleep", REPORT, [newest], DayRange(day, day))
        run.assets["sleep"].until = TODAY - timedelta(days=past)
    lags = [one.value for one in run_values(run, NOW, TODAY) if one.metric == "syncbit_lag_seconds"]
    assert lags == ([] if past else [min(ages) / 1000])


def test_a_present_state_is_always_the_newest() -> None:
    run = RunFigures()
    run.wrote("sleep", REPORT, [samples_until(NOW - timedelta(seconds=5))])
    found = dict(of_run(run))
    assert found["lag_seconds"] == 5
    assert "run_partitions_failed" not in found
