"""The table of own metrics: one row each; recorder, reference, dashboards and alert rules use it.

They are what alerts and the board of the sync need; requests and samples of a run stand in the
metadata of its materializations.

``syncbit_run_*`` are gauges with one sample a run, zero included: each run is a process
of its own, so a counter would begin anew. ``sum_over_time(...[1d])`` adds up exactly. The rest is
true at an instant; samples come with runs only, so a query looks back far enough:
``last_over_time(syncbit_lag_seconds[30d])``. The counter is kept with the token.
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

OWN_METRICS: tuple[OwnMetric, ...] = (
    OwnMetric(
        "syncbit_run_rate_limited",
        "answers",
        "Answers 429 among them.",
        _ASSET,
    ),
    OwnMetric(
        "syncbit_run_set_aside",
        "elements",
        "Elements of the provider's answers that could not be read and were left out.",
        _ASSET,
    ),
    OwnMetric(
        "syncbit_run_samples_absent",
        "samples",
        "Stored samples that the provider's answer lacked; they stay until a later day's answer.",
        _ASSET,
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
        "syncbit_access_refused",
        "0 or 1",
        "Whether the provider refused everything to this app in the run.",
    ),
    OwnMetric(
        "syncbit_quota_remaining",
        "requests",
        "Requests that are left in it.",
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
