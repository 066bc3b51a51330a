"""The account's own figures as series, so that an alert can say more than a failed run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from syncbit_dagster.civil import to_milliseconds
from syncbit_dagster.samples import Series, encode_labels

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from syncbit_dagster.account.tokens import Token


@dataclass(frozen=True)
class QuotaFigures:
    """A quota's window now: requests that count, requests that are left, and waits ever."""

    used: int
    remaining: int
    waits: int


def account_series(
    labels: Mapping[str, str], now: datetime, quota: QuotaFigures | None, token: Token | None
) -> list[Series]:
    """One sample at ``now`` for each figure that is known; what is unknown has none.

    Args:
        labels: the account's.
        now: aware.
        quota: None for a provider without requests.
        token: None before the first authorization.
    """
    values: dict[str, float | None] = {}
    if quota is not None:
        values |= {
            "syncbit_quota_remaining": quota.remaining,
            "syncbit_quota_used": quota.used,
            "syncbit_quota_waits_total": quota.waits,
        }
    if token is not None:
        values |= {
            "syncbit_token_refreshes_total": token.refreshes,
            "syncbit_token_age_seconds": token.age_seconds(now),
            "syncbit_token_testing_days_left": token.testing_days_left(now),
        }
    text, instant = encode_labels(labels), to_milliseconds(now)
    return [
        Series(name, text, np.array([instant], np.int64), np.array([value], np.float64))
        for name, value in values.items()
        if value is not None
    ]
