"""The account's own figures into the store, after a run: what is left of the budget, the token."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from syncbit_dagster.account.figures import account_series
from syncbit_dagster.errors import SyncbitError
from syncbit_dagster.opening import quota_figures
from syncbit_dagster.samples import from_series
from syncbit_dagster.stores.base import Slice

if TYPE_CHECKING:
    from datetime import datetime

    from syncbit_dagster.config import Settings
    from syncbit_dagster.stores.base import Store

log = logging.getLogger(__name__)


def record(store: Store, settings: Settings, now: datetime) -> None:
    """Add one sample of each figure at ``now``. What is wrong here fails no run."""
    if settings.is_offline:
        return
    account = settings.account
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)  # samples sit at milliseconds
    try:
        series = account_series(account.labels, now, quota_figures(settings), account.tokens.load())
        metrics = tuple(one.metric for one in series)
        target = Slice(metrics, account.labels, now, now + timedelta(milliseconds=1))
        store.replace(target, from_series(series))
    except SyncbitError as error:
        log.warning("The account's own figures are not stored: %s", error)
