"""What is there after a run, what was asked for, and whether that is right."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

import dagster as dg
import orjson

from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.core.civil import ONE_DAY, DayRange, civil_day
from syncbit_dagster.scheduling.backfill_plan import gaps
from syncbit_dagster.sources.google_health.plan import (
    DailyRollUpRequest,
    ReadingsRequest,
    RollUpRequest,
    plan,
)
from syncbit_dagster_tests.faults.stage import PERSON
from syncbit_dagster_tests.victoriametrics import contents

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dagster_shared.error import SerializableErrorInfo

    from syncbit_dagster.sources.google_health.plan import Request
    from syncbit_dagster_tests.breaking_proxy import Seen
    from syncbit_dagster_tests.faults.stage import Stage

MINUTE_SECONDS = 60
_ANY_DAY = DayRange(date(2026, 1, 1), date(2026, 1, 1))
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_METHOD = re.compile(r"/dataTypes/([^/]+)/dataPoints:(\w+)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?!T)")
_VERBS = {DailyRollUpRequest: "dailyRollUp", RollUpRequest: "rollUp"}
_FAILURE = f"{dg.Failure.__module__}.{dg.Failure.__name__}"
_CLASS_IN_FRONT = re.compile(r"[\w.]+(Error|Exception|Failure|Timeout)\b")
_MOST_RECORDS = 10_000  # that Dagster gives at once

Kind = tuple[str, str]  # a data type and the method that it is asked with
Requests = Counter[tuple[Kind, DayRange]]
Samples = Counter[tuple[str, str, int, float]]


@dataclass(frozen=True)
class Undisturbed:
    """A run that nothing happens to."""

    samples: Samples  # what the store holds afterwards
    api: int  # requests
    store: int
    fetched: int  # requests for data, answered


def undisturbed_run(stage: Stage, assets: Sequence[str], days: DayRange) -> Undisturbed:
    """Run it, and look that it is complete."""
    code = stage.launch(assets, days)
    assert code == 0, log_of(stage)
    assert not missing_days(stage, assets, days)
    samples = samples_in(stage)
    assert max(samples.values()) == 1
    wanted = {metric.name for asset in assets for metric in metrics_of(asset)}
    assert {metric for metric, *_ in samples} == wanted
    fetched = [one for one in stage.api.answered if is_for_data(one)]
    assert planned(assets, days) == first_pages(fetched)
    return Undisturbed(samples, len(stage.api.seen), len(stage.store.seen), len(fetched))


def log_of(stage: Stage) -> str:
    """The end of what the workers said."""
    return (stage.home / "worker.log").read_text()[-3000:]


def samples_in(stage: Stage) -> Samples:
    """Every sample that VictoriaMetrics has, without what runs say about themselves."""
    return contents(stage.server.url, '{__name__!~"syncbit_.*"}')


def missing_days(stage: Stage, assets: Iterable[str], days: DayRange) -> dict[str, set[date]]:
    """For each asset that is not complete, the days that are not materialized."""
    found = {}
    with stage.instance() as instance:
        for asset in assets:
            keys = instance.get_materialized_partitions(dg.AssetKey(asset))
            found[asset] = set(days) - set(map(date.fromisoformat, keys))
    return {asset: missing for asset, missing in found.items() if missing}


def failures(stage: Stage) -> list[str]:
    """What a person reads of each step of the newest run that failed, or of what kept it from one.

    Of an error that is no sentence of ours, the class and the message.
    """
    kinds = (dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RESOURCE_INIT_FAILURE)
    with stage.instance() as instance:
        run = instance.get_runs(limit=1)[0]
        entries = [entry for kind in kinds for entry in instance.all_logs(run.run_id, of_type=kind)]
    events = [entry.dagster_event for entry in entries if entry.dagster_event is not None]
    return [_text(getattr(event.event_specific_data, "error", None)) for event in events]


def _text(error: SerializableErrorInfo | None) -> str:
    assert error is not None
    while error.cause is not None:
        error = error.cause
    return error.message.strip().removeprefix(f"{_FAILURE}: ")


def is_a_sentence(text: str) -> bool:
    """One line for a person: no traceback, no name of a class in front."""
    is_one_line = "\n" not in text and text.endswith((".", "?"))
    return is_one_line and "Traceback" not in text and not _CLASS_IN_FRONT.match(text)


def complete(
    stage: Stage, assets: Sequence[str], days: DayRange, *, clock_shift: float = 0.0
) -> None:
    """Launch what is missing; just that is asked for, and nothing is answered twice."""
    missing = missing_days(stage, assets, days)
    seen, answered = len(stage.api.seen), len(stage.api.answered)
    # What the run before was given, it was given once.
    assert first_pages(stage.api.answered) <= planned(assets, days)
    for gap in gaps(missing):
        code = stage.launch(gap.assets, gap.days, clock_shift=clock_shift)
        assert code == 0, log_of(stage)
    assert not missing_days(stage, assets, days)
    assert_only(missing, stage.api.seen[seen:])
    needed = (planned(gap.assets, gap.days) for gap in gaps(missing))
    assert first_pages(stage.api.answered[answered:]) == sum(needed, Requests())


def assert_only(missing: Mapping[str, set[date]], requests: Iterable[Seen]) -> None:
    """No request asks for a day that all assets had which live in its data."""
    kinds = {asset: kinds_of(asset) for asset in missing}
    for request in filter(is_for_data, requests):
        mine = [asset for asset, its in kinds.items() if kind_of(request) in its]
        wanted = set[date]().union(*(missing[asset] for asset in mine))
        assert set(days_of(request)) <= wanted, f"{request} asks for days that are finished"


def assert_never_again(stage: Stage, assets: Iterable[str]) -> None:
    """At no time anybody asked for a day that all assets had by then which live in its data."""
    kinds = {asset: kinds_of(asset) for asset in assets}
    finished = {asset: finished_at(stage, asset) for asset in kinds}
    for request in filter(is_for_data, stage.api.seen):
        mine = [finished[asset] for asset, its in kinds.items() if kind_of(request) in its]
        for day in days_of(request):
            is_finished = all(its.get(day, math.inf) < request.at for its in mine)
            assert not is_finished, f"{request} asks for {day}, which is finished"


def finished_at(stage: Stage, asset: str) -> dict[date, float]:
    """When each day was materialized for the first time, in seconds since the epoch."""
    with stage.instance() as instance:
        records = instance.fetch_materializations(dg.AssetKey(asset), limit=_MOST_RECORDS).records
    assert len(records) < _MOST_RECORDS
    # The newest comes first, and the last one of a key stays.
    keys = ((record.partition_key, record.timestamp) for record in records)
    return {date.fromisoformat(key): at for key, at in keys if key}


def planned(assets: Iterable[str], days: DayRange) -> Requests:
    """The requests that the days of some assets take, further pages aside."""
    return Counter(
        ((one.data_type, _VERBS.get(type(one), "reconcile")), _days_of_planned(one))
        for asset in assets
        for one in plan(metrics_of(asset), days, PERSON.zone, MINUTE_SECONDS)
    )


def first_pages(requests: Iterable[Seen]) -> Requests:
    """Requests for data that were sent, further pages aside."""
    return Counter(
        (kind_of(one), days_of(one))
        for one in filter(is_for_data, requests)
        if "pageToken" not in one.path and b"pageToken" not in one.body
    )


def is_for_data(request: Seen) -> bool:
    """Whether it asks for days, and not for a token or the devices."""
    return "/dataTypes/" in request.path


def kinds_of(asset: str) -> set[Kind]:
    """The data types that an asset lives in, each with the method that it is asked with."""
    return {kind for kind, _ in planned([asset], _ANY_DAY)}


def kind_of(request: Seen) -> Kind:
    """The same of a request that was sent."""
    found = _METHOD.search(request.path)
    assert found, request
    return found[1], found[2]


def _days_of_planned(request: Request) -> DayRange:
    if isinstance(request, RollUpRequest | ReadingsRequest):
        return _days_between(request.start, request.end)
    assert request.days is not None
    return request.days


def days_of(request: Seen) -> DayRange:
    """The civil days that a request for data asks for."""
    text = f"{unquote_plus(request.path)} {request.body.decode()}"
    ends = [date.fromisoformat(found) for found in _DAY.findall(text)]
    if request.body.startswith(b"{"):  # a roll-up's range
        bounds = orjson.loads(request.body)["range"].values()
        ends += [date(**one["date"]) for one in bounds if isinstance(one, dict)]
    if ends:
        return DayRange(min(ends), max(ends) - ONE_DAY)
    instants = [datetime.fromisoformat(found) for found in _INSTANT.findall(text)]
    assert instants, request
    return _days_between(min(instants), max(instants))


def _days_between(start: datetime, end: datetime) -> DayRange:
    zone = PERSON.zone
    return DayRange(civil_day(start, zone), civil_day(end - timedelta(seconds=1), zone))
