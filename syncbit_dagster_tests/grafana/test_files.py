"""The dashboards as files: what Grafana reads when it starts."""

from __future__ import annotations

import copy
import re
from collections import Counter
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from syncbit_dagster.catalog import METRICS
from syncbit_dagster.telemetry import OWN_METRICS
from syncbit_dagster_tests.grafana.committed import DASHBOARDS, DEPLOY, PANELS
from syncbit_dagster_tests.grafana.schema import faults, read_and_written
from tools.grafana import BOARDS

UNITS = {value for name, value in vars(units).items() if isinstance(value, str)}
SOURCE = {"type": "prometheus", "uid": "syncbit"}

every_dashboard = pytest.mark.parametrize("uid", DASHBOARDS)
every_panel = pytest.mark.parametrize(("uid", "number"), PANELS)


def panel_of(uid: str, number: int) -> dict[str, Any]:
    return next(panel for panel in DASHBOARDS[uid]["panels"] if panel["id"] == number)


def test_there_is_a_file_for_each_row_of_the_table() -> None:
    assert set(DASHBOARDS) == {board.uid for board in BOARDS}
    assert {uid: one["uid"] for uid, one in DASHBOARDS.items()} == {uid: uid for uid in DASHBOARDS}
    assert max(Counter(one["title"] for one in DASHBOARDS.values()).values()) == 1
    assert all(re.fullmatch(r"[a-z-]{8,40}", uid) for uid in DASHBOARDS)


@every_dashboard
def test_grafanas_types_know_every_field(uid: str) -> None:
    model, written = read_and_written(DASHBOARDS[uid])
    assert written == DASHBOARDS[uid]
    assert faults(model, Dashboard, uid) == []


def test_grafanas_types_find_what_is_wrong() -> None:
    wrong = copy.deepcopy(DASHBOARDS["syncbit-heart"])
    panel = wrong["panels"][1]
    panel["gridPos"]["w"] = "wide"
    panel["fieldConfig"]["defaults"]["custom"]["showPoints"] = "often"
    panel["targets"][0]["expression"] = "up"
    model, written = read_and_written(wrong)
    assert written != wrong
    found = faults(model, Dashboard, "")
    assert len(found) == 2
    assert "wide" in found[0]
    assert "often" in found[1]


@every_dashboard
def test_panels_have_their_own_number_and_place(uid: str) -> None:
    panels = DASHBOARDS[uid]["panels"]
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    cells = Counter(
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    )
    assert max(cells.values()) == 1
    assert max(x for x, _ in cells) == 23


@every_panel
def test_a_panel_says_what_it_shows(uid: str, number: int) -> None:
    panel = panel_of(uid, number)
    defaults = panel["fieldConfig"]["defaults"]
    assert panel["title"]
    assert re.search(r"Metric: `(fitbit|syncbit)_\w+`", panel["description"])
    assert defaults["unit"] in UNITS or defaults["unit"].startswith("suffix: ")
    assert panel["datasource"] == SOURCE
    references = [target["refId"] for target in panel["targets"]]
    assert len(set(references)) == len(references) > 0
    for target in panel["targets"]:
        assert target["datasource"] == SOURCE
        assert target["legendFormat"]
        assert target["instant"] is not target["range"]
        assert target["instant"] == (panel["type"] == "stat")


@every_panel
def test_a_query_is_of_the_account_and_takes_no_day_for_a_counter(uid: str, number: int) -> None:
    names = {one["name"] for one in DASHBOARDS[uid]["templating"]["list"]} | {"__interval"}
    for target in panel_of(uid, number)["targets"]:
        expression = target["expr"]
        used = re.findall(r"\$\{?(\w+)", expression)
        assert set(used) <= names
        selectors = re.findall(r"(?:fitbit|syncbit)_\w+(\{[^}]*\})?", expression)
        assert set(selectors) == {'{user="$user", device="$device"}'}
        assert not re.search(r"\b(increase|rate|irate|delta)\(", expression)


@every_panel
def test_nothing_there_stays_a_gap(uid: str, number: int) -> None:
    panel = panel_of(uid, number)
    custom = panel["fieldConfig"]["defaults"].get("custom", {})
    if panel["type"] == "timeseries" and panel["interval"] == "1d":
        assert custom["spanNulls"] is False
        assert custom["insertNulls"] == 25 * 3_600_000
        assert {target["interval"] for target in panel["targets"]} == {"1d"}


def test_every_metric_is_on_a_panel() -> None:
    asked = " ".join(
        target["expr"] for uid, number in PANELS for target in panel_of(uid, number)["targets"]
    )
    shown = set(re.findall(r"(?:fitbit|syncbit)_\w+", asked))
    so_far = {row.today for row in METRICS if row.is_total}
    assert shown - so_far == {row.name for row in METRICS} | {row.name for row in OWN_METRICS}
    assert shown & so_far


def test_every_own_metric_is_on_sync_health() -> None:
    text = str(DASHBOARDS["syncbit-sync"])
    assert [row.name for row in OWN_METRICS if f"{row.name}{{" not in text] == []


def test_a_zone_is_never_carried_by_a_link() -> None:
    for dashboard in DASHBOARDS.values():
        skipped = {one["name"]: one["skipUrlSync"] for one in dashboard["templating"]["list"]}
        assert skipped.pop("zone") is True
        assert set(skipped.values()) == {False}


def test_the_provisioned_data_source_is_the_one_that_is_asked() -> None:
    folder = DEPLOY / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "syncbit.yaml").read_text())["datasources"]
    assert {"type": source["type"], "uid": source["uid"]} == SOURCE
    assert source["url"] == "$VICTORIA_ENDPOINT"
    assert source["jsonData"]["customQueryParameters"] == "nocache=1"
    (provider,) = yaml.safe_load((folder / "dashboards" / "syncbit.yaml").read_text())["providers"]
    assert provider["options"]["path"] == "/etc/grafana/dashboards"
