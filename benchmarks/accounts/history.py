"""Ten years in Dagster's own records, without the runs that would write them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg
import sqlalchemy as db

from benchmarks.accounts.designs import ACCOUNTS, DAYS, FIRST, account_name

if TYPE_CHECKING:
    from benchmarks.accounts.designs import Design

ALL_DAYS = tuple(FIRST + timedelta(days=number) for number in range(DAYS))
# The columns that Dagster looks at to tell which partitions are there.
ONE_DAY = """INSERT INTO event_logs
  (run_id, event, dagster_event_type, timestamp, asset_key, partition)
  SELECT '', '{}', 'ASSET_MATERIALIZATION', CURRENT_TIMESTAMP, asset_key, before || :day
  FROM remembered"""


def remember(instance: dg.DagsterInstance, design: Design, count: int) -> int:
    """One asset of every account is materialized for all days; returns the number of events."""
    names = [account_name(number) for number in range(count)]
    instance.add_dynamic_partitions(ACCOUNTS, names)
    newest = ALL_DAYS[-1]
    first_text = FIRST.isoformat()
    has_days = design.partition(names[0], FIRST).endswith(first_text)
    accounts = [
        {
            "asset_key": dg.AssetKey(design.key(name)).to_string(),
            "before": design.partition(name, FIRST).removesuffix(first_text),
        }
        for name in names
    ]
    with instance.event_log_storage.index_connection() as connection:
        connection.execute(db.text("CREATE TEMPORARY TABLE remembered (asset_key, before)"))
        connection.execute(db.text("INSERT INTO remembered VALUES (:asset_key, :before)"), accounts)
        # Day by day over all accounts, as years of daily runs would have written them.
        for day in ALL_DAYS[:-1]:
            connection.execute(db.text(ONE_DAY), {"day": day.isoformat() if has_days else ""})
        connection.execute(db.text("DROP TABLE remembered"))
    for name in names:  # whole events, which Dagster reads
        key, partition = dg.AssetKey(design.key(name)), design.partition(name, newest)
        instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=partition))
    return len(ALL_DAYS) * count
