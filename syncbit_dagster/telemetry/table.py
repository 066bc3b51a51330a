"""The table of own metrics: one row each; recorder, reference, dashboards and alert rules use it.

What happened in a run (``syncbit_run_*``) is a gauge with one sample a run, zero included, at the
run's end. Every run is a process of its own, so a counter would begin anew with each of them, or
need a state that all processes share and none may lose. One sample a run needs nothing and loses
nothing: ``sum_over_time(syncbit_run_requests[1d])`` is exactly what a day's runs sent, where
``increase()`` over a counter guesses at its ends and misses a first sample altogether.

What is true at an instant (the rest) is a gauge as well: samples come with runs only, so a query
looks back far enough, ``last_over_time(syncbit_lag_seconds[30d])``. The two counters are counted
where all processes share them already: with the token and with the budget.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["gauge", "counter"]


@dataclass(frozen=True)
class OwnMetric:
    """One row.

    Attributes:
        name: of the metric.
        unit: of its values.
        description: one sentence for the reference.
        labels: what a series carries beside the account's ``user`` and ``device``.
        kind: how it behaves in time.
        when: what else has to be so for there to be a sample; empty: each run leaves one.
    """

    name: str
    unit: str
    description: str
    labels: tuple[str, ...] = ()
    kind: Kind = "gauge"
    when: str = ""


_ASSET = ("asset",)
_STORED = "the asset was written, in part at least"

OWN_METRICS: tuple[OwnMetric, ...] = (
    OwnMetric(
        "syncbit_run_requests",
        "requests",
        "Requests that the run sent for the asset, repeated ones included.",
        _ASSET,
    ),
    OwnMetric(
        "syncbit_run_retries",
        "requests",
        "Those of them that were sent again, after a 429, a 5xx, a refused token or no answer.",
        _ASSET,
    ),
    OwnMetric(
        "syncbit_run_rate_limited",
        "answers",
        "Answers 429 among them.",
        _ASSET,
    ),
    OwnMetric(
        "syncbit_run_wait_seconds",
        "s",
        "How long the run waited for the request budget and before it sent something again.",
        _ASSET,
    ),
    OwnMetric(
        "syncbit_run_samples_added",
        "samples",
        "Samples of the asset that are new in the store since the run.",
        _ASSET,
        when=_STORED,
    ),
    OwnMetric(
        "syncbit_run_samples_changed",
        "samples",
        "Samples that were there before, with another value.",
        _ASSET,
        when=_STORED,
    ),
    OwnMetric(
        "syncbit_run_samples_removed",
        "samples",
        "Samples that were there before and are gone.",
        _ASSET,
        when=_STORED,
    ),
    OwnMetric(
        "syncbit_run_partitions_failed",
        "partitions",
        "Partitions of the run that were asked for and are not stored.",
        _ASSET,
        when="the asset is partitioned, and may be read",
    ),
    OwnMetric(
        "syncbit_partitions_missing",
        "partitions",
        "Ended days of the asset's history that Dagster has no materialization of.",
        _ASSET,
        when="the asset's history is filled by itself",
    ),
    OwnMetric(
        "syncbit_lag_seconds",
        "s",
        "Age of the asset's newest sample.",
        _ASSET,
        when="the run was for the newest partition too, and its days have samples",
    ),
    OwnMetric(
        "syncbit_last_success_timestamp_seconds",
        "unix s",
        "End of the last run that stored all that it was to store of the asset.",
        _ASSET,
        when="the run did so",
    ),
    OwnMetric(
        "syncbit_last_failure_timestamp_seconds",
        "unix s",
        "End of the last run that failed and had not finished the asset.",
        _ASSET,
        when="a run failed; written by the sensor `run_failures`, also of runs that just died",
    ),
    OwnMetric(
        "syncbit_quota_used",
        "requests",
        "Requests of all processes that count in the quota's window.",
    ),
    OwnMetric(
        "syncbit_quota_remaining",
        "requests",
        "Requests that are left in it.",
    ),
    OwnMetric(
        "syncbit_quota_waits_total",
        "requests",
        "Requests of all processes that ever had to wait for the budget.",
        kind="counter",
    ),
    OwnMetric(
        "syncbit_token_age_seconds",
        "s",
        "Time since the access token was obtained.",
    ),
    OwnMetric(
        "syncbit_token_expiry_timestamp_seconds",
        "unix s",
        "End of the access token; the next request after it refreshes it.",
    ),
    OwnMetric(
        "syncbit_token_refreshes_total",
        "refreshes",
        "How often the token was refreshed since the user's consent.",
        kind="counter",
    ),
    OwnMetric(
        "syncbit_token_testing_days_left",
        "d",
        "Days until the authorization itself ends.",
        when="it has an end: of a Google app that is still in Testing",
    ),
)
