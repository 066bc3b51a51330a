"""Sensors as the daemon has them: evaluated on an instance, their runs executed in this process."""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.catalog import asset_named
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.factories import open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from syncbit_dagster.config import Settings

RUN_KEY_TAG = "dagster/run_key"


@dataclass
class Daemon:
    """Does for one sensor what Dagster's daemon does: keeps its cursor and launches its runs.

    Attributes:
        name: the sensor's, and its job's.
        settings: of the project.
        instance: where Dagster keeps its records.
        now, sleep: the clock.
    """

    name: str
    settings: Settings
    instance: dg.DagsterInstance
    now: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep
    cursor: str | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.definitions = build_definitions(self.settings, now=self.now, sleep=self.sleep)

    def tick(self) -> list[dg.RunRequest] | str:
        """The runs that the sensor asks for, or why it asks for none."""
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, definitions=self.definitions
        )
        data = self.definitions.resolve_sensor_def(self.name).evaluate_tick(context)
        self.cursor = data.cursor
        launched = {run.tags.get(RUN_KEY_TAG) for run in self.instance.get_runs()}
        asked = [one for one in data.run_requests or () if one.run_key not in launched]
        return asked or str(data.skip_message)

    def asks(self) -> list[dg.RunRequest]:
        """The runs that the next tick asks for; it has to ask for some."""
        found = self.tick()
        assert not isinstance(found, str), found
        return found

    def execute(self, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        """The run, to its end; a failed one is returned, not raised."""
        assert request.run_key
        return self.definitions.resolve_job_def(self.name).execute_in_process(
            instance=self.instance,
            tags={**request.tags, RUN_KEY_TAG: request.run_key},
            asset_selection=list(request.asset_selection) if request.asset_selection else None,
            raise_on_error=False,
        )

    def begin(self, request: dg.RunRequest, job: str | None = None) -> None:
        """The run as it is while it works; it may be one of another job."""
        assert request.run_key
        selected = frozenset(request.asset_selection) if request.asset_selection else None
        self.instance.create_run_for_job(
            self.definitions.resolve_job_def(job or self.name).get_subset(asset_selection=selected),
            tags={**request.tags, RUN_KEY_TAG: request.run_key},
            asset_selection=selected,
            status=dg.DagsterRunStatus.STARTED,
        )

    def until_it_rests(self) -> Iterator[tuple[dg.RunRequest, dg.ExecuteInProcessResult]]:
        """Ticks and their runs, until a tick asks for nothing; that reason is in ``rests``."""
        while not isinstance(found := self.tick(), str):
            for request in found:
                yield request, self.execute(request)
        self.rests = found


@dataclass
class QuickDaemon(Daemon):
    """The same for the history, without Dagster's runs: data is fetched, counted and dropped.

    Of a run that Dagster executes, most of the time is spent on its own records.
    """

    there: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set), init=False)

    def __post_init__(self) -> None:
        super().__post_init__()

        def materialized(key: dg.AssetKey, *_: object) -> set[str]:
            return self.there[key.path[-1]]

        self.instance.get_materialized_partitions = materialized  # type: ignore[assignment]

    def fetch(self, request: dg.RunRequest) -> None:
        """What a run does, as far as the provider sees it."""
        days = DayRange(*map(date.fromisoformat, range_of(request)))
        with closing(open_source(self.settings, priority="history")) as source:
            for asset in assets_of(request):
                found = [
                    day for batch in source.fetch(asset_named(asset), days) for day in batch.days
                ]
                assert found == list(days)
                assert not self.there[asset].intersection(map(str, found))  # nothing comes twice
                self.there[asset].update(map(str, found))

    def fetch_all(self) -> list[dg.RunRequest]:
        """All that is asked for, tick by tick, until nothing is; that reason is in ``rests``."""
        asked: list[dg.RunRequest] = []
        while not isinstance(found := self.tick(), str):
            for request in found:
                self.fetch(request)
            asked += found
        self.rests = found
        return asked


def range_of(request: dg.RunRequest) -> tuple[str, str]:
    """The first and the last partition that a run is asked for."""
    tags = request.tags
    return tags["dagster/asset_partition_range_start"], tags["dagster/asset_partition_range_end"]


def assets_of(request: dg.RunRequest) -> set[str]:
    """The names of the assets that a run is asked for; none where it takes all of the job's."""
    return {key.path[-1] for key in request.asset_selection or ()}


def sqlite_instance(directory: Path) -> dg.DagsterInstance:
    """An instance that keeps its records in files, as a real one."""
    directory.mkdir()
    return dg.DagsterInstance.local_temp(
        str(directory), overrides={"telemetry": {"enabled": False}}
    )


def records_of(instance: dg.DagsterInstance, asset: str) -> list[str]:
    """The partition of every record that Dagster has of an asset's materializations."""
    records = instance.fetch_materializations(dg.AssetKey(asset), limit=10_000).records
    return [str(record.partition_key) for record in records]
