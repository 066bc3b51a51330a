"""Write the generated references from the tables of the code; `--check` only compares."""

from __future__ import annotations

import sys
from pathlib import Path

from syncbit_dagster.catalog import ASSETS, METRICS, metrics_of
from syncbit_dagster.catalog.locations import (
    BodyLog,
    DailyRollUp,
    Difference,
    IntradaySeries,
    NightlyValue,
    OverSquare,
    RollUp,
    SleepLog,
    SleepSession,
    TimeSeries,
    WebDevice,
)
from syncbit_dagster.config import VARIABLES
from syncbit_dagster.telemetry import OWN_METRICS
from tools.grafana import files as dashboard_files

ROOT = Path(__file__).parents[1]
GRAFANA = "deploy/grafana"
NOTE = "<!-- Written by `make docs` from the code; edits here are lost. -->\n\n"
_WEB: dict[type, str] = {  # locations of the Fitbit Web API, in words
    TimeSeries: "activities/{0.resource} `{0.path}`",
    NightlyValue: "{0.endpoint} `{0.path}`",
    SleepLog: "sleep `{0.path}` ({0.of})",
    BodyLog: "body/log/weight `{0.path}`",
    IntradaySeries: "activities/{0.resource} intraday `value`",
    WebDevice: "devices `{0.path}`",
}


def metric_reference() -> str:
    """Every metric, asset by asset, with the place each provider keeps it."""
    lines = [
        NOTE + "# Metrics\n",
        "Every series carries the labels `user` and `device`. Timestamps are UTC: a daily value",
        "sits at the local midnight that begins its day, an intraday value at the start of its",
        "interval. A missing value is no sample.\n",
        "Where a provider gives two values for one time, equal ones are one. Of different ones the",
        "last entry stands in logs (body, sleep), the larger one in counts (0 is *measured*), and",
        "the mean in readings; the check `readable` counts them.\n",
    ]
    for asset in ASSETS:
        lines += [f"## {asset.name}\n", asset.description + "\n"]
        lines += [
            "| metric | labels | unit | 0 is | Google Health | Fitbit Web API | Takeout |",
            "|---|---|---|---|---|---|---|",
        ]
        for metric in metrics_of(asset.name):
            labels = [f"{name}={value}" for name, value in metric.labels.items()]
            lines.append(
                f"| `{metric.name}` | {', '.join([*labels, *metric.provider_labels])} "
                f"| {metric.unit} | {metric.zero.value} "
                f"| {location(metric.google_health)} | {location(metric.fitbit_web)} "
                f"| {location(metric.takeout)} |"
            )
        lines.append("")
    return "\n".join([*lines, *today_metrics(), *own_metrics()])


def today_metrics() -> list[str]:
    """The totals of the day that is not over."""
    lines = [
        "## Today so far\n",
        "A total has its sample once its day is settled. Until then the day so far is a series of",
        "its own, with the total's labels and unit: one sample at each sync, at the instant of the",
        "sync, of the current day only",
        "([Days that are not over](unattended.md#provisional-days)).\n",
        "| total | today so far |",
        "|---|---|",
    ]
    names = {metric.name: metric.today for metric in METRICS if metric.is_total}
    return [*lines, *(f"| `{name}` | `{today}` |" for name, today in names.items()), ""]


def own_metrics() -> list[str]:
    """What the project says about itself."""
    lines = [
        "## Own metrics\n",
        "About the sync itself. Each run leaves one sample of each series at its end; where there",
        "is a *when*, only then. Queries and alerts: [Own metrics and alerts](alerts.md).\n",
        "| metric | labels | unit | kind | what | when |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{row.name}` | {', '.join(row.labels)} | {row.unit} | {row.kind} "
        f"| {row.description} | {row.when} |"
        for row in OWN_METRICS
    ]
    return [*lines, ""]


def location(place: object) -> str:
    """Where a provider keeps a value, in words."""
    if place is None:
        return "-"
    method = {DailyRollUp: " dailyRollUp", RollUp: " rollUp"}.get(type(place), "")
    if isinstance(place, SleepSession):
        share = f" as percent of `{place.percent_of}`" if place.percent_of else ""
        return f"sleep `{place.path}`{share} ({place.of})"
    if isinstance(place, OverSquare):
        return f"{location(place.value)} over the square of {location(place.divisor)}"
    if isinstance(place, Difference):
        return f"{location(place.value)} minus {location(place.minus)}"
    if type(place) in _WEB:
        return _WEB[type(place)].format(place)
    kind = getattr(place, "data_type", None) or getattr(place, "file", None)
    name = kind or "pairedDevices"
    minus = f" minus `{place.minus_path}`" if getattr(place, "minus_path", None) else ""
    over = f" over `{place.over_path}`" if getattr(place, "over_path", None) else ""
    other = getattr(place, "or_else", None)
    instead = f", else {location(other)}" if other else ""
    return f"{name}{method} `{place.path}`{minus}{over}{instead}"  # type: ignore[attr-defined]


def configuration_reference() -> str:
    """Every environment variable."""
    lines = [
        NOTE + "# Configuration\n",
        "Set variables in a `.env` file in the working directory, or in the environment. `.env`",
        "wins: Dagster puts it over the environment of its processes, so every command does the",
        "same. `syncbit doctor` names a variable that both set to different values. A `$` in a",
        "value stands for itself. Every variable can also be a file: `/run/secrets/<lower-case",
        "name>` wins over both. A wrong value is refused at start, with the legal ones.\n",
        "Of [many accounts](accounts.md), each may have its own, but for those marked *all*: they",
        "hold for all accounts and come from the environment.\n",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    lines += [
        f"| `{row.name}`{' *all*' if row.is_common else ''} | {row.default or ''} | {row.meaning} |"
        for row in VARIABLES
    ]
    return "\n".join([*lines, ""])


def files() -> dict[str, str]:
    """Text by path below the project."""
    grafana = dashboard_files(METRICS, ASSETS, OWN_METRICS)
    return {
        "docs/metrics.md": metric_reference(),
        "docs/configuration.md": configuration_reference(),
    } | {f"{GRAFANA}/{path}": text for path, text in grafana.items()}


def main() -> int:
    """Write the files, or say which of them are not up to date."""
    wanted = files()
    held = {
        str(path.relative_to(ROOT)): path.read_text()
        for path in (*(ROOT / name for name in wanted), *(ROOT / GRAFANA).glob("*/*.json"))
        if path.exists()
    }
    stale = sorted(name for name in held | wanted if held.get(name) != wanted.get(name))
    if "--check" in sys.argv:
        if stale:
            print(f"Run `make docs`: {', '.join(stale)} differ from the code.")
        return 1 if stale else 0
    for name in stale:
        path = ROOT / name
        if name in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[name])
        else:
            path.unlink()
    return 0


if __name__ == "__main__":
    assert METRICS  # noqa: S101 - an empty table would write an empty reference
    sys.exit(main())
