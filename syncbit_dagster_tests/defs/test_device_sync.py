"""Following the devices: a request a tick, a run over exactly what a sync may have changed.

Which days those are is asked of the pure rule in ``scheduling/test_settled_rule.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from syncbit_dagster.account.state import database
from syncbit_dagster.account.token_file import TokenFile
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.defs.sensors import device_sync
from syncbit_dagster.emulator.fitbit_web.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster.sources import http
from syncbit_dagster_tests.defs.unattended import Daemon, range_of
from syncbit_dagster_tests.defs.wearer import Wearer
from syncbit_dagster_tests.emulated import EmulatedAccount, emulated_account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOON = datetime(2025, 10, 30, 12, tzinfo=UTC)
DEVICES = "/v4/users/me/pairedDevices"
FEW = {asset.collect: "false" for asset in ASSETS if asset.collect and asset.name != "devices"}
# All that a device remembers.
MONTH = ("2025-09-30", "2025-10-30")
TODAY = ("2025-10-30", "2025-10-30")


@dataclass
class Stage:
    """An account, its wearer and the clock of both."""

    account: EmulatedAccount
    person: Wearer
    instance: dg.DagsterInstance
    clock: list[datetime]
    daemon: Daemon = field(init=False)

    def __post_init__(self) -> None:
        self.daemon = self.at_work()

    def at_work(self, **variables: str) -> Daemon:
        settings = self.account.settings(**(FEW | variables))
        return Daemon("device_sync", settings, self.instance, lambda: self.clock[0])

    def sync(self, at: datetime, device: str = "1") -> None:
        """A device syncs, and some minutes go by."""
        self.person.syncs[device] = at
        self.clock[0] = at + timedelta(minutes=5)
        self.account.emulator.expire_access_tokens()

    def asked(self) -> tuple[str, str]:
        """The days that the next tick asks for."""
        (request,) = self.daemon.asks()
        return range_of(request)


@pytest.fixture
def stage(tmp_path: Path, instance: dg.DagsterInstance) -> Iterator[Stage]:
    person, clock = Wearer(NOON - timedelta(minutes=5)), [NOON]
    with emulated_account(person, tmp_path, now=lambda: clock[0]) as account:
        yield Stage(account, person, instance, clock)


def test_an_unchanged_device_costs_one_request_and_no_run(stage: Stage) -> None:
    assert stage.asked() == MONTH
    stage.account.emulator.calls.clear()
    for ticks in (1, 2, 3):
        stage.clock[0] += timedelta(minutes=15)
        assert stage.daemon.tick() == "No device has synced since 2025-10-30 12:55+01:00."
        assert stage.account.emulator.calls == [("GET", DEVICES, 200)] * ticks


def test_each_device_s_sync_asks_for_the_days_that_it_may_have_changed(stage: Stage) -> None:
    stage.sync(NOON - timedelta(days=4))
    assert stage.asked()[1] == "2025-10-26"
    stage.sync(NOON - timedelta(hours=2), "2")  # a scale, never seen before
    assert stage.asked() == MONTH
    stage.sync(NOON - timedelta(hours=1), "2")
    assert stage.asked() == TODAY
    stage.sync(NOON)  # the watch was silent for four days, over the one of 25 hours
    assert stage.asked() == ("2025-10-26", "2025-10-30")
    stage.sync(datetime(2025, 10, 30, 22, 58, tzinfo=UTC))  # seen at 00:03 of the next day
    assert stage.asked() == TODAY
    del stage.person.syncs["2"]
    assert stage.daemon.tick() == device_sync.UNCHANGED


def test_only_partitions_are_asked_for_and_without_today_a_finished_day_once_more(
    stage: Stage,
) -> None:
    stage.daemon = stage.at_work(BACKFILL_START_DATE="2025-10-30", INCLUDE_TODAY_DATA="false")
    assert stage.daemon.tick() == device_sync.UNCHANGED  # there is none on the first day
    stage.daemon = stage.at_work(BACKFILL_START_DATE="2025-10-28", INCLUDE_TODAY_DATA="false")
    assert stage.asked() == ("2025-10-28", "2025-10-29")
    stage.sync(NOON)
    assert stage.daemon.tick() == device_sync.UNCHANGED
    assert str(stage.daemon.tick()).startswith("No device has synced since")
    stage.sync(datetime(2025, 10, 31, 5, tzinfo=UTC))
    assert stage.asked() == TODAY


@pytest.mark.parametrize("cursor", ["", "2025-10-30T11:00:00+00:00", "[]", '{"1": "noon"}', "null"])
def test_without_a_cursor_that_it_can_read_it_begins_anew(stage: Stage, cursor: str) -> None:
    stage.daemon.cursor = cursor
    assert stage.asked() == MONTH


def test_what_a_failed_run_left_undone_the_next_one_does(stage: Stage) -> None:
    stage.sync(NOON - timedelta(days=4))
    stage.daemon.tick()
    stage.sync(NOON - timedelta(hours=2))
    (request,) = stage.daemon.asks()
    stage.account.emulator.fail_next(200, http.TRIES + 2, body=LOGIN_PAGE)
    assert not stage.daemon.execute(request).success
    stage.sync(NOON - timedelta(hours=1))
    (again,) = stage.daemon.asks()
    assert range_of(again) == ("2025-10-26", "2025-10-30")
    assert stage.daemon.execute(again).success
    stage.sync(NOON)
    assert stage.asked() == TODAY


def test_while_its_run_is_under_way_it_asks_nobody(stage: Stage) -> None:
    (request,) = stage.daemon.asks()
    stage.daemon.begin(request)
    stage.account.emulator.calls.clear()
    assert stage.daemon.tick() == "The run for the last sync is still running."
    assert not stage.account.emulator.calls


LOGIN_PAGE = "<html>Sign in to this network</html>"


def unticked(stage: Stage) -> None:
    scope = "https://www.googleapis.com/auth/googlehealth.settings.readonly"
    stage.account.emulator.untick(scope)


@pytest.mark.parametrize(
    "act",
    [
        lambda stage: stage.person.syncs.clear(),
        lambda stage: stage.person.syncs.update({"1": None}),
        unticked,
        lambda stage: stage.account.emulator.fail_next(404),
        lambda stage: stage.account.emulator.fail_next(503, http.TRIES),
    ],
)
def test_where_no_device_says_when_it_synced_the_newest_reading_does(
    stage: Stage, act: Callable[[Stage], object]
) -> None:
    act(stage)
    assert stage.asked() == MONTH
    act(stage)
    assert str(stage.daemon.tick()).startswith("No device has synced since")


def test_nobody_is_asked_before_anybody_has_authorized(stage: Stage) -> None:
    tokens = stage.daemon.settings.account.tokens
    assert isinstance(tokens, TokenFile)
    tokens.path.unlink()
    assert "syncbit authorize" in str(stage.daemon.tick())


def test_a_budget_that_is_used_up_is_no_failure(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "time", SimpleNamespace(time=lambda: stage.clock[0].timestamp()))
    stage.sync(NOON + timedelta(minutes=20))
    stage.daemon = stage.at_work(SYNCBIT_PROVIDER="fitbit_web", SYNCBIT_REQUESTS_PER_HOUR="1")
    stage.daemon.settings.account.tokens.save(
        Token(access_token="", refresh_token=DEMO_REFRESH_TOKEN, expires_at=0)
    )
    assert stage.asked() == MONTH
    assert "is used up; it may go on at" in str(stage.daemon.tick())
    assert len(stage.account.emulator.fitbit_web.calls) == 1


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda one: one.fail_next(503, http.TRIES + 2), "answered 503 6 times; try again"),
        (lambda one: one.revoke(), "run `syncbit authorize` again"),
    ],
)
def test_a_provider_in_trouble_is_one_sentence(
    stage: Stage, act: Callable[[object], object], sentence: str
) -> None:
    act(stage.account.emulator)
    with pytest.raises(dg.Failure) as failure:
        stage.daemon.tick()
    assert sentence in str(failure.value)
    assert "\n" not in str(failure.value)
    assert stage.daemon.cursor is None  # nothing was lost


def test_a_tick_is_not_kept_waiting(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster ends a tick after a minute, without a word of ours."""
    monkeypatch.setattr(http, "FIRST_WAIT_SECONDS", 60.0)
    stage.account.emulator.fail_next(503, http.TRIES)
    with pytest.raises(dg.Failure, match="answered 503 once"):
        stage.daemon.tick()
    assert [status for _, _, status in stage.account.emulator.calls] == [503] * 3


def test_without_devices_there_is_no_sensor(stage: Stage) -> None:
    definitions = build_definitions(stage.account.settings(COLLECT_DEVICE_INFO="false"))
    assert {sensor.name for sensor in definitions.sensors or []} == {"history", "run_failures"}
