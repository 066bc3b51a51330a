"""The alert rules, evaluated by a real vmalert over a real VictoriaMetrics."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from syncbit_dagster.telemetry import OWN_METRICS
from syncbit_dagster_tests.telemetry.replay import (
    RULES,
    Scenario,
    firing,
    load,
    replay,
    vmalert,
)
from syncbit_dagster_tests.telemetry.scenarios import SCENARIOS
from syncbit_dagster_tests.victoriametrics import Server, running, victoria_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

GUIDE = RULES.parents[2] / "docs" / "alerts.md"
GROUPS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text())["groups"]
ALERTS = list(chain.from_iterable(group["rules"] for group in GROUPS))
NAMES = [rule["alert"] for rule in ALERTS]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has all scenarios and what the rules say about them."""
    with running(victoria_metrics(tmp_path_factory.mktemp("victoria"))) as one:
        load(one.url, SCENARIOS)
        replay(one.url)
        yield one


@pytest.mark.victoriametrics
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_exactly_the_right_alerts_fire(server: Server, scenario: Scenario) -> None:
    assert firing(server.url)[scenario.name] == scenario.fires


@pytest.mark.victoriametrics
def test_a_failure_waits_for_its_repair_before_it_fires(server: Server) -> None:
    pending = firing(server.url, ("pending",))
    assert pending["failed-just-now"] == {("SyncbitSyncFailing", "sleep")}


@pytest.mark.victoriametrics
def test_vmalert_takes_the_rules() -> None:
    done = vmalert("-dryRun", "-rule.validateTemplates", "-rule.validateExpressions")
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.victoriametrics
def test_victoriametrics_has_the_metrics_about_itself(server: Server) -> None:
    own = requests.get(f"{server.url}/metrics", timeout=10).text
    for name in {name for rule in ALERTS for name in re.findall(r"\bvm_\w+", rule["expr"])}:
        assert re.search(rf"^{name}\{{", own, re.MULTILINE), name


@pytest.mark.parametrize("rule", ALERTS, ids=NAMES)
def test_each_rule_is_explained_and_asks_for_metrics_of_the_table(rule: dict[str, Any]) -> None:
    asked = set(re.findall(r"\b(?:syncbit|vm)_\w+", rule["expr"]))
    assert asked
    assert {name for name in asked if name.startswith("syncbit_")} <= {
        row.name for row in OWN_METRICS
    }
    assert rule["labels"]["severity"] in {"warning", "critical"}
    summary, description = rule["annotations"]["summary"], rule["annotations"]["description"]
    assert len(summary) < 100
    assert description.endswith(".")
    assert rule["annotations"]["runbook"] == f"docs/alerts.md#{rule['alert'].lower()}"


@pytest.mark.parametrize("name", NAMES)
def test_each_rule_is_seen_firing_and_silent(name: str) -> None:
    rule = ALERTS[NAMES.index(name)]
    asked = set(re.findall(r"\b(?:syncbit|vm)_\w+", rule["expr"]))
    concerned = [
        one
        for one in SCENARIOS
        if asked & {key if isinstance(key, str) else key[0] for key in one.series}
    ]
    is_firing = [name in {alert for alert, _ in one.fires} for one in concerned]
    assert any(is_firing)
    assert not all(is_firing)


def test_the_guide_has_a_section_for_each_rule_and_no_other() -> None:
    sections = re.findall(r"^### (\w+)$", GUIDE.read_text(), re.MULTILINE)
    assert sections == NAMES
