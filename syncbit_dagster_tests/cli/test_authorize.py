"""`syncbit authorize` as a process, against both providers' consent pages."""

from __future__ import annotations

import argparse
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import requests

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.cli import authorize
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import SOURCES, open_source
from syncbit_dagster.sources.errors import PermissionMissingError
from syncbit_dagster.sources.google_health.scopes import SCOPES
from syncbit_dagster.sources.oauth.consent import Consent
from syncbit_dagster.sources.oauth.scopes import missing_scopes
from syncbit_dagster.sources.set_aside import FORBIDDEN
from syncbit_dagster_tests.cli.processes import SYNCBIT, run, start
from syncbit_dagster_tests.emulated import EmulatedAccount, emulated_account
from syncbit_dagster_tests.victoriametrics import free_port
from syncbit_dagster_tests.waiting import HANGS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncbit_dagster.config import Settings

PERSON = SyntheticPerson(zone=ZoneInfo("Australia/Lord_Howe"), first_day=date(2024, 2, 29), seed=1)
COMMAND = [*SYNCBIT, "authorize", "--no-browser"]
SETTINGS_SCOPE = SCOPES[3]
DAYS = DayRange(date(2025, 5, 1), date(2025, 5, 7))


@pytest.fixture(params=["demo", "fitbit_web"])
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def account(tmp_path: Path, provider: str) -> Iterator[EmulatedAccount]:
    """An account that nobody has authorized, and of which nothing is known."""
    with emulated_account(PERSON, tmp_path, now=lambda: datetime.now(UTC)) as account:
        account.environment["SYNCBIT_PROVIDER"] = provider
        account.environment["FITBIT_REDIRECT_URI"] = f"http://127.0.0.1:{free_port()}/callback"
        del account.environment["SYNCBIT_TIMEZONE"], account.environment["BACKFILL_START_DATE"]
        Path(account.settings().account.tokens.place).unlink(missing_ok=True)
        yield account


only_google = pytest.mark.parametrize("provider", ["demo"], indirect=True)


def authorized(account: EmulatedAccount, directory: Path) -> tuple[int, str, str]:
    """Run the command and open its page: status, what the page says, what the command says."""
    with start(COMMAND, directory, account.environment) as process:
        assert process.stdout is not None
        url = next(line.strip() for line in process.stdout if line.startswith("  http"))
        page = requests.get(url, timeout=HANGS_SECONDS)  # the emulator consents and redirects to us
        rest = process.stdout.read()
    return process.returncode, page.text, rest


def stored(settings: Settings) -> Token:
    token = settings.account.tokens.load()
    assert token is not None
    return token


def test_the_command_stores_tokens_zone_first_day_and_devices(
    account: EmulatedAccount, tmp_path: Path, provider: str
) -> None:
    status, page, output = authorized(account, tmp_path)
    assert status == 0, output
    assert "You can close this page" in page
    settings = account.settings()
    token = stored(settings)
    assert token.scopes == set(SOURCES[provider].SCOPES)
    file = Path(settings.account.tokens.place)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    profile = settings.profile.load()
    assert (profile.zone, profile.first_day) == (PERSON.zone, PERSON.first_day)
    assert profile.devices
    assert "Not granted" not in output
    assert "reload its code location" in output  # of a Dagster that runs already
    for secret in (token.access_token, token.refresh_token):
        assert secret not in output


def test_the_address_can_be_pasted(account: EmulatedAccount, tmp_path: Path) -> None:
    with start(COMMAND, tmp_path, account.environment) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        url = next(line.strip() for line in process.stdout if line.startswith("  http"))
        answer = requests.get(url, allow_redirects=False, timeout=HANGS_SECONDS)
        print(answer.headers["Location"].replace("code=", "kode="), file=process.stdin, flush=True)
        print(answer.headers["Location"], file=process.stdin, flush=True)
        output = process.stdout.read()
    assert process.returncode == 0, output
    assert "paste it here" in output
    assert "not the address that is waited for" in output
    assert stored(account.settings()).refresh_token


@only_google
def test_scopes_that_were_not_granted_are_named_with_their_assets(
    account: EmulatedAccount, tmp_path: Path
) -> None:
    """Without the settings it asks for the zone."""
    account.emulator.untick(SCOPES[2], SETTINGS_SCOPE)
    status, _, output = authorized(account, tmp_path)
    assert status == 0
    assert f"Not granted: {SCOPES[2]}. Missing without it: sleep." in output
    assert "Missing without it: devices, the account's time zone." in output
    assert "Set SYNCBIT_TIMEZONE" in output


