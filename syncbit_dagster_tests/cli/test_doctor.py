"""`syncbit doctor`: what each line says when all is well, and when one thing is not."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
import requests

from syncbit_dagster import factories
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.cli import doctor
from syncbit_dagster.cli.main import main
from syncbit_dagster.core.civil import DayRange, day_start
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import open_store
from syncbit_dagster.quality.account import (
    check_clock,
    check_midnights,
    check_permissions,
    check_quota,
    check_scopes,
    check_token,
    check_zone,
)
from syncbit_dagster.quota import Budget
from syncbit_dagster.quota.quota import Quota, QuotaFigures
from syncbit_dagster.stores.base import Slice
from syncbit_dagster_tests.emulated import EmulatedAccount, emulated_account
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics
from syncbit_dagster_tests.waiting import HANGS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

PERSON = SyntheticPerson(zone=ZoneInfo("Asia/Kolkata"), first_day=date(2025, 1, 1), seed=1)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVERYTHING = [
    *("configuration", "secrets", "quota", "clock", "token"),
    *("scopes", "sync", "provider", "zone", "store", "days", "readable"),
]


class Doctor:
    """Runs the command in this process and reads its lines."""

    def __init__(
        self,
        account: EmulatedAccount,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.account = account
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, **variables: str) -> tuple[int, dict[str, tuple[str, str]]]:
        """The exit status, and for each check its state and its words."""
        for name, value in (self.account.environment | variables).items():
            self._monkeypatch.setenv(name, value)
        status = main(["doctor"])
        lines = [line.split(maxsplit=2) for line in self._capsys.readouterr().out.splitlines()]
        return status, {name: (state, text) for state, name, text in lines}


@pytest.fixture
def examine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Doctor]:
    monkeypatch.chdir(tmp_path)
    with emulated_account(PERSON, tmp_path, now=lambda: datetime.now(UTC)) as account:
        del account.environment["BACKFILL_START_DATE"]
        yield Doctor(account, monkeypatch, capsys)


def states(lines: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {name: state for name, (state, _) in lines.items()}


def test_all_is_well(examine: Doctor) -> None:
    status, lines = examine()
    assert status == 0
    assert states(lines) == dict.fromkeys(EVERYTHING, "ok")
    assert "first day 2025-01-01" in lines["provider"][1]
    assert "Asia/Kolkata" in lines["zone"][1]
    assert "DuckDB" in lines["store"][1]
    token = examine.account.settings().account.tokens.load()
    assert token is not None
    assert token.access_token not in str(lines)
    again, _ = examine()
    assert again == 0
    store = open_store(examine.account.settings())
    wide = Slice((doctor.PROBE,), {}, datetime(2020, 1, 1, tzinfo=UTC), NOW + timedelta(days=9999))
    assert store.read(wide) == []  # nothing is left there
    store.close()


def test_all_is_well_with_the_other_provider(examine: Doctor) -> None:
    own = examine.account.settings(SYNCBIT_PROVIDER="fitbit_web")
    own.account.tokens.save(
        Token(access_token="", refresh_token="demo-fitbit-refresh-token", expires_at=0)
    )
    status, lines = examine(SYNCBIT_PROVIDER="fitbit_web")
    assert (status, states(lines)) == (0, dict.fromkeys(EVERYTHING, "ok"))


@pytest.mark.victoriametrics
def test_nothing_is_left_in_victoriametrics(examine: Doctor, tmp_path: Path) -> None:
    with running(victoria_metrics(tmp_path / "victoria")) as server:
        status, lines = examine(VICTORIA_ENDPOINT=server.url)
        assert status == 0, lines
        assert server.url in lines["store"][1]
        everything = {"match[]": '{__name__!=""}', "start": "0"}
        left = requests.get(f"{server.url}/api/v1/series", params=everything, timeout=HANGS_SECONDS)
        assert left.json()["data"] == []
        exported = requests.get(
            f"{server.url}/api/v1/export", params=everything, timeout=HANGS_SECONDS
        )
        assert exported.content == b""
    status, lines = examine(VICTORIA_ENDPOINT=server.url)
    assert status == 1
    assert [name for name, state in states(lines).items() if state == "FAIL"] == ["store"]


def test_a_variable_that_is_set_twice_is_named(
    examine: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    Path(".env").write_text("FITBIT_USER_ID=here\nSYNCBIT_PROVIDER=demo\n")
    _, lines = examine(FITBIT_USER_ID="there")
    state, words = lines["variables"]
    assert state == "warn"
    assert words.startswith("FITBIT_USER_ID: set differently in .env and in the environment")
    assert "'here'" in lines["configuration"][1]


def test_a_wrong_setting_ends_it(examine: Doctor) -> None:
    status, lines = examine(SYNCBIT_TIMEZONE="Asia/Kalkutta")
    assert status == 1
    assert states(lines) == {"configuration": "FAIL"}
    assert "did you mean" in lines["configuration"][1]


def test_nobody_has_authorized_or_the_permission_was_taken_back(examine: Doctor) -> None:
    examine.account.emulator.revoke()
    status, lines = examine()
    assert (status, lines["token"][0]) == (1, "FAIL")
    Path(examine.account.settings().account.tokens.place).unlink()
    status, lines = examine()
    assert status == 1
    assert lines["token"][0] == "FAIL"
    assert "syncbit authorize" in lines["token"][1]
    assert lines["scopes"][0] == "skip"
    assert "provider" not in lines
    assert lines["zone"][0] == lines["store"][0] == "ok"


def test_a_loose_token_file_fails_with_the_command_that_repairs_it(examine: Doctor) -> None:
    file = Path(examine.account.settings().account.tokens.place)
    file.chmod(0o644)
    status, lines = examine()
    assert status == 1
    assert lines["secrets"] == (
        "FAIL",
        f"others can read or replace secrets: run chmod go-rwx {file}",
    )


def test_a_scope_that_was_not_granted_is_no_failure(examine: Doctor) -> None:
    scope = "https://www.googleapis.com/auth/googlehealth.settings.readonly"
    examine.account.emulator.untick(scope)
    status, lines = examine()
    assert status == 0
    assert lines["scopes"][0] == lines["provider"][0] == "warn"
    assert f"{scope} (without it no devices, the account's time zone)" in lines["scopes"][1]


def test_a_provider_that_is_away_is_not_waited_for(examine: Doctor) -> None:
    examine()  # so that the token is fresh
    status, lines = examine(GOOGLE_HEALTH_URL="http://127.0.0.1:9")
    assert status == 1
    assert (lines["clock"][0], lines["provider"][0]) == ("skip", "FAIL")
    assert "try again later" in lines["provider"][1]
    assert lines["token"][0] == lines["zone"][0] == "ok"


def test_a_budget_that_is_used_up_is_not_waited_for(examine: Doctor) -> None:
    variables = {"SYNCBIT_REQUESTS_PER_MINUTE": "1"}
    budget = Budget(examine.account.settings(**variables).account.quota)
    budget.wait_for_turn()
    budget.close()
    status, lines = examine(**variables)
    assert status == 0
    assert lines["quota"][0] == lines["provider"][0] == "warn"
    assert "may go on at" in lines["provider"][1]


def test_a_budget_that_is_too_small_for_a_day_of_history_is_named(
    examine: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factories, "HISTORY_SECONDS", 60)
    status, lines = examine(SYNCBIT_REQUESTS_PER_MINUTE="1")
    assert status == 0
    assert lines["quota"][0] == "warn"
    assert "too small for the history" in lines["quota"][1]
    assert "raise SYNCBIT_REQUESTS_PER_MINUTE" in lines["quota"][1]


def test_an_export_needs_no_token(examine: Doctor, tmp_path: Path) -> None:
    folder = tmp_path / "Takeout" / "Fitbit" / "Global Export Data"
    folder.mkdir(parents=True)
    (folder / "steps-2021-06-01.json").write_text(
        '[{"dateTime": "06/01/21 12:00:00", "value": "7"}]'
    )
    status, lines = examine(SYNCBIT_PROVIDER="takeout", TAKEOUT_PATH=str(tmp_path / "Takeout"))
    assert status == 0
    assert {lines[name][0] for name in ("token", "scopes", "quota", "clock")} == {"skip"}
    assert "first day 2021-06-01" in lines["provider"][1]


TOKEN = Token("a", "b", expires_at=NOW.timestamp() + 3600, scope="activity sleep")
TOKEN = replace(TOKEN, obtained_at=NOW.timestamp() - 7200, refreshes=3)


def test_tokens_clocks_and_scopes() -> None:
    for days, state, words in (
        (None, "ok", "2.0 h old, 3 refreshes"),
        (6.5, "warn", "6.5 days"),
        (1, "FAIL", "publish"),
        (-0.1, "FAIL", "has ended"),
    ):
        end = None if days is None else NOW.timestamp() + days * 86_400
        verdict = check_token(replace(TOKEN, refresh_ends_at=end), NOW)
        assert (verdict.state, words in verdict.text) == (state, True)
    for skew, state, words in (
        (0.4, "ok", "0 s ahead"),
        (-29, "ok", "29 s behind"),
        (31, "FAIL", "31 s ahead"),
        (-3600, "FAIL", "NTP"),
    ):
        verdict = check_clock(NOW + timedelta(seconds=skew), NOW)
        assert (verdict.state, words in verdict.text) == (state, True)
    assert check_scopes(["activity", "sleep"], TOKEN).state == "ok"
    verdict = check_scopes(["activity", "sleep", "weight"], TOKEN)
    assert (verdict.state, "weight (without it no body)" in verdict.text) == ("warn", True)


def test_zones(examine: Doctor) -> None:
    account = examine.account.settings().account
    assert check_zone(account, None).state == "ok"
    moved = check_zone(account, ZoneInfo("Europe/Berlin"))
    assert moved.state == "warn"
    assert "SYNCBIT_TIMEZONE=Europe/Berlin" in moved.text
    assumed = check_zone(replace(account, zone_is_assumed=True), ZoneInfo("Europe/Berlin"))
    assert assumed.state == "FAIL"
    assert "SYNCBIT_TIMEZONE=Europe/Berlin" in assumed.text


def test_permissions(tmp_path: Path) -> None:
    directory, file, link = tmp_path / "data", tmp_path / "data" / "a", tmp_path / "data" / "b"
    missing = tmp_path / "missing"
    directory.mkdir(mode=0o755)
    file.touch(mode=0o600)
    assert check_permissions([directory, file, missing]).state == "ok"
    directory.chmod(0o777)
    assert check_permissions([directory, file]).text.endswith(f"go-rwx {directory}")
    link.symlink_to(file)
    verdict = check_permissions([directory, link])
    assert (verdict.state, os.fspath(link) in verdict.text) == ("FAIL", True)


def test_a_quota_without_room() -> None:
    quota = Quota(150, 3600, "fixed")
    assert check_quota(quota, QuotaFigures(20, 130, 2)).text == (
        "20 of 150 requests in 3600 s used, 2 waits so far"
    )
    assert check_quota(quota, QuotaFigures(150, 0, 2)).state == "warn"


def test_samples_of_another_zone_are_named() -> None:
    berlin, york = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
    days = DayRange(date(2025, 10, 25), date(2025, 10, 27))  # one of them has 25 hours in Berlin
    midnights = [day_start(day, berlin) for day in days]
    assert check_midnights(midnights, berlin).state == "ok"
    found = check_midnights(midnights, york)
    assert found.state == "FAIL"
    assert "of 3 days" in found.text
    assert "materialize 2025-10-24...2025-10-26" in found.text


def test_no_client_and_a_misspelt_name_are_named(examine: Doctor) -> None:
    status, lines = examine(GOOGLE_CLIENT_ID="", SYNCBIT_PROVIDER="google_health")
    assert status == 1
    assert lines["client"][0] == "FAIL"
    assert "GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET are not set" in lines["client"][1]
    _, lines = examine(VICTORIA_ENDPIONT="http://localhost:8428")
    assert "did you mean VICTORIA_ENDPOINT?" in lines["variables"][1]


@pytest.mark.victoriametrics
def test_a_server_that_forgets_the_past_is_named(examine: Doctor, tmp_path: Path) -> None:
    forgetful = victoria_metrics(tmp_path / "victoria", flags=("-retentionPeriod=1",))
    with running(forgetful) as server:
        status, lines = examine(VICTORIA_ENDPOINT=server.url, BACKFILL_START_DATE="2025-01-01")
        assert status == 1
        assert "-retentionPeriod=100y" in lines["store"][1]
