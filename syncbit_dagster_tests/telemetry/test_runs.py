"""What real runs say about themselves, against what the provider, the store and Dagster know."""

from __future__ import annotations

import logging
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from syncbit_dagster.catalog import ASSETS, metrics_of
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.errors import SyncbitError
from syncbit_dagster.core.samples import decode_labels
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.defs import weekly_report
from syncbit_dagster.defs.resources import telemetry as own_metrics
from syncbit_dagster.defs.run_requests import range_run
from syncbit_dagster.factories import open_store
from syncbit_dagster.quota import ledger
from syncbit_dagster.sources.http import TRIES
from syncbit_dagster.stores.base import Slice
from syncbit_dagster.telemetry import OWN_METRICS
from syncbit_dagster_tests.defs.running import note_failure
from syncbit_dagster_tests.defs.wearer import Wearer
from syncbit_dagster_tests.emulated import EmulatedAccount, emulated_account
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncbit_dagster.config import Settings
    from syncbit_dagster.core.samples import Series

JOB = "daily_sync"
NOON = datetime(2025, 10, 30, 12, tzinfo=UTC)
TODAY = NOON.date()
WEEK = DayRange(TODAY - timedelta(days=6), TODAY)
OLD = DayRange(date(2025, 9, 1), date(2025, 9, 3))
LOGIN_PAGE = "<html>Sign in to this network</html>"
HEART_RATE, STEPS = "heart_rate", "intraday_steps"
SUCCESS, FAILURE = (f"syncbit_last_{what}_timestamp_seconds" for what in ("success", "failure"))
# Little to fetch: what always is there, and the devices.
FEW = {asset.collect: "false" for asset in ASSETS if asset.collect and asset.name != "devices"}


@dataclass
class Stage:
    """An account, the instance, and the clock of both; nobody waits."""

    account: EmulatedAccount
    instance: dg.DagsterInstance
    clock: list[datetime]
    settings: Settings

    def __post_init__(self) -> None:
        self.definitions = build_definitions(
            self.settings, now=lambda: self.clock[0], sleep=lambda _: None
        )

    def run(self, days: DayRange, *assets: str) -> dg.ExecuteInProcessResult:
        """A run over the days, a minute after the last one; a failed one is returned."""
        self.clock[0] += timedelta(minutes=1)
        return self.definitions.resolve_job_def(JOB).execute_in_process(
            instance=self.instance,
            tags=range_run(days, "fresh", run_key="").tags,
            asset_selection=[dg.AssetKey(name) for name in assets],
            raise_on_error=False,
        )

    def die(self, days: DayRange, *assets: str, job: str = JOB) -> float:
        """A run whose process ends before it has begun with anything; its noted end."""
        selected = frozenset(dg.AssetKey(name) for name in assets) or None
        run = self.instance.create_run_for_job(
            self.definitions.resolve_job_def(job).get_subset(asset_selection=selected),
            tags=range_run(days, "fresh", run_key="").tags,
            asset_selection=selected,
            status=dg.DagsterRunStatus.STARTED,
        )
        self.instance.report_run_failed(run)
        return self.note_failure(run.run_id)

    def note_failure(self, run_id: str) -> float:
        """What the daemon does after a failed run; the run's end, as Dagster has it."""
        self.clock[0] += timedelta(minutes=1)
        return note_failure(self.definitions, self.instance, run_id)

    def figures(self) -> dict[tuple[str, str | None], list[float]]:
        """All samples of own metrics since the beginning, by metric and asset."""
        return {
            (one.metric, decode_labels(one.labels).get("asset")): one.values.tolist()
            for one in self._read({row.name for row in OWN_METRICS}, NOON)
        }

    def newest(self, asset: str) -> float:
        """The instant of the asset's newest sample in the store, in seconds."""
        names = {name for row in metrics_of(asset) for name in (row.name, row.today)}
        found = self._read(names, NOON - timedelta(days=300))
        return max(float(one.timestamps[-1]) for one in found) / 1000

    def _read(self, names: set[str], first: datetime) -> list[Series]:
        labels, last = self.settings.account.labels, NOON + timedelta(days=30)
        with closing(open_store(self.settings)) as store:
            return store.read(Slice(tuple(sorted(names)), labels, first, last))


