"""The alert rules, evaluated by a real vmalert over a real VictoriaMetrics."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import requests
import yaml

from syncbit_dagster.telemetry import OWN_METRICS
from syncbit_dagster_tests.telemetry.scenarios import NOW, REPLAYED, SCENARIOS, Scenario, ago
from syncbit_dagster_tests.victoriametrics import Server, find_binary, running, victoria_metrics

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

RULES = Path(__file__).parents[2] / "deploy" / "vmalert" / "rules.yml"
GUIDE = RULES.parents[2] / "docs" / "alerts.md"
GROUPS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text())["groups"]
ALERTS = list(chain.from_iterable(group["rules"] for group in GROUPS))
NAMES = [rule["alert"] for rule in ALERTS]


def load(url: str, scenarios: Iterable[Scenario]) -> None:
    """Put all of them into one server; labels keep them apart."""
    for scenario in scenarios:
        requests.post(f"{url}/api/v1/import", scenario.lines(), timeout=10).raise_for_status()
    requests.get(f"{url}/internal/force_flush", timeout=10).raise_for_status()


def vmalert(*flags: str) -> subprocess.CompletedProcess[str]:
    """Run the rules with these flags to the end."""
    command = [str(find_binary("vmalert")), f"-rule={RULES}", *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def replay(url: str) -> None:
    """Evaluate the rules over the last hours; their alerts become series of the same server."""
    done = vmalert(
        f"-datasource.url={url}",
        f"-remoteWrite.url={url}",
        f"-replay.timeFrom={_text(NOW - REPLAYED)}",
        f"-replay.timeTo={_text(NOW)}",
        "-replay.rulesDelay=1ms",
        "-replay.disableProgressBar",
        "-httpListenAddr=127.0.0.1:0",
    )
    assert done.returncode == 0, done.stderr[-3000:]
    requests.get(f"{url}/internal/force_flush", timeout=10).raise_for_status()


def firing(url: str, states: Sequence[str] = ("firing",)) -> dict[str, set[tuple[str, str]]]:
    """The alerts of each scenario at the end of the replay, with their assets."""
    answer = requests.get(
        f"{url}/api/v1/export",
        params={"match[]": "ALERTS", "start": str(ago(0.1)), "end": str(ago(0))},
        timeout=10,
    )
    found: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for line in answer.text.splitlines():
        metric = orjson.loads(line)["metric"]
        if metric["alertstate"] in states:
            name = metric.get("user") or metric["instance"]
            found[name].add((metric["alertname"], metric.get("asset", "")))
    return found


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


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
    if scenario.name == "failed-just-now":  # which waits for its repair before it fires
        pending = firing(server.url, ("pending",))[scenario.name]
        assert pending == {("SyncbitSyncFailing", "sleep")}


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
def test_each_rule_asks_for_known_metrics_is_explained_and_seen_firing_and_silent(
    rule: dict[str, Any],
) -> None:
    name, asked = rule["alert"], set(re.findall(r"\b(?:syncbit|vm)_\w+", rule["expr"]))
    assert asked
    own = {row.name for row in OWN_METRICS}
    assert {one for one in asked if one.startswith("syncbit_")} <= own
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"]["runbook"] == f"docs/alerts.md#{name.lower()}"
    concerned = [
        one
        for one in SCENARIOS
        if asked & {key if isinstance(key, str) else key[0] for key in one.series}
    ]
    assert {name in {alert for alert, _ in one.fires} for one in concerned} == {True, False}


def test_the_guide_has_a_section_for_each_rule_and_no_other() -> None:
    assert re.findall(r"^### (\w+)$", GUIDE.read_text(), re.MULTILINE) == NAMES
