"""The dashboards as files: what Grafana reads when it starts, and what a row of a table becomes."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from syncbit_dagster.catalog import ASSETS, METRICS, Asset, Metric, Zero
from syncbit_dagster.catalog.units import UNITS
from syncbit_dagster.telemetry import OWN_METRICS
from syncbit_dagster_tests.grafana.grafana import DASHBOARDS, DEPLOY
from tools.grafana import BOARDS, files
from tools.grafana.headlines import CALENDARS, HEADLINES
from tools.grafana.looks import LIMITS
from tools.grafana.streaks import GOALS

if TYPE_CHECKING:
    from syncbit_dagster_tests.grafana.grafana import Json

GRAFANAS = {value for value in vars(units).values() if isinstance(value, str)}
SOURCE = {"type": "prometheus", "uid": "syncbit"}
NAMES = {row.name for row in METRICS} | {row.name for row in OWN_METRICS}


def panels_of(dashboard: Json) -> list[Json]:
    """The panels that ask something; Grafana's own types know every field of the dashboard."""
    register_default_plugins()
    model = Dashboard.from_json(dashboard)
    assert json.loads(json.dumps(model, cls=JSONEncoder)) == dashboard  # what is unknown gets lost
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def made(**tables: Any) -> dict[str, list[Json]]:
    """The panels of each dashboard that the tables become."""
    tables = {"metrics": METRICS, "assets": ASSETS, "own": OWN_METRICS} | tables
    texts = files(tables["metrics"], tables["assets"], tables["own"]).items()
    dashboards = [json.loads(text) for path, text in texts if path.endswith(".json")]
    return {dashboard["uid"]: panels_of(dashboard) for dashboard in dashboards}


def with_metric(shown: dict[str, list[Json]], name: str) -> dict[str, list[Json]]:
    """The panels that ask for a metric, by dashboard."""
    found = {
        uid: [p for p in all_of_it if name in str(p["targets"])] for uid, all_of_it in shown.items()
    }
    return {uid: some for uid, some in found.items() if some}


def test_there_is_a_file_for_each_row_of_the_table() -> None:
    assert set(DASHBOARDS) == {board.uid for board in BOARDS}
    for uid, one in DASHBOARDS.items():
        assert one["uid"] == uid
        assert re.fullmatch(r"[a-z-]{8,40}", uid)
        skipped = {row["name"]: row["skipUrlSync"] for row in one["templating"]["list"]}
        assert skipped.pop("zone") is True  # never carried by a link
        assert set(skipped.values()) == {False}
    assert len({one["title"] for one in DASHBOARDS.values()}) == len(DASHBOARDS)


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_every_panel_says_what_it_shows_and_asks_for_it(uid: str) -> None:
    every = DASHBOARDS[uid]["panels"]
    assert [panel["id"] for panel in every] == list(range(1, len(every) + 1))
    cells = Counter(
        (x, y)
        for place in (panel["gridPos"] for panel in every)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    )
    assert max(cells.values()) == 1
    assert max(x for x, _ in cells) == 23
    variables = {one["name"] for one in DASHBOARDS[uid]["templating"]["list"]} | {"__interval"}
    for panel in panels_of(DASHBOARDS[uid]):
        title, defaults = panel["title"], panel["fieldConfig"]["defaults"]
        assert title
        assert re.search(r"Metric: `(fitbit|syncbit)_\w+`", panel["description"]), title
        assert defaults["unit"] in GRAFANAS or defaults["unit"].startswith("suffix: "), title
        assert panel["datasource"] == SOURCE, title
        if panel["type"] == "timeseries" and panel["interval"] == "1d":  # a gap stays a gap
            assert defaults["custom"]["spanNulls"] is False, title
            assert defaults["custom"]["insertNulls"] == 25 * 3_600_000, title
            assert {target["interval"] for target in panel["targets"]} == {"1d"}, title
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references) > 0, title
        for target in panel["targets"]:
            assert target["datasource"] == SOURCE, title
            assert target["legendFormat"], title
            assert target["instant"] is not target["range"], title
            assert target["instant"] == (panel["type"] == "stat"), title
            expression = target["expr"]
            assert set(re.findall(r"\$\{?(\w+)", expression)) <= variables, title
            selectors = re.findall(r"(?:fitbit|syncbit)_\w+(\{[^}]*\})?", expression)
            assert set(selectors) == {'{user="$user", device="$device"}'}, title
            # No query takes a day for a counter.
            assert not re.search(r"\b(increase|rate|irate|delta)\(", expression), title


