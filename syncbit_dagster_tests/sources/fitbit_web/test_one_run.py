"""A run of Dagster over several assets: what they share is asked for once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.defs.running import materialize, metadata_of
from syncbit_dagster_tests.sources.fitbit_web.emulated import emulated_person

if TYPE_CHECKING:
    from pathlib import Path

PERSON = SyntheticPerson(ZoneInfo("America/New_York"), date(2024, 1, 1), seed=2)
ONE_DAY = DayRange(date(2024, 3, 7), date(2024, 3, 7))
ASSETS = ("activity_summary", "heart_rate")


def test_activity_and_heart_rate_of_a_day_are_one_request(tmp_path: Path) -> None:
    now = datetime(2024, 6, 1, 20, 30, tzinfo=UTC)
    with (
        emulated_person(PERSON, tmp_path, now=lambda: now) as there,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        result = materialize(there.settings("fitbit_web"), ASSETS, ONE_DAY, instance)
        assert result.success
        assert [path for _, path, _ in there.emulator.fitbit_web.calls] == [
            "/1/user/-/activities/date/2024-03-07.json"
        ]
        requests = [metadata_of(instance, asset)["2024-03-07"]["requests"] for asset in ASSETS]
        samples = [metadata_of(instance, asset)["2024-03-07"]["samples"] for asset in ASSETS]
    assert sorted(requests) == [0, 1]
    assert samples == [10, 9]
