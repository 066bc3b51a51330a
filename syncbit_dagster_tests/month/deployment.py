"""The project as the daemon runs it, tick by tick, by a clock that the month moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING, Literal

import dagster as dg
from dagster._utils.schedules import schedule_execution_time_iterator

from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.defs.sensors import device_sync, history
from syncbit_dagster_tests.defs.unattended import RUN_KEY_TAG

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from syncbit_dagster.config import Settings
    from syncbit_dagster_tests.month.virtual_time import VirtualClock

SCHEDULE = "daily_sync"
Outcome = Literal["runs", "nothing", "failed"]


@dataclass(frozen=True)
class Tick:
    """One evaluation of a sensor.

    Attributes:
        sensor: its name.
        began, ended: virtual instants.
        outcome: what came of it.
        said: why there is no run, or why it failed.
        requests: how many it sent.
    """

    sensor: str
    began: datetime
    ended: datetime
    outcome: Outcome
    said: str
    requests: int


@dataclass(frozen=True)
class Run:
    """One run that a tick asked for.

    Attributes:
        job: its name.
        began, ended: virtual instants.
        result: of Dagster.
        requests: how many it sent.
    """

    job: str
    began: datetime
    ended: datetime
    result: dg.ExecuteInProcessResult
    requests: int


@dataclass
class Deployment:
    """Definitions, an instance, and what Dagster's daemon keeps between two ticks.

    Attributes:
        settings: of the account.
        instance: where Dagster keeps its records.
        clock: of everything.
        count: how many requests the provider has seen.
        has_checks: whether the checks of the data's quality run too.
    """

    settings: Settings
    instance: dg.DagsterInstance
    clock: VirtualClock
    count: Callable[[], int]
    has_checks: bool
    ticks: list[Tick] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    _cursors: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        definitions = build_definitions(self.settings, now=self.clock.now, sleep=self.clock.sleep)
        if not self.has_checks:
            definitions = dg.Definitions(
                assets=definitions.assets,
                schedules=definitions.schedules,
                sensors=definitions.sensors,
                resources=definitions.resources,
                executor=definitions.executor,
            )
        self.repository = definitions.get_repository_def()

    def mornings(self, end: datetime) -> list[datetime]:
        """The instants of the schedule from now on, as Dagster finds them."""
        schedule = self.repository.get_schedule_def(SCHEDULE)
        found = schedule_execution_time_iterator(
            self.clock.now().timestamp(), schedule.cron_schedule, schedule.execution_timezone
        )
        return list(takewhile(lambda at: at < end, found))

    def live(self, grid: Iterable[datetime], mornings: deque[datetime]) -> None:
        """At each instant of the grid whatever is due: schedule, sensors and their runs.

        Args:
            grid: when the sensors tick.
            mornings: when the schedule does; those that have been are taken away.
        """
        for instant in grid:
            self.clock.go_to(instant)
            while mornings and mornings[0] <= self.clock.now():
                self._morning(mornings.popleft())
            self._tick(device_sync.NAME)
            while self._tick(history.NAME):
                pass  # its ticks are half a minute apart; the next ones follow at once

    def _morning(self, when: datetime) -> None:
        context = dg.build_schedule_context(
            instance=self.instance, scheduled_execution_time=when, repository_def=self.repository
        )
        data = self.repository.get_schedule_def(SCHEDULE).evaluate_tick(context)
        for request in data.run_requests or ():
            self._execute(SCHEDULE, request)

    def _tick(self, name: str) -> bool:
        """Whether the sensor asked for runs; they are executed."""
        began, before = self.clock.now(), self.count()
        requests: list[dg.RunRequest] = []
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self._cursors.get(name), repository_def=self.repository
        )
        outcome: Outcome
        try:
            data = self.repository.get_sensor_def(name).evaluate_tick(context)
        except dg.Failure as failure:
            outcome, said = "failed", str(failure.description)
        else:
            self._cursors[name] = data.cursor
            launched = {run.tags.get(RUN_KEY_TAG) for run in self.instance.get_runs()}
            requests = [one for one in data.run_requests or () if one.run_key not in launched]
            outcome, said = "runs" if requests else "nothing", str(data.skip_message)
        sent = self.count() - before
        self.ticks.append(Tick(name, began, self.clock.now(), outcome, said, sent))
        for request in requests:
            self._execute(name, request)
        return bool(requests)

    def _execute(self, job: str, request: dg.RunRequest) -> None:
        began, before = self.clock.now(), self.count()
        selected = list(request.asset_selection) if request.asset_selection else None
        result = self.repository.get_job(job).execute_in_process(
            instance=self.instance,
            tags={**request.tags, RUN_KEY_TAG: request.run_key or ""},
            asset_selection=selected,
            raise_on_error=False,
        )
        self.runs.append(Run(job, began, self.clock.now(), result, self.count() - before))
