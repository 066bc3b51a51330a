"""A new row of a table becomes panels by itself."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from grafana_foundation_sdk.models.dashboard import Dashboard

from syncbit_dagster.catalog import ASSETS, METRICS, Asset, Metric, Zero
from syncbit_dagster.catalog.units import UNITS, title
from syncbit_dagster.telemetry import OWN_METRICS, OwnMetric
from syncbit_dagster_tests.grafana.schema import faults, read_and_written
from tools.grafana import files
from tools.grafana.headlines import CALENDARS, HEADLINES
from tools.grafana.looks import LIMITS
from tools.grafana.streaks import GOALS

if TYPE_CHECKING:
    from collections.abc import Sequence

Panel = dict[str, Any]


def made_up(asset: str, unit: str = "steps", **more: Any) -> Metric:
    return Metric("fitbit_made_up_total", asset, unit, Zero.MEASURED, None, None, None, **more)


def panels(
    metrics: Sequence[Metric] = METRICS,
    assets: Sequence[Asset] = ASSETS,
    own: Sequence[OwnMetric] = OWN_METRICS,
) -> dict[str, list[Panel]]:
    """The panels of each dashboard, all of them right in Grafana's types."""
    found = {}
    for path, text in files(metrics, assets, own).items():
        if path.endswith(".json"):
            dashboard = json.loads(text)
            model, written = read_and_written(dashboard)
            assert written == dashboard
            assert faults(model, Dashboard, path) == []
            found[dashboard["uid"]] = [one for one in dashboard["panels"] if one["type"] != "row"]
    return found


def with_metric(shown: dict[str, list[Panel]], name: str) -> dict[str, list[Panel]]:
    return {
        uid: some
        for uid, all_of_it in shown.items()
        if (some := [p for p in all_of_it if any(name in t["expr"] for t in p["targets"])])
    }


@pytest.mark.parametrize(
    ("row", "uid", "query"),
    [
        (made_up("activity_summary"), "syncbit-activity", "last_over_time(%s[1d] offset -10h)"),
        (made_up("body", "furlongs"), "syncbit-vitals", "last_over_time(%s[1d] offset -10h)"),
        (made_up("sleep", "unix seconds"), "syncbit-sleep", "tlast_over_time(%s[1d] offset -10h)"),
        (made_up("intraday_steps"), "syncbit-activity", "sum_over_time(%s[$__interval])"),
        (made_up("intraday_heart_rate", "bpm"), "syncbit-heart", "min_over_time(%s[$__interval])"),
        (made_up("devices", "%"), "syncbit-sync", "last_over_time(%s[$__interval])"),
    ],
    ids=lambda value: value.asset if isinstance(value, Metric) else "",
)
def test_a_new_row_is_on_its_assets_dashboard(row: Metric, uid: str, query: str) -> None:
    selector = f'{row.name}{{user="$user", device="$device"}}'
    found = with_metric(panels(metrics=(*METRICS, row)), row.name)
    assert list(found) == [uid]
    asked = [target["expr"] for panel in found[uid] for target in panel["targets"]]
    assert any(query % selector in expression for expression in asked)


def test_nothing_else_changes() -> None:
    row = made_up("activity_summary")
    before, after = panels(), panels(metrics=(*METRICS, row))
    for uid, old in before.items():
        new = [one for one in after[uid] if "made_up" not in str(one)]
        assert [one["targets"] for one in new] == [one["targets"] for one in old]


@pytest.mark.parametrize(
    ("group", "uid"),
    [
        ("daily", "syncbit-vitals"),
        ("intraday", "syncbit-activity"),
        ("devices", "syncbit-sync"),
    ],
)
def test_a_new_asset_has_a_section(group: Any, uid: str) -> None:
    asset = Asset("made_up_asset", group, "Something new.")
    row = made_up(asset.name)
    found = with_metric(panels((*METRICS, row), (*ASSETS, asset)), row.name)
    assert list(found) == [uid]
    assert "Something new." in found[uid][0]["description"]


def test_rows_of_one_name_are_stacked() -> None:
    rows = [made_up("body", "kg", labels={"part": part}) for part in ("bone", "water")]
    found = with_metric(panels(metrics=(*METRICS, *rows)), "made_up")
    (panel,) = found["syncbit-vitals"]
    (target,) = panel["targets"]
    assert target["legendFormat"] == "{{part}}"
    assert panel["fieldConfig"]["defaults"]["custom"]["stacking"]["mode"] == "normal"


@pytest.mark.parametrize("unit", ["requests", "s", "unix s", "widgets"])
def test_a_new_own_metric_is_on_sync_health(unit: str) -> None:
    row = replace(OWN_METRICS[0], name="syncbit_made_up", unit=unit)
    found = with_metric(panels(own=(*OWN_METRICS, row)), row.name)
    assert list(found) == ["syncbit-sync"]


def test_a_removed_row_is_on_no_dashboard() -> None:
    kept = [row for row in METRICS if row.name not in {"fitbit_steps_total", "fitbit_bmi"}]
    text = str(panels(metrics=kept))
    assert not re.search(r"fitbit_(steps_total|bmi)\b", text)


def test_every_unit_of_the_tables_has_its_look() -> None:
    assert {row.unit for row in METRICS} | {row.unit for row in OWN_METRICS} <= set(UNITS)


def test_the_tables_of_dashboards_name_what_exists() -> None:
    names = {row.name for row in METRICS}
    assert {one.metric for one in HEADLINES} | {one.metric for one in GOALS} <= names
    assert set(CALENDARS) <= names
    assert set(LIMITS) <= names | {row.name for row in OWN_METRICS}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fitbit_steps_total", "Steps"),
        ("fitbit_resting_heart_rate_bpm", "Resting heart rate"),
        ("fitbit_spo2_avg_percent", "SpO\N{SUBSCRIPT TWO} average"),
        ("fitbit_sleep_start_timestamp", "Sleep start"),
        ("syncbit_last_success_timestamp_seconds", "Last success"),
        ("intraday_heart_rate", "Intraday heart rate"),
    ],
)
def test_titles(name: str, text: str) -> None:
    assert title(name) == text
