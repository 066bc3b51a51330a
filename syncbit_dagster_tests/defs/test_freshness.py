"""How old an asset may be."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from syncbit_dagster.catalog import ASSETS, asset_named
from syncbit_dagster.config import load_settings
from syncbit_dagster.defs.freshness import freshness

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster.config import Settings

ALL_INTRADAY = {
    "ENABLE_INTRADAY_COLLECTION": "true",
    "INTRADAY_RESOURCES": "steps,calories,distance,floors,elevation,heart_rate",
}


def loaded(tmp_path: Path, **variables: str) -> Settings:
    return load_settings({"DATA_DIR": str(tmp_path), **variables}, secrets_directory=tmp_path)


@pytest.mark.parametrize(
    ("name", "warn", "fail"),
    [("sleep", 30, 54), ("intraday_steps", 30, 54), ("devices", 24, 48)],
)
def test_hours(tmp_path: Path, name: str, warn: int, fail: int) -> None:
    policy = freshness(asset_named(name), loaded(tmp_path, **ALL_INTRADAY))
    assert policy == dg.FreshnessPolicy.time_window(
        fail_window=timedelta(hours=fail), warn_window=timedelta(hours=warn)
    )


def test_every_scheduled_asset_has_a_policy_that_dagster_takes(tmp_path: Path) -> None:
    settings = loaded(tmp_path, **ALL_INTRADAY)
    for asset in ASSETS:
        policy = freshness(asset, settings)
        assert policy is not None
        assert dg.AssetSpec(asset.name, freshness_policy=policy).freshness_policy == policy


def test_what_comes_by_hand_never_grows_stale(tmp_path: Path) -> None:
    settings = loaded(tmp_path, ENABLE_INTRADAY_COLLECTION="true", INTRADAY_RESOURCES="steps")
    has = {asset.name for asset in ASSETS if freshness(asset, settings)}
    by_hand = {asset.name for asset in ASSETS if asset.is_intraday} - {"intraday_steps"}
    assert has == {asset.name for asset in ASSETS} - by_hand


def test_an_export_never_grows_stale(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path, SYNCBIT_PROVIDER="takeout", TAKEOUT_PATH=str(tmp_path), **ALL_INTRADAY
    )
    assert not any(freshness(asset, settings) for asset in ASSETS)
