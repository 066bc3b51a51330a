"""For each alert rule, a store in which it fires and stores in which it does not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

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


SUCCESS, FAILURE = (f"syncbit_last_{what}_timestamp_seconds" for what in ("success", "failure"))
LAG = "syncbit_lag_seconds"
REFUSED = "syncbit_access_refused"
ASIDE = "syncbit_run_set_aside"
LIMITED, LEFT = "syncbit_run_rate_limited", "syncbit_quota_remaining"
DAYS_LEFT, REFRESHES = "syncbit_token_testing_days_left", "syncbit_token_refreshes_total"
SIZE, FREE = "vm_data_size_bytes", "vm_free_disk_space_bytes"
GIB = 1024.0**3
HOUR = 3600.0


def at(*hours: float) -> Samples:
    """Events, each noted when it happened, with its time as the value."""
    return [(one, ago(one)) for one in hours]


def fires(*alerts: str, asset: str = "") -> frozenset[tuple[str, str]]:
    return frozenset((f"Syncbit{alert}", asset) for alert in alerts)


OVERDUE = [
    Scenario("synced-yesterday", {(SUCCESS, "sleep"): at(72, 48, 24)}),
    Scenario("one-asset-of-two", {(SUCCESS, "sleep"): at(96), (SUCCESS, "body"): at(35)}),
    Scenario("silent", {(SUCCESS, "sleep"): at(62, 37)}, fires("SyncOverdue")),
    Scenario("silent-for-weeks", {(SUCCESS, "sleep"): at(28 * 24)}, fires("SyncOverdue")),
]
FAILING = [
    Scenario("repaired", {(SUCCESS, "sleep"): at(24, 2), (FAILURE, "sleep"): at(12, 8, 3)}),
    Scenario("failed-just-now", {(SUCCESS, "sleep"): at(24), (FAILURE, "sleep"): at(4)}),
    Scenario(
        "failing",
        {(SUCCESS, "sleep"): at(24), (FAILURE, "sleep"): at(8, 2), (SUCCESS, "body"): at(1)},
        fires("SyncFailing", asset="sleep"),
    ),
    Scenario("never-succeeded", {(FAILURE, "body"): at(7)}, fires("SyncFailing", asset="body")),
    Scenario(
        "noted-late",  # the sensor came back after a success: what it notes is older
        {(SUCCESS, "sleep"): at(9), (FAILURE, "sleep"): [(8.5, ago(10))]},
    ),
]
STALE = [
    Scenario("fresh", {(LAG, "heart_rate"): [(24, 29 * HOUR), (1, 12 * HOUR)]}),
    Scenario(
        "watch-in-the-drawer",  # runs go on and find nothing, so none says how old the newest is
        {(LAG, "heart_rate"): [(60, 20 * HOUR)], (SUCCESS, "heart_rate"): at(36, 12)},
        fires("DataStale", asset="heart_rate"),
    ),
    Scenario(
        "old-when-it-came",
        {(LAG, "activity_summary"): [(1, 90 * HOUR)]},
        fires("DataStale", asset="activity_summary"),
    ),
    Scenario("caught-up", {(LAG, "heart_rate"): [(30, 90 * HOUR), (2, 14 * HOUR)]}),
    Scenario("nobody-weighs-daily", {(LAG, "body"): [(200, 90 * HOUR)]}),
]
STOPPED = [
    Scenario(
        "one-has-stopped",
        {
            (LAG, "sleep"): [(400, 30 * HOUR), (350, 29 * HOUR), (300, 30 * HOUR)],
            (LAG, "heart_rate"): [(24, 29 * HOUR), (1, 12 * HOUR)],
        },
        fires("SeriesStopped", asset="sleep"),
    ),
    Scenario(
        "a-weight-a-week",
        {
            (LAG, "body"): [(200, 90 * HOUR), (100, 100 * HOUR)],
            (LAG, "heart_rate"): [(24, 29 * HOUR), (1, 12 * HOUR)],
        },
    ),
    Scenario("refused", {REFUSED: [(30, 0.0), (5, 1.0)]}, fires("AccessRefused")),
    Scenario("allowed-again", {REFUSED: [(5, 1.0), (1, 0.0)]}),
]
UNREADABLE = [
    Scenario("odd-for-a-day", {(ASIDE, "sleep"): [(60, 0.0), (36, 2.0), (12, 0.0)]}),
    Scenario("odd-now", {(ASIDE, "sleep"): [(30, 0.0), (6, 2.0)]}),
    Scenario(
        "odd-for-days",
        {(ASIDE, "sleep"): [(one, 2.0) for one in (84, 72, 60, 48, 36, 24, 12, 1)]},
        fires("DataUnreadable", asset="sleep"),
    ),
]
QUOTA = [
    Scenario("a-few-429s", {(LIMITED, "sleep"): [(5, 4.0), (3, 0.0)], (LIMITED, "body"): [(1, 6)]}),
    Scenario(
        "many-429s",
        {(LIMITED, "sleep"): [(5, 4.0), (3, 3.0)], (LIMITED, "body"): [(1, 4)]},
        fires("QuotaExhausted"),
    ),
    Scenario("long-ago", {(LIMITED, "sleep"): [(20, 400.0), (1, 0.0)]}),
    Scenario("one-long-run", {LEFT: [(5, 0.0)]}),
    Scenario("left-over", {LEFT: [(5, 0.0), (3, 12.0), (1, 0.0)]}),
    Scenario("nothing-left", {LEFT: [(5, 0.0), (3, 0.0), (1, 0.0)]}, fires("QuotaExhausted")),
]
ABSENT = [
    Scenario("all-there", {("syncbit_run_samples_absent", "body"): [(5, 0.0), (1, 0.0)]}),
    Scenario(
        "a-weight-was-deleted",
        {("syncbit_run_samples_absent", "body"): [(20, 1.0), (1, 0.0)]},
        fires("SamplesAbsent", asset="body"),
    ),
    Scenario("settled-days-ago", {("syncbit_run_samples_absent", "body"): [(30, 1.0), (1, 0.0)]}),
]
TOKEN = [
    Scenario("new-in-testing", {DAYS_LEFT: [(24, 6.5), (1, 5.5)], REFRESHES: [(24, 1), (1, 2)]}),
    Scenario(
        "ends-soon",
        {DAYS_LEFT: [(24, 2.9), (1, 1.9)], REFRESHES: [(24, 8), (1, 9)]},
        fires("TokenEnding"),
    ),
    Scenario(
        "ends-while-nobody-looks",
        {DAYS_LEFT: [(100, 5.0)], REFRESHES: [(100, 8)]},
        fires("TokenEnding"),
    ),
    Scenario("has-ended", {DAYS_LEFT: [(1, -1.0)], REFRESHES: [(1, 9)]}, fires("TokenEnding")),
    Scenario("published", {DAYS_LEFT: [(24, 1.5)], REFRESHES: [(24, 9), (1, 0)]}),
]
STORAGE = [
    Scenario("steady", {SIZE: steadily(40, 5 * GIB, growth_per_hour=GIB / 30)}, label="instance"),
    Scenario(
        "grows",
        {SIZE: steadily(40, 5 * GIB, growth_per_hour=GIB / 20)},
        fires("StorageGrowth"),
        label="instance",
    ),
    Scenario("young", {SIZE: steadily(12, 5 * GIB, growth_per_hour=GIB / 5)}, label="instance"),
    Scenario(
        "room-for-weeks",
        {FREE: steadily(16, 50 * GIB, growth_per_hour=-0.1 * GIB)},
        label="instance",
    ),
    Scenario(
        "fills",
        {FREE: steadily(16, 50 * GIB, growth_per_hour=-GIB)},
        fires("StorageFull"),
        label="instance",
    ),
]
SCENARIOS = [*OVERDUE, *FAILING, *STALE, *STOPPED, *UNREADABLE, *QUOTA, *ABSENT, *TOKEN, *STORAGE]
