"""What real runs say about themselves, against what the provider, the store and Dagster know."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.errors import SyncbitError
from syncbit_dagster.defs import weekly_report
from syncbit_dagster.defs.resources import telemetry as own_metrics
from syncbit_dagster.sources.http import TRIES
from syncbit_dagster.stores.duckdb import DuckDBStore
from syncbit_dagster.telemetry import OWN_METRICS
from syncbit_dagster_tests.telemetry.stage import NOON, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.stores.base import Slice, Write, WriteReport

TODAY = date(2025, 10, 30)
WEEK = DayRange(TODAY - timedelta(days=6), TODAY)
OLD = DayRange(date(2025, 9, 1), date(2025, 9, 3))
HEART_RATE, STEPS = "heart_rate", "intraday_steps"


def test_answers_429_are_those_of_the_provider(stage: Stage) -> None:
    stage.account.emulator.fail_next(429, times=2)
    assert stage.run(WEEK, HEART_RATE, "devices").success
    figures = stage.figures()
    # The first request had all the trouble; it was the one for the devices' last sync.
    assert figures["syncbit_run_rate_limited", "devices"] == [2]
    assert figures["syncbit_run_rate_limited", HEART_RATE] == [0]


def test_the_lag_is_the_age_of_the_newest_sample_in_the_store(stage: Stage) -> None:
    assets = (HEART_RATE, STEPS)
    assert stage.run(WEEK, *assets).success
    now = stage.clock[0].timestamp()
    found = stage.figures()
    for asset in assets:
        assert found["syncbit_lag_seconds", asset] == [now - stage.newest(asset)]
        assert found["syncbit_last_success_timestamp_seconds", asset] == [now]
    # The newest of the totals is the day so far, at its sync; of the intervals the last one before.
    assert found["syncbit_lag_seconds", HEART_RATE] == [6 * 60]
    assert found["syncbit_lag_seconds", STEPS] == [now - stage.newest(STEPS)]
    # A run over old days knows nothing about the newest sample.
    assert stage.run(OLD, *assets).success
    again = stage.figures()
    for asset in assets:
        assert len(again["syncbit_lag_seconds", asset]) == 1
        assert len(again["syncbit_last_success_timestamp_seconds", asset]) == 2


def test_missing_days_are_those_that_dagster_does_not_have(stage: Stage) -> None:
    ended = (TODAY - stage.settings.account.first_day).days
    for days, left in ((WEEK, ended - 6), (OLD, ended - 6 - 3), (OLD, ended - 6 - 3)):
        assert stage.run(days, HEART_RATE).success
        assert stage.figures()["syncbit_partitions_missing", HEART_RATE][-1] == left


def test_a_failed_asset_is_told_apart_from_the_others(stage: Stage) -> None:
    stage.account.emulator.fail_next(503, times=TRIES)
    result = stage.run(OLD, HEART_RATE, "activity_summary")
    assert not result.success
    failed_at = stage.note_failure(result.run_id)
    figures = stage.figures()
    (failed,) = [
        asset for metric, asset in figures if metric == "syncbit_last_failure_timestamp_seconds"
    ]
    assert figures["syncbit_last_failure_timestamp_seconds", failed] == [int(failed_at)]
    assert ("syncbit_last_success_timestamp_seconds", failed) not in figures
    (other,) = {HEART_RATE, "activity_summary"} - {failed}
    assert figures["syncbit_last_success_timestamp_seconds", other][-1] == int(
        stage.clock[0].timestamp() - 60
    )


@pytest.mark.parametrize("assets", [(), (HEART_RATE, "devices")])
def test_a_run_that_died_without_a_word_is_noted(stage: Stage, assets: tuple[str, ...]) -> None:
    stage.note_failure(stage.die(OLD, job=weekly_report.JOB).run_id)
    assert stage.figures() == {}  # a failed report is no failed sync
    died_at = stage.note_failure(stage.die(OLD, *assets).run_id)
    on_schedule = {"activity_summary", HEART_RATE, "active_zone_minutes", "devices"}
    assert stage.figures() == {
        ("syncbit_last_failure_timestamp_seconds", asset): [int(died_at)]
        for asset in assets or on_schedule
    }


def test_what_may_not_be_read_is_no_failure(stage: Stage) -> None:
    stage.account.emulator.untick(
        "https://www.googleapis.com/auth/googlehealth.activity_and_fitness.readonly"
    )
    assert stage.run(OLD, "activity_summary").success
    about = {metric for metric, asset in stage.figures() if asset == "activity_summary"}
    assert "syncbit_run_rate_limited" in about
    assert not any("failure" in one or "success" in one for one in about)


def test_a_run_is_one_write(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    targets: list[Slice] = []
    replace_all = DuckDBStore.replace_all

    def counted(
        self: DuckDBStore, writes: Sequence[Write], *, durable: bool = False
    ) -> WriteReport:
        targets.extend(one.target for one in writes)
        return replace_all(self, writes, durable=durable)

    monkeypatch.setattr(DuckDBStore, "replace_all", counted)
    assert stage.run(OLD, HEART_RATE, "activity_summary").success
    own = [one for one in targets if any(name.startswith("syncbit_") for name in one.metrics)]
    assert len(own) == 1


@pytest.mark.parametrize("error", [SyncbitError("The count is damaged."), OSError(28, "full")])
def test_what_is_wrong_with_the_figures_fails_no_run(
    stage: Stage,
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(own_metrics, "_write", broken)
    with caplog.at_level(logging.WARNING):
        assert stage.run(OLD, HEART_RATE).success
        stage.note_failure(stage.die(OLD, HEART_RATE).run_id)
    assert f"The own metrics of this run are not stored: {error}" in caplog.messages
    assert f"That a run has failed is not stored: {error}" in caplog.messages


@pytest.mark.victoriametrics
def test_every_row_of_the_table_is_written(victoria_stage: Stage) -> None:
    stage = victoria_stage
    tokens = stage.settings.account.tokens
    token = tokens.load()
    assert token is not None
    ends = NOON.timestamp() + 3 * 86_400
    tokens.save(replace(token, refresh_ends_at=ends))  # as of an app in Testing
    assert stage.run(WEEK, HEART_RATE, "devices").success
    after_one_run = {metric for metric, _ in stage.figures()}
    rows = {row.name for row in OWN_METRICS}
    assert rows - after_one_run == {"syncbit_last_failure_timestamp_seconds"}
    stage.account.emulator.fail_next(503, times=TRIES)
    stage.note_failure(stage.run(OLD, HEART_RATE).run_id)
    figures = stage.figures()
    assert {metric for metric, _ in figures} == rows
    for row in OWN_METRICS:
        labelled = {asset is not None for metric, asset in figures if metric == row.name}
        assert labelled == {bool(row.labels)}
    left = (ends - (NOON.timestamp() + 60)) / 86_400
    assert figures["syncbit_token_testing_days_left", None][0] == pytest.approx(left, rel=1e-9)
    text = str(figures)
    assert token.refresh_token not in text
