"""Which days are fetched, stored and recorded: nothing is lost, nothing is asked for twice."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from syncbit_dagster.core.civil import ONE_DAY, DayRange
from syncbit_dagster.defs.sensors import history
from syncbit_dagster.sources import http
from syncbit_dagster.stores.victoriametrics import transport
from syncbit_dagster_tests.daemon_bugs.old_daemon import OldDaemon
from syncbit_dagster_tests.daemon_bugs.proofs import (
    require_all_stored_and_rest,
    require_recorded_is_stored,
)
from syncbit_dagster_tests.daemon_bugs.stage import NOON, Stage
from syncbit_dagster_tests.defs.unattended import assets_of, range_of
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.victoriametrics

YESTERDAY = date(2025, 10, 29)
ASSET = dg.AssetKey("activity_summary")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "FIRST_WAIT_SECONDS", 0.0)
    monkeypatch.setattr(transport, "GET_PAUSES", ())


def until_yesterday(count: int) -> DayRange:
    return DayRange(YESTERDAY - timedelta(days=count - 1), YESTERDAY)


def recorded(stage: Stage) -> set[date]:
    return set(map(date.fromisoformat, stage.instance.get_materialized_partitions(ASSET)))


@pytest.mark.parametrize("count", [pytest.param(25, id="B1"), pytest.param(5, id="B2")])
def test_every_day_is_stored_and_the_next_cycle_asks_for_none(stage: Stage, count: int) -> None:
    """B1: the last days of a history, fewer than ten, were fetched each cycle and never written.
    B2: a history of fewer than ten days was fetched once, and lost."""
    days = until_yesterday(count)
    runs = stage.history(days.first)
    assert all(result.success for _, result in runs.until_it_rests())
    assert stage.requests()
    assert recorded(stage) == set(days)
    assert isinstance(runs.tick(), str)
    expected = stage.measured(days)
    assert len(expected) > count // 2
    require_all_stored_and_rest(expected, stage.stored(), len(stage.requests()))


@pytest.mark.parametrize("count", [25, 5])
def test_the_old_way_does_not_pass(count: int) -> None:
    """B1, B2: the proof above can fail."""
    days, stored = until_yesterday(count), set[date]()

    def write(day: date, _: datetime) -> bool:
        stored.add(day)
        return True

    old = OldDaemon(days.first, write)
    old.backfill(NOON)
    old.sync(NOON)
    asked = len(old.asked)
    old.sync(NOON + timedelta(minutes=15))
    assert len(stored - {NOON.date()}) < count
    with pytest.raises(AssertionError):
        require_all_stored_and_rest(days, stored - {NOON.date()}, 0)
    with pytest.raises(AssertionError):
        require_all_stored_and_rest(days, days, len(old.asked) - asked)


def test_a_day_that_the_store_did_not_take_is_not_recorded(stage: Stage, tmp_path: Path) -> None:
    """B5: the state went on although VictoriaMetrics was down or refused: a hole, and silence."""
    days = until_yesterday(3)
    away = victoria_metrics(tmp_path / "away")
    runs = stage.history(days.first, VICTORIA_ENDPOINT=away.url)
    stage.victoria = away
    assert not any(result.success for _, result in runs.until_it_rests())
    require_recorded_is_stored(recorded(stage), [])

    stage.go_to(NOON + timedelta(hours=history.RETRY_HOURS))
    with running(away):
        assert all(result.success for _, result in runs.until_it_rests())
        assert recorded(stage) == set(days)
        assert stage.stored() == stage.measured(days)


def test_a_store_that_takes_and_forgets_is_no_store(stage: Stage, tmp_path: Path) -> None:
    """B5: VictoriaMetrics answers 204 to samples that it drops, older than its retention."""
    days = until_yesterday(3)
    with running(victoria_metrics(tmp_path / "forgets", flags=())) as forgets:
        result = stage.materialize("activity_summary", days, VICTORIA_ENDPOINT=forgets.url)
        stage.victoria = forgets
        assert not result.success
        require_recorded_is_stored(recorded(stage), stage.stored())


def test_the_old_way_records_what_is_not_there() -> None:
    """B5: the proof above can fail."""
    days = until_yesterday(20)
    old = OldDaemon(days.first, lambda _day, _instant: False)
    old.backfill(NOON)
    assert old.state == YESTERDAY
    with pytest.raises(AssertionError):
        require_recorded_is_stored([old.state], [])


def test_an_earlier_start_brings_the_earlier_days_and_nothing_moves_back(stage: Stage) -> None:
    """B6: BACKFILL_START_DATE before what was synced had no effect, or moved the state back."""
    late, early = until_yesterday(2), until_yesterday(5)
    assert all(result.success for _, result in stage.history(late.first).until_it_rests())
    runs = stage.history(early.first)
    asked = []
    for request, result in runs.until_it_rests():
        assert result.success
        asked.append(range_of(request))
    assert asked == [(early.first.isoformat(), (late.first - ONE_DAY).isoformat())]
    assert recorded(stage) == set(early)
    assert stage.stored() == stage.measured(early)
    stage.requests()
    assert isinstance(stage.history(late.first).tick(), str)
    assert not stage.requests()


def test_a_day_that_failed_is_missing_until_it_is_there(stage: Stage) -> None:
    """B7: a day that met an error was skipped for ever, and no list named it."""
    days = until_yesterday(3)
    assets = ("activity_summary", "heart_rate", "active_zone_minutes")

    def missing() -> dict[str, set[str]]:
        return {
            asset: set(map(str, days))
            - stage.instance.get_materialized_partitions(dg.AssetKey(asset))
            for asset in assets
        }

    runs = stage.history(days.first)
    stage.account.emulator.fail_next(500, http.TRIES)
    assert [result.success for _, result in runs.until_it_rests()] == [False]
    assert "tried again at 2025-10-30 18:00 UTC" in runs.rests
    (failed,) = [asset for asset, left in missing().items() if left]

    stage.go_to(NOON + timedelta(hours=history.RETRY_HOURS))
    ((request, result),) = runs.until_it_rests()
    assert result.success
    assert assets_of(request) == {failed}
    assert not any(missing().values())
    assert stage.stored() == stage.measured(days)
