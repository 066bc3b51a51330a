"""A real `dagster dev` that nobody touches: both sensors share the work of the first minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.core.civil import ONE_DAY, DayRange, civil_day
from syncbit_dagster.defs.run_requests import RANGE_END_TAG, RANGE_START_TAG
from syncbit_dagster_tests.dagster_process import copy_of_the_root, dagster_dev
from syncbit_dagster_tests.defs.wearer import BERLIN, Wearer
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.waiting import HANGS_SECONDS, wait_for

if TYPE_CHECKING:
    from pathlib import Path

THREE = ("activity_summary", "heart_rate", "active_zone_minutes")
FEW = {asset.collect: "false" for asset in ASSETS if asset.collect and asset.name != "devices"}

_RUNS = "{ runsOrError { ... on Runs { results { jobName status tags { key value } } } } }"


def _now() -> datetime:
    return datetime.now(UTC)


def test_nothing_has_to_be_started_by_hand(tmp_path: Path) -> None:
    person = Wearer(_now())
    today = civil_day(_now(), BERLIN)
    first = today - timedelta(days=40)  # ten days more than a device remembers
    with emulated_account(person, tmp_path, now=_now) as account:
        variables = account.environment | FEW | {"BACKFILL_START_DATE": str(first)}
        with dagster_dev(copy_of_the_root(tmp_path), variables) as dagster:

            def all_is_done() -> bool | None:
                is_there = all(dagster.partition_counts(name) >= (41, 0) for name in THREE)
                return (is_there and set(dagster.run_statuses()) == {"SUCCESS"}) or None

            wait_for(all_is_done, HANGS_SECONDS, "the history and the first sync")
            runs = dagster.ask(_RUNS)["runsOrError"]["results"]
            log = dagster.log.read_text()
    asked: dict[str, list[date]] = {}
    for run in runs:
        tags = {tag["key"]: tag["value"] for tag in run["tags"]}
        days = DayRange(*(date.fromisoformat(tags[t]) for t in (RANGE_START_TAG, RANGE_END_TAG)))
        asked.setdefault(run["jobName"], []).extend(days)
    assert asked.keys() == {"history", "device_sync"}
    assert sorted(asked["device_sync"]) == list(DayRange(today - 30 * ONE_DAY, today))
    everything = sorted(asked["history"] + asked["device_sync"])
    assert set(everything) == set(DayRange(first, today))
    for word in ("ERROR", "Traceback", "syncbit_dagster/"):
        assert word not in log