def test_every_metric_is_on_a_panel_and_every_own_one_on_sync_health() -> None:
    asked = [str(panel.get("targets")) for one in DASHBOARDS.values() for panel in one["panels"]]
    so_far = {row.today for row in METRICS if row.is_total}
    shown = set(re.findall(r"(?:fitbit|syncbit)_\w+", " ".join(asked)))
    assert shown - so_far == NAMES
    assert shown & so_far
    sync = str(DASHBOARDS["syncbit-sync"])
    assert [row.name for row in OWN_METRICS if f"{row.name}{{" not in sync] == []


def test_the_provisioned_data_source_is_the_one_that_is_asked() -> None:
    source, provider = (
        yaml.safe_load((DEPLOY / "provisioning" / kind / "syncbit.yaml").read_text())[name][0]
        for kind, name in (("datasources", "datasources"), ("dashboards", "providers"))
    )
    assert {"type": source["type"], "uid": source["uid"]} == SOURCE
    assert source["url"] == "$VICTORIA_ENDPOINT"
    assert source["jsonData"]["customQueryParameters"] == "nocache=1"
    assert provider["options"]["path"] == "/etc/grafana/dashboards"


def row_of(asset: str, unit: str = "steps", **more: Any) -> Metric:
    return Metric("fitbit_made_up_total", asset, unit, Zero.MEASURED, None, None, None, **more)


@pytest.mark.parametrize(
    ("row", "uid", "query"),
    [
        (row_of("activity_summary"), "activity", "last_over_time(%s[1d] offset -10h)"),
        (row_of("body", "furlongs"), "vitals", "last_over_time(%s[1d] offset -10h)"),
        (row_of("sleep", "unix seconds"), "sleep", "tlast_over_time(%s[1d] offset -10h)"),
        (row_of("intraday_steps"), "activity", "sum_over_time(%s[$__interval])"),
        (row_of("intraday_heart_rate", "bpm"), "heart", "min_over_time(%s[$__interval])"),
        (row_of("devices", "%"), "sync", "last_over_time(%s[$__interval])"),
    ],
    ids=lambda value: value.asset if isinstance(value, Metric) else "",
)
def test_a_new_row_is_on_its_assets_dashboard(row: Metric, uid: str, query: str) -> None:
    after = made(metrics=(*METRICS, row))
    found = with_metric(after, row.name)
    assert list(found) == [f"syncbit-{uid}"]
    asked = query % f'{row.name}{{user="$user", device="$device"}}'
    assert any(asked in target["expr"] for p in found[f"syncbit-{uid}"] for target in p["targets"])
    if row.asset == "activity_summary":  # nothing else changes
        for board, old in made().items():
            others = [one["targets"] for one in after[board] if "made_up" not in str(one)]
            assert others == [one["targets"] for one in old]


def test_new_assets_labels_and_own_metrics_and_a_row_that_is_gone() -> None:
    for group, uid in (("daily", "vitals"), ("intraday", "activity"), ("devices", "sync")):
        asset: Any = Asset("made_up_asset", group, "Something new.")  # type: ignore[arg-type]
        shown = made(metrics=(*METRICS, row_of(asset.name)), assets=(*ASSETS, asset))
        ((board, (panel, *_)),) = with_metric(shown, "made_up").items()
        assert board == f"syncbit-{uid}"
        assert "Something new." in panel["description"]
    rows = [row_of("body", "kg", labels={"part": part}) for part in ("bone", "water")]
    (panel,) = with_metric(made(metrics=(*METRICS, *rows)), "made_up")["syncbit-vitals"]
    assert [target["legendFormat"] for target in panel["targets"]] == ["{{part}}"]
    assert panel["fieldConfig"]["defaults"]["custom"]["stacking"]["mode"] == "normal"
    own = replace(OWN_METRICS[0], name="syncbit_made_up", unit="widgets")
    assert list(with_metric(made(own=(*OWN_METRICS, own)), "made_up")) == ["syncbit-sync"]
    kept = [row for row in METRICS if row.name not in {"fitbit_steps_total", "fitbit_bmi"}]
    assert not re.search(r"fitbit_(steps_total|bmi)\b", str(made(metrics=kept)))


def test_the_tables_of_dashboards_name_what_exists() -> None:
    assert {row.unit for row in METRICS} | {row.unit for row in OWN_METRICS} <= set(UNITS)
    named = {one.metric for one in HEADLINES} | {one.metric for one in GOALS}
    assert named | set(CALENDARS) | set(LIMITS) <= NAMES
