"""Following the devices: a request a tick, a run over exactly what a sync may have changed."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from syncbit_dagster.account.state import database
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
    from collections.abc import Iterator
    from pathlib import Path

NOON = datetime(2025, 10, 30, 12, tzinfo=UTC)
DEVICES = "/v4/users/me/pairedDevices"
FEW = {asset.collect: "false" for asset in ASSETS if asset.collect and asset.name != "devices"}


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

    def sync(self, at: datetime, device: str = "1", *, minutes_later: int = 5) -> None:
        """A device syncs, and some minutes go by."""
        self.person.syncs[device] = at
        self.clock[0] = at + timedelta(minutes=minutes_later)
        self.account.emulator.expire_access_tokens()

    def asked(self) -> tuple[str, str]:
        """The days that the next tick asks for."""
        (request,) = self.daemon.asks()
        return range_of(request)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(http, "FIRST_WAIT_SECONDS", 0.0)
    person, clock = Wearer(NOON - timedelta(minutes=5)), [NOON]
    with (
        emulated_account(person, tmp_path, now=lambda: clock[0]) as account,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        yield Stage(account, person, instance, clock)


def test_at_first_it_asks_for_all_that_a_device_remembers(stage: Stage) -> None:
    assert stage.asked() == ("2025-09-30", "2025-10-30")


def test_an_unchanged_device_costs_one_request_and_no_run(stage: Stage) -> None:
    stage.daemon.tick()
    stage.account.emulator.calls.clear()
    for ticks in (1, 2, 3):
        stage.clock[0] += timedelta(minutes=15)
        assert stage.daemon.tick() == "No device has synced since 2025-10-30 12:55+01:00."
        assert stage.account.emulator.calls == [("GET", DEVICES, 200)] * ticks


@pytest.mark.parametrize(
    ("before", "at", "days"),
    [
        # Of the day before, the last night may come for an hour more.
        (NOON - timedelta(hours=1), NOON, ("2025-10-30", "2025-10-30")),
        (
            datetime(2025, 10, 29, 23, 59, tzinfo=UTC),
            datetime(2025, 10, 30, 5, tzinfo=UTC),
            ("2025-10-29", "2025-10-30"),
        ),
        (
            datetime(2025, 10, 30, 0, 0, tzinfo=UTC),
            datetime(2025, 10, 30, 5, tzinfo=UTC),
            ("2025-10-30", "2025-10-30"),
        ),
        # Silent for four days, over the one of 25 hours.
        (NOON - timedelta(days=4), NOON, ("2025-10-26", "2025-10-30")),
        (NOON - timedelta(days=90), NOON, ("2025-09-30", "2025-10-30")),
    ],
)
def test_a_sync_asks_for_the_days_that_it_may_have_changed(
    stage: Stage, before: datetime, at: datetime, days: tuple[str, str]
) -> None:
    stage.sync(before)
    stage.daemon.tick()
    stage.sync(at)
    assert stage.asked() == days


def test_a_sync_before_midnight_does_not_ask_for_the_new_day(stage: Stage) -> None:
    stage.sync(datetime(2025, 10, 30, 20, tzinfo=UTC))
    stage.daemon.tick()
    stage.sync(datetime(2025, 10, 30, 22, 58, tzinfo=UTC))  # seen at 00:03
    assert stage.asked() == ("2025-10-30", "2025-10-30")


def test_a_scale_that_syncs_does_not_hide_what_the_watch_brings_later(stage: Stage) -> None:
    stage.sync(NOON - timedelta(days=4))
    stage.daemon.tick()
    stage.sync(NOON - timedelta(hours=2), "2")
    assert stage.asked() == ("2025-09-30", "2025-10-30")  # never seen before
    stage.sync(NOON - timedelta(hours=1), "2")
    assert stage.asked() == ("2025-10-30", "2025-10-30")
    stage.sync(NOON)
    assert stage.asked() == ("2025-10-26", "2025-10-30")


def test_without_today_a_finished_day_is_asked_for_once_more(stage: Stage) -> None:
    stage.daemon = stage.at_work(INCLUDE_TODAY_DATA="false")
    assert stage.asked() == ("2025-09-30", "2025-10-29")
    stage.sync(NOON)
    assert stage.daemon.tick() == device_sync.UNCHANGED
    assert str(stage.daemon.tick()).startswith("No device has synced since")
    stage.sync(datetime(2025, 10, 31, 5, tzinfo=UTC))
    assert stage.asked() == ("2025-10-30", "2025-10-30")


def test_days_before_the_first_one_are_not_asked_for(stage: Stage) -> None:
    stage.daemon = stage.at_work(BACKFILL_START_DATE="2025-10-28")
    assert stage.asked() == ("2025-10-28", "2025-10-30")


def test_on_the_first_day_there_may_be_no_partition(stage: Stage) -> None:
    stage.daemon = stage.at_work(BACKFILL_START_DATE="2025-10-30", INCLUDE_TODAY_DATA="false")
    assert stage.daemon.tick() == device_sync.UNCHANGED


@pytest.mark.parametrize("syncs", [{}, {"1": None}])
def test_no_device_says_anything(stage: Stage, syncs: dict[str, datetime | None]) -> None:
    stage.person.syncs = syncs
    assert stage.daemon.tick() == "No device says when it last synced."


def test_a_device_that_is_removed_changes_nothing(stage: Stage) -> None:
    stage.sync(NOON, "3")
    stage.daemon.tick()
    del stage.person.syncs["3"]
    assert stage.daemon.tick() == device_sync.UNCHANGED


@pytest.mark.parametrize("cursor", ["", "2025-10-30T11:00:00+00:00", "[]", '{"1": "noon"}', "null"])
def test_without_a_cursor_that_it_can_read_it_begins_anew(stage: Stage, cursor: str) -> None:
    stage.daemon.cursor = cursor
    assert stage.asked() == ("2025-09-30", "2025-10-30")


def test_what_a_failed_run_left_undone_the_next_one_does(stage: Stage) -> None:
    stage.sync(NOON - timedelta(days=4))
    stage.daemon.tick()
    stage.sync(NOON - timedelta(hours=2))
    (request,) = stage.daemon.asks()
    stage.account.emulator.fail_next(500, http.TRIES)
    assert not stage.daemon.execute(request).success
    stage.sync(NOON - timedelta(hours=1))
    (again,) = stage.daemon.asks()
    assert range_of(again) == ("2025-10-26", "2025-10-30")
    assert stage.daemon.execute(again).success
    stage.sync(NOON)
    assert stage.asked() == ("2025-10-30", "2025-10-30")


def test_while_its_run_is_under_way_it_asks_nobody(stage: Stage) -> None:
    (request,) = stage.daemon.asks()
    stage.daemon.begin(request)
    stage.account.emulator.calls.clear()
    assert stage.daemon.tick() == "The run for the last sync is under way."
    assert not stage.account.emulator.calls


def test_without_an_account_it_says_what_to_do(stage: Stage) -> None:
    stage.daemon.settings.account.tokens.path.unlink()  # type: ignore[attr-defined] # a file here
    assert "syncbit authorize" in str(stage.daemon.tick())
    assert not stage.account.emulator.calls


def test_devices_that_may_not_be_read_are_no_failure(stage: Stage) -> None:
    stage.account.emulator.untick("https://www.googleapis.com/auth/googlehealth.settings.readonly")
    assert "tick every box" in str(stage.daemon.tick())


def test_a_budget_that_is_used_up_is_no_failure(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "time", SimpleNamespace(time=lambda: stage.clock[0].timestamp()))
    stage.sync(NOON + timedelta(minutes=20))
    stage.daemon = stage.at_work(SYNCBIT_PROVIDER="fitbit_web", SYNCBIT_REQUESTS_PER_HOUR="1")
    stage.daemon.settings.account.tokens.save(
        Token(access_token="", refresh_token=DEMO_REFRESH_TOKEN, expires_at=0)
    )
    assert stage.asked() == ("2025-09-30", "2025-10-30")
    assert "is used up; it may go on at" in str(stage.daemon.tick())
    assert len(stage.account.emulator.fitbit_web.calls) == 1


def test_a_provider_in_trouble_is_one_sentence(stage: Stage) -> None:
    stage.account.emulator.fail_next(503, http.TRIES)
    with pytest.raises(dg.Failure) as failure:
        stage.daemon.tick()
    assert "answered 503 6 times; try again later." in str(failure.value)
    assert "\n" not in str(failure.value)
    assert stage.asked() == ("2025-09-30", "2025-10-30")  # nothing was lost


@contextmanager
def host_that_drops_packets() -> Iterator[str]:
    """Its address. The queue of connections is full, so that the kernel drops every further SYN."""
    with ExitStack() as kept:
        listener = kept.enter_context(closing(socket.socket()))
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = kept.enter_context(closing(socket.socket()))
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    ("variable", "sentence"),
    [
        ("GOOGLE_HEALTH_URL", r"cannot be reached after \d tr(y|ies); check the network"),
        ("GOOGLE_TOKEN_URL", r"The token endpoint .* did not answer .*; try again later\."),
    ],
)
def test_a_host_that_drops_packets_is_one_sentence_in_time(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, variable: str, sentence: str
) -> None:
    monkeypatch.setattr(device_sync, "PATIENCE_SECONDS", 0.3)
    with host_that_drops_packets() as url:
        daemon = stage.at_work(**{variable: url})
        started = time.monotonic()
        with pytest.raises(dg.Failure, match=sentence):
            daemon.tick()
    assert time.monotonic() - started < 2


def test_a_revoked_account_is_one_sentence(stage: Stage) -> None:
    stage.account.emulator.revoke()
    with pytest.raises(dg.Failure, match="run `syncbit authorize` again") as failure:
        stage.daemon.tick()
    assert "\n" not in str(failure.value)


def test_without_devices_there_is_no_sensor(stage: Stage) -> None:
    definitions = build_definitions(stage.account.settings(COLLECT_DEVICE_INFO="false"))
    assert {sensor.name for sensor in definitions.sensors or []} == {"history", "run_failures"}
