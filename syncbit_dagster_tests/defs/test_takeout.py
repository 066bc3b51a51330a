"""An export as the provider: its days fill once, and what is wrong with it stops nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.core.civil import ONE_DAY, DayRange
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import offered_assets
from syncbit_dagster_tests.defs.running import failure_of, materialize
from syncbit_dagster_tests.defs.unattended import QuickDaemon, assets_of, range_of
from syncbit_dagster_tests.emulated import EmulatedAccount, emulated_account
from syncbit_dagster_tests.sources.takeout.exports import BERLIN, day_rows, minutes, write_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncbit_dagster.config import Settings

EXPORT = DayRange(date(2025, 10, 5), date(2025, 10, 20))
NOON = datetime(2025, 10, 30, 12, tzinfo=UTC)
FEW = {asset.collect: "false" for asset in ASSETS if asset.collect}
START = datetime(2025, 10, 5, 10, tzinfo=UTC)
STEPS = "steps-2025-10-05.json"


@pytest.fixture
def account(tmp_path: Path) -> Iterator[EmulatedAccount]:
    person = SyntheticPerson(BERLIN, date(2025, 9, 1), seed=3)
    with emulated_account(person, tmp_path, now=lambda: NOON) as account:
        yield account


def takeout(account: EmulatedAccount, path: Path, first: str = "") -> Settings:
    variables = {"SYNCBIT_PROVIDER": "takeout", "TAKEOUT_PATH": str(path)}
    return account.settings(**FEW, **variables, BACKFILL_START_DATE=first)


def quick(settings: Settings, instance: dg.DagsterInstance) -> QuickDaemon:
    return QuickDaemon("history", settings, instance, lambda: NOON)


def test_after_an_export_the_api_goes_on_with_the_days_behind_it(
    account: EmulatedAccount, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    steps = [
        row for n in range(len(EXPORT)) for row in minutes(START + n * ONE_DAY, ["20", "0", "30"])
    ]
    inactive = day_rows(EXPORT.first, ["900"] * len(EXPORT))
    files = {STEPS: steps, "sedentary_minutes-2025-10-05.json": inactive}
    offline = takeout(account, write_folder(tmp_path / "export", files))
    daemon = quick(offline, instance)
    daemon.fetch_all()
    assert daemon.rests == f"All days until {EXPORT.last} are stored."
    own = {asset.name for asset in offered_assets(offline) if asset.group == "daily"}
    assert {name for name, days in daemon.there.items() if days} == own
    for name in own:
        assert daemon.there[name] == {str(day) for day in EXPORT}
    assert not account.emulator.calls

    online = quick(account.settings(**FEW, BACKFILL_START_DATE=str(EXPORT.first)), instance)
    online.there.update(daemon.there)
    asked = {range_of(request) for request in online.fetch_all() if own & assets_of(request)}
    assert asked == {("2025-10-21", "2025-10-29")}


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "does not exist; it is the folder or the zip of a Google Takeout export."),
        ({STEPS: []}, "the export holds no day of data."),
    ],
    ids=["moved", "empty"],
)
def test_an_export_that_cannot_be_read_fails_what_needs_it_and_the_rest_loads(
    account: EmulatedAccount,
    instance: dg.DagsterInstance,
    tmp_path: Path,
    files: dict[str, Any],
    sentence: str,
) -> None:
    settings = takeout(account, write_folder(tmp_path / "export", files), str(EXPORT.first))
    daemon = quick(settings, instance)
    assert daemon.definitions.get_repository_def().asset_graph.get_all_asset_keys()
    with pytest.raises(dg.Failure, match=sentence):
        daemon.tick()
    yesterday = NOON.date() - ONE_DAY
    result = materialize(settings, ["heart_rate"], DayRange(yesterday, yesterday), instance)
    assert sentence in failure_of(result)
    assert not instance.get_materialized_partitions(dg.AssetKey("heart_rate"))


def test_days_of_a_damaged_file_stay_missing_and_the_rest_is_there(
    account: EmulatedAccount, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    two = DayRange(EXPORT.first, EXPORT.first + ONE_DAY)
    intraday = dg.AssetKey("intraday_steps")
    days = (START.replace(hour=0) + timedelta(days=n) for n in (0, 2))
    files = {f"steps-{at.date()}.json": minutes(at, ["7"] * 600) for at in days}
    folder = write_folder(tmp_path / "export", files)
    (whole,) = folder.rglob(STEPS)
    (whole.parent / "steps-2025-10-06.json").write_text('[{"dateTime": "10/0')
    result = materialize(takeout(account, folder), ["intraday_steps"], two, instance)
    assert "steps-2025-10-06.json" in failure_of(result)
    assert instance.get_materialized_partitions(intraday) == {str(two.first)}