@only_google
def test_an_account_without_fitbit_data_is_named_at_once(
    account: EmulatedAccount, tmp_path: Path
) -> None:
    error: dict[str, Any] = {"code": 400, "status": "FAILED_PRECONDITION"}
    error["details"] = [{"reason": "ACCOUNT_NOT_LINKED"}]
    account.emulator.fail_next(400, body={"error": error})
    status, _, output = authorized(account, tmp_path)
    assert status == 1
    assert "holds no Fitbit data" in output.splitlines()[-1]
    assert account.settings().profile.load().zone is None


def test_a_client_that_does_not_exist_is_named_at_once(
    account: EmulatedAccount, tmp_path: Path
) -> None:
    unknown = {"GOOGLE_CLIENT_ID": "unknown", "FITBIT_CLIENT_ID": "unknown"}
    done = run(COMMAND, tmp_path, account.environment | unknown)
    assert done.returncode == 1
    assert "there is no such client; check" in done.stderr
    assert "http://" not in done.stdout


@only_google
def test_a_project_in_testing_says_how_to_publish(
    account: EmulatedAccount, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    token = Token(
        access_token="a",
        refresh_token="demo-refresh-token",
        expires_at=0,
        scope=" ".join(SCOPES),
        refresh_ends_at=datetime(2026, 11, 29, 12, tzinfo=UTC).timestamp(),
    )
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(authorize, "_ask", lambda *_, **__: token)
    assert authorize.run(argparse.Namespace(no_browser=True, account=None)) == 0
    output = capsys.readouterr().out
    assert "ends on 2026-11-29" in output
    assert "Publish app" in output


def test_an_export_needs_no_authorization_and_tells_what_it_knows(tmp_path: Path) -> None:
    export = tmp_path / "export"
    export.mkdir()
    steps = '[{"dateTime": "06/11/21 05:00:00", "value": "7"}]'
    (export / "steps-2021-06-11.json").write_text(steps)
    stored = tmp_path / "data" / "account.json"
    stored.parent.mkdir()
    stored.write_text('{"zone": "America/Chicago", "first_day": null, "devices": ["Charge 5"]}')
    variables = {"SYNCBIT_PROVIDER": "takeout", "TAKEOUT_PATH": str(export)}
    done = run(COMMAND, tmp_path, {**variables, "DATA_DIR": str(stored.parent)})
    assert done.returncode == 0, done.stderr
    assert "Nothing to authorize" in done.stdout
    assert json.loads(stored.read_text()) == {
        "zone": "America/Chicago",
        "first_day": "2021-06-11",
        "devices": ["Charge 5"],
    }


def test_the_table_of_scopes_says_what_the_provider_refuses(
    account: EmulatedAccount, provider: str
) -> None:
    """Consent to all but one scope after the other and ask for everything: the table is right."""
    scopes = SOURCES[provider].SCOPES
    settings = account.settings(SYNCBIT_TIMEZONE="UTC", BACKFILL_START_DATE="2025-01-01")
    for scope in scopes:
        others = [one for one in scopes if one != scope]
        with Consent(settings.account.oauth, others) as consent, ThreadPoolExecutor(1) as pool:
            browser = pool.submit(requests.get, consent.url, timeout=HANGS_SECONDS)
            settings.account.tokens.save(consent.wait(None, print))
            assert browser.result().ok
        named = missing_scopes(scopes, set(others))[scope].split(", ")
        expected = {name for name in named if not name.startswith("the account's")}
        assert _refused(settings) == expected, scope


def _refused(settings: Settings) -> set[str]:
    """The assets that cannot be had, or not wholly, with what was granted."""
    source, refused = open_source(settings), set()
    for asset in ASSETS:
        if not source.has(asset):
            continue
        try:
            if asset.is_partitioned:
                found = [one for batch in source.fetch(asset, DAYS) for one in batch.set_aside]
                refused |= {asset.name for one in found if FORBIDDEN in one.reason}
            else:
                source.fetch_current(asset)
        except PermissionMissingError:
            refused.add(asset.name)
    source.close()
    return refused
