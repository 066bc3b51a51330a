"""What is there after a run, and whether that is right."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

import dagster as dg
import orjson

from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.civil import ONE_DAY, DayRange, civil_day
from syncbit_dagster.gaps import gaps
from syncbit_dagster.sources.google_health.plan import DailyRollUpRequest, RollUpRequest, plan
from syncbit_dagster_tests.faults.stage import DAYS, PERSON
from syncbit_dagster_tests.stores.builders import contents

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Mapping, Sequence

    from dagster_shared.error import SerializableErrorInfo

    from syncbit_dagster_tests.faults.proxy import Seen
    from syncbit_dagster_tests.faults.stage import Stage

_FAILURE = f"{dg.Failure.__module__}.{dg.Failure.__name__}"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_METHOD = re.compile(r"/dataTypes/([^/]+)/dataPoints:(\w+)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?!T)")


def samples_in(stage: Stage) -> Counter[tuple[str, str, int, float]]:
    """Every sample that VictoriaMetrics has, without what runs say about themselves."""
    return contents(stage.server.url, '{__name__!~"syncbit_.*"}')


def missing_days(stage: Stage, assets: Iterable[str], days: DayRange) -> dict[str, set[date]]:
    """For each asset that is not complete, the days that are not materialized."""
    with stage.instance() as instance:
        found = {
            asset: set(days)
            - {
                date.fromisoformat(key)
                for key in instance.get_materialized_partitions(dg.AssetKey(asset))
            }
            for asset in assets
        }
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
    return "\n" not in text and text.endswith((".", "?")) and "Traceback" not in text


def complete(
    stage: Stage, assets: Sequence[str], days: DayRange, *, clock_shift: float = 0.0
) -> None:
    """Launch what is missing, and look that nothing else is asked for."""
    missing = missing_days(stage, assets, days)
    before = len(stage.api.seen)
    for gap in gaps(missing):
        code = stage.launch(gap.assets, gap.days, clock_shift=clock_shift)
        assert code == 0, (stage.home / "worker.log").read_text()[-3000:]
    assert not missing_days(stage, assets, days)
    assert_only(missing, stage.api.seen[before:])


def assert_only(missing: Mapping[str, set[date]], requests: Iterable[Seen]) -> None:
    """No request asks for a day that all assets had which live in its data."""
    kinds = {asset: kinds_of(asset) for asset in missing}
    for request in requests:
        asked = days_of(request)
        if asked is not None:
            mine = [asset for asset, its in kinds.items() if kind_of(request) in its]
            wanted = set[date]().union(*(missing[asset] for asset in mine))
            assert set(asked) <= wanted, f"{request} asks for days that are finished"


def kinds_of(asset: str) -> set[tuple[str, str]]:
    """The data types that an asset lives in, each with the method that it is asked with."""
    verbs = {DailyRollUpRequest: "dailyRollUp", RollUpRequest: "rollUp"}
    requests = plan(metrics_of(asset), DAYS, PERSON.zone, 60)
    return {(one.data_type, verbs.get(type(one), "reconcile")) for one in requests}


def kind_of(request: Seen) -> tuple[str, str]:
    """The same of a request that was sent."""
    found = _METHOD.search(request.path)
    assert found, request
    return found[1], found[2]


def days_of(request: Seen) -> DayRange | None:
    """The civil days that a request for data asks for; None if it names none."""
    text = f"{unquote_plus(request.path)} {request.body.decode()}"
    ends = [date.fromisoformat(found) for found in _DAY.findall(text)]
    if request.body.startswith(b"{"):
        ends += _dates(orjson.loads(request.body))
    if ends:
        return DayRange(min(ends), max(ends) - ONE_DAY)
    instants = [datetime.fromisoformat(found) for found in _INSTANT.findall(text)]
    if instants:
        last = max(instants) - timedelta(seconds=1)
        return DayRange(civil_day(min(instants), PERSON.zone), civil_day(last, PERSON.zone))
    return None


def _dates(body: dict[str, object]) -> list[date]:
    """The civil dates of a roll-up's range."""
    ends = body.get("range")
    assert isinstance(ends, dict)
    return [date(**end["date"]) for end in ends.values() if isinstance(end, dict)]