@contextmanager
def staged(directory: Path, **variables: str) -> Iterator[Stage]:
    person, clock = Wearer(NOON - timedelta(minutes=5)), [NOON]
    with (
        emulated_account(person, directory, now=lambda: clock[0]) as account,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        yield Stage(account, instance, clock, account.settings(**FEW, **variables))


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    # The budget's clock is the real one: after a 429 it would stop everybody for a real second.
    monkeypatch.setattr(ledger, "PAUSE_AFTER_429_SECONDS", 0.0)
    with staged(tmp_path) as one:
        yield one


def test_a_run_tells_answers_429_and_the_age_of_the_newest_sample(stage: Stage) -> None:
    stage.account.emulator.fail_next(429, times=2)
    assets = (HEART_RATE, STEPS)
    assert stage.run(WEEK, *assets, "devices").success
    now, found = stage.clock[0].timestamp(), stage.figures()
    # The first request had all the trouble; it was the one for the devices' last sync.
    assert found["syncbit_run_rate_limited", "devices"] == [2]
    assert found["syncbit_run_rate_limited", HEART_RATE] == [0]
    for asset in assets:
        assert found["syncbit_lag_seconds", asset] == [now - stage.newest(asset)]
        assert found[SUCCESS, asset] == [now]
    # The newest of the totals is the day so far, at its sync; of the intervals the last one before.
    assert found["syncbit_lag_seconds", HEART_RATE] == [6 * 60]
    # A run over old days knows nothing about the newest sample.
    assert stage.run(OLD, *assets).success
    for asset in assets:
        assert len(stage.figures()["syncbit_lag_seconds", asset]) == 1
        assert len(stage.figures()[SUCCESS, asset]) == 2


def test_missing_days_are_those_that_dagster_does_not_have(stage: Stage) -> None:
    ended = (TODAY - stage.settings.account.first_day).days
    for days, left in ((WEEK, ended - 6), (OLD, ended - 6 - 3), (OLD, ended - 6 - 3)):
        assert stage.run(days, HEART_RATE).success
        assert stage.figures()["syncbit_partitions_missing", HEART_RATE][-1] == left


def test_a_failed_asset_is_told_apart_from_the_others(stage: Stage) -> None:
    stage.account.emulator.fail_next(200, TRIES, body=LOGIN_PAGE)
    result = stage.run(OLD, HEART_RATE, "activity_summary")
    assert not result.success
    failed_at = stage.note_failure(result.run_id)
    figures = stage.figures()
    (failed,) = [asset for metric, asset in figures if metric == FAILURE]
    assert figures[FAILURE, failed] == [int(failed_at)]
    (other,) = [asset for metric, asset in figures if metric == SUCCESS]
    assert {other, failed} == {HEART_RATE, "activity_summary"}


@pytest.mark.parametrize("assets", [(), (HEART_RATE, "devices")])
def test_a_run_that_died_without_a_word_is_noted(stage: Stage, assets: tuple[str, ...]) -> None:
    stage.die(OLD, job=weekly_report.JOB)
    assert stage.figures() == {}  # a failed report is no failed sync
    died_at = stage.die(OLD, *assets)
    on_schedule = {"activity_summary", HEART_RATE, "active_zone_minutes", "devices"}
    assert stage.figures() == {(FAILURE, one): [int(died_at)] for one in assets or on_schedule}


def test_what_may_not_be_read_is_no_failure(stage: Stage) -> None:
    stage.account.emulator.untick(
        "https://www.googleapis.com/auth/googlehealth.activity_and_fitness.readonly"
    )
    assert stage.run(OLD, "activity_summary").success
    about = {metric for metric, asset in stage.figures() if asset == "activity_summary"}
    assert "syncbit_run_rate_limited" in about
    assert not about & {SUCCESS, FAILURE}


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
        stage.die(OLD, HEART_RATE)
    assert f"The own metrics of this run are not stored: {error}" in caplog.messages
    assert f"That a run has failed is not stored: {error}" in caplog.messages


@pytest.mark.victoriametrics
def test_every_row_of_the_table_is_written(tmp_path: Path) -> None:
    with (
        running(victoria_metrics(tmp_path / "victoria")) as server,
        staged(tmp_path, VICTORIA_ENDPOINT=server.url) as stage,
    ):
        tokens = stage.settings.account.tokens
        token = tokens.load()
        assert token is not None
        ends = NOON.timestamp() + 3 * 86_400
        tokens.save(replace(token, refresh_ends_at=ends))  # as of an app in Testing
        assert stage.run(WEEK, HEART_RATE, "devices").success
        rows = {row.name for row in OWN_METRICS}
        assert rows - {metric for metric, _ in stage.figures()} == {FAILURE}
        stage.account.emulator.fail_next(200, TRIES, body=LOGIN_PAGE)
        stage.note_failure(stage.run(OLD, HEART_RATE).run_id)
        figures = stage.figures()
    assert {metric for metric, _ in figures} == rows
    for row in OWN_METRICS:
        labelled = {asset is not None for metric, asset in figures if metric == row.name}
        assert labelled == {bool(row.labels)}
    left = (ends - (NOON.timestamp() + 60)) / 86_400
    assert figures["syncbit_token_testing_days_left", None][0] == pytest.approx(left, rel=1e-9)
