"""The account's own figures are in the store after a run, and nothing is said of an export."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.samples import to_series
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import open_store
from syncbit_dagster.stores.base import Slice
from syncbit_dagster.telemetry import OWN_METRICS
from syncbit_dagster_tests.defs.running import materialize
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.sources.takeout.exports import BERLIN, minutes, write_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncbit_dagster.config import Settings

DAYS = DayRange(date(2026, 5, 4), date(2026, 5, 5))
FIGURES = tuple(row.name for row in OWN_METRICS)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as one:
        yield one


def figures(settings: Settings) -> dict[str, list[float]]:
    now = datetime.now(UTC)
    store = open_store(settings)
    frame = store.read(
        Slice(FIGURES, settings.account.labels, now - timedelta(hours=1), now + timedelta(hours=1))
    )
    store.close()
    return {one.metric: one.values.tolist() for one in to_series(frame)}


def test_a_run_leaves_the_account_s_figures(
    tmp_path: Path, instance: dg.DagsterInstance, capfd: pytest.CaptureFixture[str]
) -> None:
    person = SyntheticPerson(BERLIN, DAYS.first - timedelta(days=30), seed=2)
    now = datetime(2026, 6, 1, tzinfo=UTC)
    with emulated_account(person, tmp_path, now=lambda: now) as account:
        settings = account.settings()
        for _ in range(2):
            assert materialize(settings, ["heart_rate"], DAYS, instance).success
        found = figures(settings)
    assert found["syncbit_quota_used"][1] > found["syncbit_quota_used"][0] > 0
    assert found["syncbit_token_refreshes_total"] == [1.0, 1.0]
    assert found["syncbit_quota_waits_total"] == [0.0, 0.0]
    assert "syncbit_token_testing_days_left" not in found  # the emulator's app is published
    said = capfd.readouterr().err
    assert re.search(r"quota: 3 of \d+ requests in 60 s used", said)
    assert "scopes: everything was granted" in said
    assert "token: good until" in said


def test_an_export_s_damaged_file_fails_its_check_and_the_rest_is_there(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    start = datetime(2026, 5, 3, 22, tzinfo=UTC)
    folder = tmp_path / "export"
    write_folder(
        folder,
        {
            f"steps-2026-05-0{4 + n}.json": minutes(start + timedelta(days=n), ["7"] * 600)
            for n in (0, 2)
        },
    )
    (broken,) = folder.rglob("steps-2026-05-04.json")
    (broken.parent / "steps-2026-05-05.json").write_text('[{"dateTime": "05/0')
    with emulated_account(
        SyntheticPerson(BERLIN, DAYS.first, seed=2), tmp_path, now=lambda: start
    ) as account:
        settings = account.settings(SYNCBIT_PROVIDER="takeout", TAKEOUT_PATH=str(folder))
    result = materialize(settings, ["intraday_steps"], DAYS, instance)
    assert result.success
    checks = {one.check_name: one for one in result.get_asset_check_evaluations()}
    assert not checks["readable"].passed
    assert "steps-2026-05-05.json" in str(checks["readable"].description)
    assert checks["permission"].passed
    assert figures(settings) == {}
