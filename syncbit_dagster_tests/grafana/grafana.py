"""What Grafana does between a dashboard's JSON and a Prometheus API, written down once more.

Variables are asked for and substituted; the step follows from range, panel and query; a range is
aligned to the step by the UTC offset that the dashboard's zone has at its end; instant queries are
asked at that end, unaligned.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import requests

from syncbit_dagster_tests.waiting import HANGS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json = dict[str, Any]
DEPLOY = Path(__file__).parents[2] / "deploy" / "grafana"
DASHBOARDS: dict[str, Json] = {
    path.stem: json.loads(path.read_text()) for path in sorted(DEPLOY.glob("dashboards/*.json"))
}
PANEL_POINTS = 1000
SAFE_POINTS = 11_000
_SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 604_800}
# Up to so many seconds a point, this step is taken.
_STEPS = (
    (90, 60), (210, 120), (450, 300), (750, 600), (1050, 900), (1500, 1200), (2700, 1800),
    (5400, 3600), (9000, 7200), (16_200, 10_800), (32_400, 21_600), (86_400, 43_200),
    (604_800, 86_400), (1_814_400, 604_800),
)  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """A series on a panel: instants in seconds, ascending, and values."""

    labels: Mapping[str, str]
    points: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Reader:
    """Somebody who looks at a dashboard, from a zone and at a range."""

    url: str
    dashboard: Json
    zone: str
    start: datetime
    end: datetime

    @cached_property
    def variables(self) -> dict[str, str]:
        """The variables' values when the dashboard is opened."""
        known = {"__timezone": self.zone}
        for variable in self.dashboard["templating"]["list"]:
            query = _substitute(variable["query"], known)
            if variable["type"] == "query":
                known[variable["name"]] = self._options(query, variable.get("regex", ""))[0]
            else:
                known[variable["name"]] = query
        return known

    def panels(self) -> Iterator[Json]:
        """All panels that ask something."""
        return (panel for panel in self.dashboard["panels"] if panel["type"] != "row")

    def panel(self, title: str, kind: str) -> Json:
        """The one panel of a title and type."""
        (found,) = (p for p in self.panels() if (p["title"], p["type"]) == (title, kind))
        return found

    def draw(self, panel: Json, target: Json) -> list[Drawn]:
        """The series that a target of a panel brings."""
        step = self.step(panel, target)
        known = self.variables | {"__interval": f"{step}s"}
        arguments: Json = {"query": _substitute(target["expr"], known), "nocache": "1"}
        if target["instant"]:
            return self._ask("query", arguments | {"time": self.end.timestamp()})
        start, end = self.grid(step)
        return self._ask("query_range", arguments | {"start": start, "end": end, "step": step})

    def step(self, panel: Json, target: Json) -> int:
        """The step of a target, in seconds."""
        length = (self.end - self.start).total_seconds()
        text = target.get("interval") or panel.get("interval") or "1m"
        least = int(text[:-1]) * _SECONDS[text[-1]]
        wanted = length / panel.get("maxDataPoints", PANEL_POINTS)
        if wanted <= least:
            return least
        rounded = next(step for limit, step in _STEPS if wanted <= limit)
        return max(rounded, least)

    def grid(self, step: int) -> tuple[int, int]:
        """First and last point of a range query."""
        offset = self._local(int(self.end.timestamp())).utcoffset()
        assert offset is not None
        shift = int(offset.total_seconds())
        start, end = (
            (int(instant.timestamp()) + shift) // step * step - shift
            for instant in (self.start, self.end)
        )
        assert (end - start) // step < SAFE_POINTS
        return start, end

    def dates(self) -> list[date]:
        """The dates of the points of a daily panel; one may be there twice or not at all."""
        start, end = self.grid(86_400)
        return [self.date_of(instant) for instant in range(start, end + 1, 86_400)]

    def date_of(self, instant: int) -> date:
        """The date that a reader sees below a point."""
        return self._local(instant).date()

    def _local(self, instant: int) -> datetime:
        zone = ZoneInfo("UTC" if self.zone == "utc" else self.zone)
        return datetime.fromtimestamp(instant, UTC).astimezone(zone)

    def _ask(self, path: str, arguments: Json) -> list[Drawn]:
        answer = requests.post(f"{self.url}/api/v1/{path}", data=arguments, timeout=HANGS_SECONDS)
        assert answer.ok, f"{arguments['query']}\n{answer.text}"
        return [
            Drawn(
                one["metric"],
                tuple((int(t), float(v)) for t, v in one.get("values") or [one["value"]]),
            )
            for one in answer.json()["data"]["result"]
        ]

    def _options(self, query: str, pattern: str) -> list[str]:
        """What a query variable offers."""
        if asked := re.fullmatch(r"label_values\((.+), (\w+)\)", query):
            parameters = {
                "match[]": asked[1],
                "start": str(self.start.timestamp()),
                "end": str(self.end.timestamp()),
            }
            address = f"{self.url}/api/v1/label/{asked[2]}/values"
            found = requests.get(address, params=parameters, timeout=HANGS_SECONDS).json()["data"]
        else:
            asked = re.fullmatch(r"query_result\((.+)\)", query)
            assert asked, query
            drawn = self._ask("query", {"query": asked[1], "time": self.end.timestamp()})
            found = [
                "{" + ",".join(f'{name}="{value}"' for name, value in one.labels.items()) + "} 1 1"
                for one in drawn
            ]
        if pattern:
            matches = (re.search(pattern.strip("/"), text) for text in found)
            found = [match[1] for match in matches if match]
        return sorted(found)


def _substitute(text: str, variables: Mapping[str, str]) -> str:
    """A variable as ``$name``, ``${name}`` or ``${name:format}``; an unknown one is an error."""
    return re.sub(
        r"\$(?:\{(\w+)(?::raw)?\}|(\w+))", lambda found: variables[found[1] or found[2]], text
    )
