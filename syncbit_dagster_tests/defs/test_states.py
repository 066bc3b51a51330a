"""What a partition tells about itself: no data, no data yet, and no answer are three things."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.defs.assets import SETTLED_CHECK
from syncbit_dagster_tests.defs.running import metadata_of
from syncbit_dagster_tests.defs.unattended import Daemon, range_of
from syncbit_dagster_tests.defs.wearer import Wearer
from syncbit_dagster_tests.emulated import EmulatedAccount, emulated_account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = datetime(2025, 10, 30, 12, tzinfo=UTC)
LAST_SYNC = datetime(2025, 10, 28, 12, tzinfo=UTC)
OFF = date(2025, 10, 27)
FEW = {asset.collect: "false" for asset in ASSETS if asset.collect and asset.name != "devices"}
ASSET = "intraday_steps"


@pytest.fixture
def person() -> Wearer:
    """One who has not synced for two days."""
    return Wearer(LAST_SYNC)


@pytest.fixture
def account(tmp_path: Path, person: Wearer) -> Iterator[EmulatedAccount]:
    with emulated_account(person, tmp_path, now=lambda: NOON) as account:
        yield account


def daemon(account: EmulatedAccount, instance: dg.DagsterInstance, first: str) -> Daemon:
    settings = account.settings(
        **FEW,
        BACKFILL_START_DATE=first,
        ENABLE_INTRADAY_COLLECTION="true",
        INTRADAY_RESOURCES="steps",
    )
    return Daemon("device_sync", settings, instance, lambda: NOON)


def states(instance: dg.DagsterInstance) -> dict[str, tuple[str, str]]:
    told = metadata_of(instance, ASSET)
    return {day: (told[day]["state"], told[day]["content"]) for day in sorted(told)}


def settled_check(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    (found,) = (
        one
        for one in result.get_asset_check_evaluations()
        if one.check_name == SETTLED_CHECK and one.asset_key.path[-1] == ASSET
    )
    return found


def test_off_not_synced_and_failed_are_three_things(
    account: EmulatedAccount, instance: dg.DagsterInstance, person: Wearer
) -> None:
    person.off = frozenset([OFF])
    runs = daemon(account, instance, "2025-10-26")
    (request,) = runs.asks()
    assert range_of(request) == ("2025-10-26", "2025-10-28")
    result = runs.execute(request)
    assert result.success
    assert states(instance) == {
        "2025-10-26": ("settled", "data"),
        "2025-10-27": ("settled", "nothing there"),
        "2025-10-28": ("provisional", "data"),
    }
    check = settled_check(result)
    assert not check.passed
    assert check.severity == dg.AssetCheckSeverity.WARN
    assert check.description == "Provisional: 2025-10-28."
    assert check.metadata["last_sync"].value == "2025-10-28 13:00+01:00"

    yesterday = dg.RunRequest(run_key="yesterday", tags={"dagster/partition": "2025-10-29"})
    account.emulator.fail_next(500, 100)
    assert not runs.execute(yesterday).success
    assert "2025-10-29" not in states(instance)
    assert "2025-10-29" not in instance.get_materialized_partitions(dg.AssetKey(ASSET))


def test_days_that_no_device_remembers_are_settled_whatever_it_says(
    account: EmulatedAccount, instance: dg.DagsterInstance
) -> None:
    runs = daemon(account, instance, "2025-09-01")
    old = dg.RunRequest(run_key="old", tags={"dagster/partition": "2025-09-15"})
    result = runs.execute(old)
    assert states(instance)["2025-09-15"] == ("settled", "data")
    check = settled_check(result)
    assert check.passed
    assert check.metadata["last_sync"].value == "unknown"


def test_where_devices_may_not_be_read_the_newest_reading_says_how_far_the_data_is(
    account: EmulatedAccount, instance: dg.DagsterInstance
) -> None:
    account.emulator.untick("https://www.googleapis.com/auth/googlehealth.settings.readonly")
    runs = daemon(account, instance, "2025-10-20")
    recent = dg.RunRequest(run_key="recent", tags={"dagster/partition": "2025-10-20"})
    result = runs.execute(recent)
    assert result.success
    assert len(result.get_asset_materialization_events()) == 4
    assert [status for _, _, status in account.emulator.calls].count(403) == 1
    assert states(instance) == {"2025-10-20": ("settled", "data")}
