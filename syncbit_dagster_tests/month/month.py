"""The month as it was lived: what the project did, and what was there at some moments of it."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

import dagster as dg
import orjson
import requests

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.core.civil import DayRange, civil_day
from syncbit_dagster.defs.run_requests import days_of_run
from syncbit_dagster.emulator.fitbit_web.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster_tests.defs.running import metadata_of
from syncbit_dagster_tests.defs.unattended import sqlite_instance
from syncbit_dagster_tests.defs.wearer import BERLIN
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.month import scenario
from syncbit_dagster_tests.month.deployment import Deployment, Run
from syncbit_dagster_tests.month.truth import Samples, Truth
from syncbit_dagster_tests.month.virtual_time import (
    VirtualClock,
    dagster_in_virtual_time,
    in_virtual_time,
)
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncbit_dagster.config.settings import Settings
    from syncbit_dagster_tests.month.person import Traveller

MINUTES = 15
DAILY = (
    "activity_summary",
    "heart_rate",
    "active_zone_minutes",
    "sleep",
    "oxygen_saturation",
    "breathing_rate",
    "heart_rate_variability",
    "skin_temperature",
    "cardio_fitness",
    "body",
)
INTRADAY = ("intraday_steps", "intraday_heart_rate")
ASSETS = (*DAILY, *INTRADAY)
VARIABLES = {
    "SYNCBIT_TIMEZONE": BERLIN.key,
    "BACKFILL_START_DATE": str(scenario.FIRST_DAY),
    "SYNCBIT_REQUESTS_PER_MINUTE": "150",
    "SYNCBIT_REQUESTS_PER_HOUR": "150",
    "ENABLE_INTRADAY_COLLECTION": "true",
    "ENABLE_INTRADAY_BACKFILL": "true",
    "INTRADAY_BACKFILL_DAYS": "100",
    "INTRADAY_RESOURCES": "steps,heart_rate",
    "INTRADAY_DETAIL_LEVEL": f"{MINUTES}min",
    "INTRADAY_HEART_RATE_DETAIL": f"{MINUTES}min",
}
# The figures of runs and devices have tests of their own.
DATA = '{__name__=~"fitbit_.*",__name__!~"fitbit_device_.*"}'


@dataclass(frozen=True)
class Moment:
    """What was there at one moment, and what should have been.

    Attributes:
        at: the moment.
        days: the partitions until then.
        samples: all that the store held.
        states: by asset and day: state and content of the newest materialization.
        truth: what the last run could know.
        so_far: totals of days that were not over, which the runs until then must have left.
        perhaps: more of them, which runs that failed may have left.
    """

    at: datetime
    days: DayRange
    samples: Samples
    states: dict[str, dict[date, tuple[str, str]]]
    truth: Truth
    so_far: Samples
    perhaps: Samples


@dataclass(frozen=True)
class Month:
    """The whole of it.

    Attributes:
        provider: a value of ``SYNCBIT_PROVIDER``.
        deployment: its ticks and runs.
        asked: when each request came.
        mornings: when the schedule was due.
        moments: by name.
        newest: by asset and day, the run that materialized it last.
    """

    provider: str
    deployment: Deployment
    asked: list[datetime]
    mornings: list[datetime]
    moments: dict[str, Moment]
    newest: dict[str, dict[str, str]]


def live(directory: Path, provider: str) -> Month:
    """Live through the month of the scenario, with everything real but the time.

    The Fitbit Web API tells wall clocks and no zone: whoever travels has to take the account along.
    So nobody travels there.
    """
    clock = VirtualClock(scenario.START)
    door = scenario.Door(clock)
    person = scenario.person(travels=provider == "demo")
    with (
        running(victoria_metrics(directory / "victoria")) as server,
        emulated_account(person, directory, now=clock.now) as account,
        _instance(directory) as instance,
        dagster_in_virtual_time(clock),
    ):
        settings = account.settings(
            SYNCBIT_PROVIDER=provider, VICTORIA_ENDPOINT=server.url, **VARIABLES
        )
        if provider == "fitbit_web":
            account.emulator.fitbit_web._service.faults = door
            settings.account.tokens.save(
                Token(access_token="", refresh_token=DEMO_REFRESH_TOKEN, expires_at=0)
            )
        else:
            account.emulator._service.faults = door
        project = Deployment(
            in_virtual_time(settings, clock),
            instance,
            clock,
            count=lambda: len(door.asked),
            has_checks=scenario.IS_SOAK,
        )
        mornings = deque(filter(scenario.is_on, project.mornings(scenario.END)))
        all_mornings = list(mornings)
        grid = scenario.grid(all_mornings)
        moments: dict[str, Moment] = {}
        past = scenario.START - scenario.TICK
        for name, until in (
            ("while silent", scenario.WHILE_SILENT),
            ("after the outage", scenario.AFTER_THE_OUTAGE),
            ("in the end", scenario.END),
        ):
            project.live([at for at in grid if past < at <= until], mornings)
            clock.go_to(until)
            past = until
            moments[name] = _moment(project, server.url, person)
        newest = {name: _newest(instance, name) for name in ASSETS}
        return Month(provider, project, door.asked, all_mornings, moments, newest)


@contextmanager
def _instance(directory: Path) -> Iterator[dg.DagsterInstance]:
    """In files in the long run; the short one spares the disk."""
    with (
        sqlite_instance(directory / "dagster")
        if scenario.IS_SOAK
        else dg.DagsterInstance.ephemeral()
    ) as instance:
        yield instance


def _moment(project: Deployment, url: str, person: Traveller) -> Moment:
    now = project.clock.now()
    days = DayRange(scenario.FIRST_DAY, civil_day(now, BERLIN))
    asked = max(run.began for run in project.runs)
    synced = person.last_sync(asked)
    return Moment(
        at=now,
        days=days,
        samples=_samples(url, project.settings),
        states={
            name: {
                date.fromisoformat(day): (said["state"], said["content"])
                for day, said in metadata_of(project.instance, name).items()
            }
            for name in ASSETS
        },
        truth=Truth(person, BERLIN, days, synced, asked, MINUTES),
        so_far=_so_far([run for run in project.runs if run.result.success], person),
        perhaps=_so_far(project.runs, person),
    )


def _so_far(runs: list[Run], person: Traveller) -> Samples:
    """What each run saw of the day that it ran on, if it was for that day, too."""
    found: Samples = {}
    for run in runs:
        today = civil_day(run.began, BERLIN)
        if today in (days_of_run(run.result.dagster_run) or ()):
            days, synced = DayRange(today, today), person.last_sync(run.began)
            found |= Truth(person, BERLIN, days, synced, run.began, MINUTES).today
    return found


def _samples(url: str, settings: Settings) -> Samples:
    """All samples of the server, read past the store; none is there twice."""
    requests.get(f"{url}/internal/force_flush", timeout=30).raise_for_status()
    answer = requests.get(
        f"{url}/api/v1/export", params={"match[]": DATA, "start": "0"}, timeout=60
    )
    answer.raise_for_status()
    found: Samples = {}
    for line in answer.content.splitlines():
        series = orjson.loads(line)
        labels = series["metric"]
        name = labels.pop("__name__")
        for account_label, value in settings.account.labels.items():
            assert labels.pop(account_label) == value
        own = next(iter(labels.values()), "")
        for at, value in zip(series["timestamps"], series["values"], strict=True):
            assert (name, own, at) not in found
            found[name, own, at] = float(value)
    return found


def _newest(instance: dg.DagsterInstance, asset: str) -> dict[str, str]:
    records = instance.fetch_materializations(dg.AssetKey(asset), limit=10_000).records
    return {str(one.partition_key): one.run_id for one in reversed(records)}
