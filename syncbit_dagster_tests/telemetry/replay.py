"""Samples into a real VictoriaMetrics, the rules over them by a real vmalert, alerts back."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import requests

from syncbit_dagster_tests.victoriametrics import find_binary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

RULES = Path(__file__).parents[2] / "deploy" / "vmalert" / "rules.yml"
NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
REPLAYED = timedelta(hours=9)  # longer than any rule waits before it fires

Samples = list[tuple[float, float]]


def ago(hours: float) -> float:
    """That long before the end of the replay, in seconds since the epoch."""
    return (NOW - timedelta(hours=hours)).timestamp()


def steadily(hours: float, value: float, *, growth_per_hour: float = 0.0) -> Samples:
    """A sample every five minutes until now; ``value`` is the last one's."""
    steps = int(hours * 12)
    return [(step / 12, value - growth_per_hour * step / 12) for step in range(steps, -1, -1)]


@dataclass(frozen=True)
class Scenario:
    """What is in the store, and which alerts fire in the end.

    Attributes:
        name: the label that the alerts are told apart by.
        series: samples (hours before now, value) by metric, or by metric and asset.
        fires: alerts, by asset where they have one.
        label: ``user``, or ``instance`` for VictoriaMetrics' own metrics.
    """

    name: str
    series: Mapping[str | tuple[str, str], Samples]
    fires: frozenset[tuple[str, str]] = field(default=frozenset())
    label: str = "user"

    def lines(self) -> bytes:
        """The samples as VictoriaMetrics imports them."""
        return b"\n".join(
            orjson.dumps(
                {
                    "metric": {"__name__": metric, "device": "fitbit", self.label: self.name}
                    | ({"asset": asset} if asset else {}),
                    "timestamps": [int(ago(hours) * 1000) for hours, _ in samples],
                    "values": [value for _, value in samples],
                }
            )
            for key, samples in self.series.items()
            for metric, asset in [key if isinstance(key, tuple) else (key, "")]
        )


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
