"""How many files a reader opens to follow a day of heart rate from the schedule to the store.

    python -m benchmarks.reading_trip [--victoria] [--files]

The schedule's tick is evaluated, and the run that it asks for is executed in this process: one day
of ``intraday_heart_rate``, from the emulator (a process of its own) into the embedded store, or
into VictoriaMetrics. A file is opened if one of its functions runs; what is merely imported is
not. The way ends when the day is stored and read back; what the run does then - the checks of the
data's quality, the own metrics - is counted apart. A thread is ours if our code starts it.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import tempfile
import threading
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import dagster as dg

import syncbit_dagster
from benchmarks.pipeline.run import emulator
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.config import load_settings
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.emulator.google_health.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics

if TYPE_CHECKING:
    from types import FrameType

PACKAGE = str(Path(syncbit_dagster.__file__).parent) + "/"
ZONE = ZoneInfo("Europe/Berlin")
ASSET = dg.AssetKey("intraday_heart_rate")


class Trip:
    """Files of the package by when a function of theirs ran first, and threads that it started."""

    def __init__(self) -> None:
        self.on_the_way: dict[str, str] = {}
        self.afterwards: dict[str, str] = {}
        self.threads: list[str] = []
        self._is_stored = False

    def __enter__(self) -> Trip:
        threading.setprofile(self._follow)
        sys.setprofile(self._follow)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _follow(self, frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        # A module's and a class's own code runs when it is imported, and is not optimized.
        is_ours = code.co_filename.startswith(PACKAGE) and code.co_flags & inspect.CO_OPTIMIZED
        if event == "call" and is_ours:
            file = code.co_filename.removeprefix(PACKAGE)
            if not self._is_stored:
                self.on_the_way.setdefault(file, code.co_qualname)
            elif file not in self.on_the_way:
                self.afterwards.setdefault(file, code.co_qualname)
        elif event == "return" and is_ours and code.co_name == "handle_output":
            self._is_stored = True
        elif event == "call" and code is threading.Thread.start.__code__:
            self.threads += _starter(frame)


def _starter(frame: FrameType) -> list[str]:
    """Where in the package a thread is started; nothing if that is elsewhere."""
    caller = frame.f_back
    while caller and f"/lib/python{sys.version_info.major}." in caller.f_code.co_filename:
        if "site-packages" in caller.f_code.co_filename:
            return []
        caller = caller.f_back
    if caller is None or not caller.f_code.co_filename.startswith(PACKAGE):
        return []
    return [f"{caller.f_code.co_filename.removeprefix(PACKAGE)}:{caller.f_lineno}"]


def main() -> None:
    """Make the trip, print what was counted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--victoria", action="store_true", help="store in a VictoriaMetrics")
    parser.add_argument("--files", action="store_true", help="list the files")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        environment = _environment(home, stack.enter_context(emulator()))
        if arguments.victoria:
            server = stack.enter_context(running(victoria_metrics(home / "victoria")))
            environment["VICTORIA_ENDPOINT"] = server.url
        trip = travel(home, environment)
    print(f"files on the way       {len(trip.on_the_way):4}")
    print(f"files only afterwards  {len(trip.afterwards):4}")
    print(f"threads of ours        {len(trip.threads):4}  {', '.join(sorted(set(trip.threads)))}")
    if arguments.files:
        for title, files in (("on the way", trip.on_the_way), ("afterwards", trip.afterwards)):
            print(f"\n{title}, in the order of their first function:")
            for file, function in files.items():
                print(f"  {file:44} {function}")


def travel(home: Path, environment: dict[str, str]) -> Trip:
    """The run of one day, followed."""
    settings = load_settings(environment)
    token = Token(access_token="", refresh_token=DEMO_REFRESH_TOKEN, expires_at=0)
    settings.account.tokens.save(token)
    definitions = build_definitions(settings)
    schedule = definitions.resolve_schedule_def("daily_sync")
    job = definitions.resolve_job_def("daily_sync")
    with dg.DagsterInstance.local_temp(str(home)) as instance, Trip() as trip:
        due = datetime.now(ZONE).replace(hour=5, minute=0, second=0, microsecond=0)
        tick = dg.build_schedule_context(instance=instance, scheduled_execution_time=due)
        (request,) = schedule.evaluate_tick(tick).run_requests or ()
        job.execute_in_process(instance=instance, tags=request.tags, asset_selection=[ASSET])
    assert len(instance.get_materialized_partitions(ASSET)) == 1
    return trip


def _environment(home: Path, url: str) -> dict[str, str]:
    """An account whose only day is yesterday."""
    yesterday = datetime.now(ZONE).date() - timedelta(days=1)
    return {
        "SYNCBIT_PROVIDER": "demo",
        "DATA_DIR": str(home / "data"),
        "SYNCBIT_TIMEZONE": ZONE.key,
        "BACKFILL_START_DATE": yesterday.isoformat(),
        "INCLUDE_TODAY_DATA": "false",
        "ENABLE_INTRADAY_COLLECTION": "true",
        "GOOGLE_HEALTH_URL": url,
        "GOOGLE_TOKEN_URL": f"{url}/token",
        "LOG_LEVEL": "ERROR",
    }


if __name__ == "__main__":
    main()
