"""Real runs of the project's jobs by a clock of the test's own, and what they leave behind."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.catalog import ASSETS, metrics_of
from syncbit_dagster.core.samples import decode_labels
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.defs.run_requests import range_run
from syncbit_dagster.factories import open_store
from syncbit_dagster.stores.base import Slice
from syncbit_dagster.telemetry import OWN_METRICS
from syncbit_dagster_tests.defs.running import note_failure

if TYPE_CHECKING:
    from syncbit_dagster.config import Settings
    from syncbit_dagster.core.civil import DayRange
    from syncbit_dagster_tests.defs.wearer import Wearer
    from syncbit_dagster_tests.emulated import EmulatedAccount

JOB = "daily_sync"
NOON = datetime(2025, 10, 30, 12, tzinfo=UTC)
# Little to fetch: what always is there, and the devices.
FEW = {asset.collect: "false" for asset in ASSETS if asset.collect and asset.name != "devices"}

Figures = dict[tuple[str, str | None], list[float]]


@dataclass
class Stage:
    """An account, its wearer, the clock of both, and every wait, which nobody waits out."""

    account: EmulatedAccount
    person: Wearer
    instance: dg.DagsterInstance
    clock: list[datetime]
    variables: dict[str, str] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings: Settings = self.account.settings(**(FEW | self.variables))
        self.definitions = build_definitions(
            self.settings, now=lambda: self.clock[0], sleep=self.waits.append
        )

    def run(self, days: DayRange, *assets: str) -> dg.ExecuteInProcessResult:
        """A run over the days, a minute after the last one; a failed one is returned."""
        self.clock[0] += timedelta(minutes=1)
        keys = [dg.AssetKey(name) for name in assets]
        return self.definitions.resolve_job_def(JOB).execute_in_process(
            instance=self.instance,
            tags=range_run(days, "fresh", run_key="").tags,
            asset_selection=keys or None,
            raise_on_error=False,
        )

    def die(self, days: DayRange, *assets: str, job: str = JOB) -> dg.DagsterRun:
        """A run whose process ends before it has begun with anything."""
        selected = frozenset(dg.AssetKey(name) for name in assets) or None
        run = self.instance.create_run_for_job(
            self.definitions.resolve_job_def(job).get_subset(asset_selection=selected),
            tags=range_run(days, "fresh", run_key="").tags,
            asset_selection=selected,
            status=dg.DagsterRunStatus.STARTED,
        )
        self.instance.report_run_failed(run)
        return run

    def note_failure(self, run_id: str) -> float:
        """What the daemon does after a failed run; the run's end, as Dagster has it."""
        self.clock[0] += timedelta(minutes=1)
        return note_failure(self.definitions, self.instance, run_id)

    def figures(self) -> Figures:
        """All samples of own metrics since the beginning, by metric and asset."""
        names = tuple(row.name for row in OWN_METRICS)
        target = Slice(names, self.settings.account.labels, NOON, NOON + timedelta(days=30))
        with closing(open_store(self.settings)) as store:
            found = store.read(target)
        return {
            (one.metric, decode_labels(one.labels).get("asset")): one.values.tolist()
            for one in found
        }

    def newest(self, asset: str) -> float:
        """The instant of the asset's newest sample in the store, in seconds."""
        names = tuple({name for row in metrics_of(asset) for name in (row.name, row.today)})
        first = NOON - timedelta(days=300)
        target = Slice(names, self.settings.account.labels, first, NOON + timedelta(days=30))
        with closing(open_store(self.settings)) as store:
            return max(float(one.timestamps[-1]) for one in store.read(target)) / 1000
