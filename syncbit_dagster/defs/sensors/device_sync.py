"""The sensor that follows the devices: when one has synced, the days that it may have changed."""

from __future__ import annotations

import json
import time
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from syncbit_dagster.catalog import asset_named
from syncbit_dagster.core.civil import DayRange, civil_day, real_clock, require_aware
from syncbit_dagster.defs.failures import as_failure
from syncbit_dagster.defs.instance.records import runs_of
from syncbit_dagster.defs.names import named
from syncbit_dagster.defs.resources.fitbit import DEVICES_FAIL
from syncbit_dagster.defs.run_requests import ACTIVE, range_run
from syncbit_dagster.factories import open_source
from syncbit_dagster.scheduling.syncs import changed_days, last_sync, syncs
from syncbit_dagster.sources.errors import PermissionMissingError, QuotaWaitError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from syncbit_dagster.config import Settings
    from syncbit_dagster.scheduling.syncs import Syncs
    from syncbit_dagster.sources.errors import SourceError

NAME = "device_sync"
# Dagster ends a tick after a minute, without a word of ours.
PATIENCE_SECONDS = 15.0
# In place of a device, where none that is worn says when it synced.
NEWEST_READING = "newest reading"
BEFORE_TAG = "syncbit/synced_before"
UNCHANGED = "The sync has changed no day that is a partition."


def device_sync(
    settings: Settings,
    assets: Sequence[dg.AssetsDefinition],
    *,
    now: Callable[[], datetime] = real_clock,
    sleep: Callable[[float], None] = time.sleep,
) -> dg.SensorDefinition:
    """One request a tick; a run only if a device has synced since the last one.

    The cursor holds the syncs that a run was asked for. It is no state that matters: without it,
    the days of the devices' memory are materialized once more and found equal.
    """
    job = dg.define_asset_job(
        named(settings, NAME),
        selection=dg.AssetSelection.assets(*assets),
        description="Materializes the days that a device's sync may have changed.",
    )

    @dg.sensor(
        name=job.name,
        job=job,
        minimum_interval_seconds=settings.sync_interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=job.description,
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        with as_failure():
            if not settings.is_authorized():
                return dg.SkipReason("No account is authorized yet; run `syncbit authorize`.")
            last_run = _last_run(context.instance, job.name)
            if last_run and last_run.status in ACTIVE:
                return dg.SkipReason("The run for the last sync is still running.")
            try:
                synced = _ask(settings, now, sleep)
            except (PermissionMissingError, QuotaWaitError) as reason:
                return dg.SkipReason(str(reason))
        if not synced:
            return dg.SkipReason("No device says when it last synced, and nothing was read.")
        cursor = _read(context.cursor)
        if synced == cursor:
            latest = max(synced.values()).astimezone(settings.account.zone)
            return dg.SkipReason(f"No device has synced since {latest.isoformat(' ', 'minutes')}.")
        has_failed = last_run is not None and not last_run.is_success
        # What the run before left undone, this one does as well.
        before = _read(last_run.tags.get(BEFORE_TAG)) if last_run and has_failed else cursor
        days = _changed(settings, before, synced, now())
        if days is None:
            return dg.SensorResult(skip_reason=UNCHANGED, cursor=_text(synced))
        request = range_run(
            days, "fresh", run_key=f"{_text(synced)} {days}", tags={BEFORE_TAG: _text(before)}
        )
        return dg.SensorResult(run_requests=[request], cursor=_text(synced))

    return sensor


def _last_run(instance: dg.DagsterInstance, job: str) -> dg.DagsterRun | None:
    return next(iter(runs_of(instance, dg.RunsFilter(job_name=job), limit=1)), None)


def _ask(
    settings: Settings, now: Callable[[], datetime], sleep: Callable[[float], None]
) -> dict[str, datetime]:
    opened = open_source(settings, now=now, sleep=sleep, patience_seconds=PATIENCE_SECONDS)
    with closing(opened) as source:
        refused: SourceError | None = None
        found: dict[str, datetime] = {}
        try:
            devices = source.fetch_current(asset_named("devices")).samples
            found = syncs(devices)
            if last_sync(devices) is not None:
                return found
        except DEVICES_FAIL as error:
            refused = error
        newest = source.newest_reading()
        if newest is None and refused is not None:
            raise refused
        return found if newest is None else {**found, NEWEST_READING: newest}


def _changed(settings: Settings, before: Syncs, synced: Syncs, now: datetime) -> DayRange | None:
    account = settings.account
    last = civil_day(now, account.zone) - timedelta(days=0 if settings.include_today else 1)
    if last < account.first_day:
        return None
    return changed_days(before, synced, DayRange(account.first_day, last), account.zone, now)


def _text(devices: Syncs) -> str:
    return json.dumps({device: at.isoformat() for device, at in devices.items()}, sort_keys=True)


def _read(text: str | None) -> dict[str, datetime]:
    """Syncs from their text; none from any other text: a cursor can be edited in the UI."""
    try:
        return {
            device: require_aware(datetime.fromisoformat(at))
            for device, at in json.loads(text or "{}").items()
        }
    except (AttributeError, TypeError, ValueError):
        return {}
