"""From what is known to samples of the table's metrics. What is unknown has no sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from syncbit_dagster.core.civil import to_milliseconds
from syncbit_dagster.core.samples import Series, encode_labels
from syncbit_dagster.telemetry.table import OWN_METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date, datetime

    from syncbit_dagster.account.tokens import Token
    from syncbit_dagster.quota.quota import QuotaFigures
    from syncbit_dagster.telemetry.run import AssetFigures, RunFigures

_ROWS = {row.name: row for row in OWN_METRICS}


class Value(NamedTuple):
    """A metric's value now; None: unknown. ``asset`` is its label, for metrics that have it."""

    metric: str
    value: float | None
    asset: str | None = None


def series_of(
    values: Iterable[Value], account_labels: Mapping[str, str], now: datetime
) -> list[Series]:
    """One sample at ``now`` for each value that is known.

    Args:
        values: in the units of the table.
        account_labels: ``user`` and ``device``.
        now: aware, in whole milliseconds.

    Raises:
        KeyError: a metric is not in the table.
        ValueError: a metric has a label that the table does not give it, or lacks one.
    """
    instant = np.array([to_milliseconds(now)], np.int64)
    return [
        Series(one.metric, _labels(one, account_labels), instant, np.array([one.value], np.float64))
        for one in values
        if one.value is not None
    ]


def account_values(now: datetime, quota: QuotaFigures, token: Token | None) -> Iterator[Value]:
    """How budget and token stand.

    Args:
        now: aware.
        quota: of the account.
        token: None before the first authorization.
    """
    yield Value("syncbit_quota_remaining", quota.remaining)
    if token is not None:
        yield Value("syncbit_token_refreshes_total", token.refreshes)
        yield Value("syncbit_token_testing_days_left", token.testing_days_left(now))


def run_values(run: RunFigures, now: datetime, newest_day: date) -> Iterator[Value]:
    """What a run did.

    Args:
        run: what was written down.
        now: the run's end, aware.
        newest_day: the newest partition that there is.
    """
    yield Value("syncbit_access_refused", int(run.is_refused))
    for asset, figures in sorted(run.assets.items()):
        for metric, value in _of_asset(figures, now, newest_day):
            yield Value(metric, value, asset)


def _of_asset(
    figures: AssetFigures, now: datetime, newest_day: date
) -> Iterator[tuple[str, float | None]]:
    yield "syncbit_run_rate_limited", figures.rate_limited
    yield "syncbit_run_set_aside", figures.set_aside
    yield "syncbit_run_samples_absent", sum(one.samples for one in figures.absent)
    # A run over old days says nothing about the newest sample.
    if figures.newest is not None and (figures.until is None or figures.until >= newest_day):
        yield "syncbit_lag_seconds", (to_milliseconds(now) - figures.newest) / 1000
    if figures.is_finished:
        yield "syncbit_last_success_timestamp_seconds", int(now.timestamp())


def _labels(value: Value, account_labels: Mapping[str, str]) -> str:
    own = {} if value.asset is None else {"asset": value.asset}
    if tuple(own) != _ROWS[value.metric].labels:
        raise ValueError(
            f"{value.metric} has the labels {_ROWS[value.metric].labels}, not {tuple(own)}."
        )
    return encode_labels({**account_labels, **own})
