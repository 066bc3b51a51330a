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


def of_account(token: Token | None) -> dict[str, float | None]:
    return {one.metric: one.value for one in account_values(NOW, QUOTA, token)}


def of_run(run: RunFigures) -> dict[str, float | None]:
    refused, *values = run_values(run, NOW, TODAY)
    assert refused == Value("syncbit_access_refused", int(run.is_refused))
    assert {one.asset for one in values} <= {"sleep"}
    return {one.metric.removeprefix("syncbit_"): one.value for one in values}


def samples_until(instant: datetime) -> Series:
    end = int(instant.timestamp() * 1000)
    times = np.array([end - 60_000, end], np.int64)
    return Series("fitbit_steps_intraday", "{}", times, np.zeros(2))


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


@pytest.mark.parametrize(
    ("writes", "lag"),
    [
        # Of the newest sample, whichever write brought it.
        ([(timedelta(hours=33), 3), (timedelta(hours=30), 0)], 30 * 3600),
        ([(timedelta(days=4), 4)], None),  # it did not come to the newest day
        ([(None, 0)], None),  # days without samples say nothing
        ([(timedelta(seconds=5), None)], 5),  # a present state is always the newest
    ],
)
def test_a_run_knows_the_lag_if_it_came_to_the_newest_sample(
    writes: list[tuple[timedelta | None, int | None]], lag: float | None
) -> None:
    run = RunFigures()
    run.sent("sleep", 1)
    run.sent("sleep", 0)
    for age, days in writes:
        last = () if days is None else (TODAY - timedelta(days=days),)
        run.wrote("sleep", [] if age is None else [samples_until(NOW - age)], *last)
    own = {"run_rate_limited": 1, "run_set_aside": 0, "run_samples_absent": 0}
    assert of_run(run) == own | ({} if lag is None else {"lag_seconds": lag})
    run.finished("sleep")
    assert of_run(run)["last_success_timestamp_seconds"] == int(NOW.timestamp())


def test_every_row_is_a_valid_series_with_its_labels_and_nothing_else_is() -> None:
    names = [row.name for row in OWN_METRICS]
    assert len(set(names)) == len(names)
    assert all(row.name.startswith("syncbit_") for row in OWN_METRICS)
    assert all(row.name.endswith("_total") == (row.kind == "counter") for row in OWN_METRICS)
    values = [Value(row.name, 1.5, "sleep" if row.labels else None) for row in OWN_METRICS]
    series = series_of(values, LABELS, NOW)
    assert validate(series) == sorted(series)
    for one, row in zip(series, OWN_METRICS, strict=True):
        assert decode_labels(one.labels) == LABELS | ({"asset": "sleep"} if row.labels else {})
        assert one.timestamps.tolist() == [1_795_348_800_250]
    for wrong in (Value("syncbit_quota_remaining", 1, "sleep"), Value("syncbit_lag_seconds", 1)):
        with pytest.raises(ValueError, match=wrong.metric):
            series_of([wrong], LABELS, NOW)
    with pytest.raises(KeyError, match="syncbit_mood"):
        series_of([Value("syncbit_mood", 1)], LABELS, NOW)
