"""From what a run wrote down to samples that a store takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.core.samples import Series, decode_labels
from syncbit_dagster.quota.quota import QuotaFigures
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


def test_what_is_unknown_has_no_sample() -> None:
    ends = NOW.timestamp() + 2 * 86_400
    token = Token(access_token="a", refresh_token="b", expires_at=0, refreshes=7)
    assert of_account(None) == {"syncbit_quota_remaining": 130}
    known = {"syncbit_quota_remaining": 130, "syncbit_token_refreshes_total": 7}
    series = series_of(account_values(NOW, QUOTA, token), LABELS, NOW)
    assert {one.metric: one.values.tolist() for one in series} == {
        name: [value] for name, value in known.items()
    }
    in_testing = of_account(replace(token, refresh_ends_at=ends))
    assert in_testing == known | {"syncbit_token_testing_days_left": 2}


def test_a_run_over_the_newest_days_tells_everything() -> None:
    run = RunFigures()
    run.sent("sleep", 1)
    run.sent("sleep", 0)
    for last in (3, 0):
        samples = [samples_until(NOW - timedelta(hours=30 + last))]
        run.wrote("sleep", samples, TODAY - timedelta(days=last))
    run.finished("sleep")
    assert of_run(run) == {
        "run_rate_limited": 1,
        "lag_seconds": 30 * 3600,  # of the newest sample, whichever write brought it
        "last_success_timestamp_seconds": int(NOW.timestamp()),
    }


def test_a_run_that_did_not_come_to_the_newest_day_knows_no_lag() -> None:
    run = RunFigures()
    samples = [samples_until(NOW - timedelta(days=4))]
    run.wrote("sleep", samples, TODAY - timedelta(days=4))
    assert of_run(run) == {"run_rate_limited": 0}


def test_days_without_samples_say_nothing_of_the_newest_sample() -> None:
    run = RunFigures()
    run.wrote("sleep", [], TODAY)
    assert "lag_seconds" not in of_run(run)


def test_every_value_is_a_valid_series_with_the_labels_of_its_row() -> None:
    values = [Value(row.name, 1.5, "sleep" if row.labels else None) for row in OWN_METRICS]
    series = series_of(values, LABELS, NOW)
    assert validate(series) == sorted(series)
    for one, row in zip(series, OWN_METRICS, strict=True):
        assert decode_labels(one.labels) == LABELS | ({"asset": "sleep"} if row.labels else {})
        assert one.timestamps.tolist() == [1_795_348_800_250]


@pytest.mark.parametrize(
    "value", [Value("syncbit_quota_remaining", 1, "sleep"), Value("syncbit_lag_seconds", 1)]
)
def test_labels_that_the_table_does_not_give_are_refused(value: Value) -> None:
    with pytest.raises(ValueError, match=value.metric):
        series_of([value], LABELS, NOW)


def test_a_metric_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(KeyError, match="syncbit_mood"):
        series_of([Value("syncbit_mood", 1)], LABELS, NOW)


def test_a_present_state_is_always_the_newest() -> None:
    run = RunFigures()
    run.wrote("sleep", [samples_until(NOW - timedelta(seconds=5))])
    assert of_run(run)["lag_seconds"] == 5
