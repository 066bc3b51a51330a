"""`syncbit authorize` against the emulator's consent page, and everything that must not work."""

from __future__ import annotations

import stat
import threading
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit
from zoneinfo import ZoneInfo

import pytest
import requests

from syncbit_dagster.account import Token
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.errors import ConfigError, SyncbitError
from syncbit_dagster.sources.consent import Consent
from syncbit_dagster.sources.errors import NotAuthorizedError
from syncbit_dagster.sources.google_health.scopes import SCOPES
from syncbit_dagster_tests.cli.processes import SYNCBIT, start
from syncbit_dagster_tests.emulated import EmulatedAccount, emulated_account
from syncbit_dagster_tests.victoriametrics import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

PERSON = SyntheticPerson(zone=ZoneInfo("Australia/Lord_Howe"), first_day=date(2024, 2, 29), seed=1)


@pytest.fixture
def account(tmp_path: Path) -> Iterator[EmulatedAccount]:
    with emulated_account(PERSON, tmp_path, now=lambda: datetime.now(UTC)) as account:
        account.environment["FITBIT_REDIRECT_URI"] = f"http://127.0.0.1:{free_port()}/callback"
        Path(account.settings().account.tokens.place).unlink()
        yield account


def test_the_command_stores_tokens_zone_and_first_day(
    account: EmulatedAccount, tmp_path: Path
) -> None:
    environment = {
        name: value
        for name, value in account.environment.items()
        if name not in {"SYNCBIT_TIMEZONE", "BACKFILL_START_DATE"}
    }
    with start([*SYNCBIT, "authorize", "--no-browser"], tmp_path, environment) as process:
        assert process.stdout is not None
        url = next(line.strip() for line in process.stdout if "http" in line)
        page = requests.get(url, timeout=30)  # the emulator consents and redirects to us
        rest = process.stdout.read()
    assert process.returncode == 0, rest
    assert "You can close this page" in page.text
    settings = account.settings()
    token = settings.account.tokens.load()
    assert token is not None
    assert set(token.scope.split()) == set(SCOPES)
    assert stat.S_IMODE(Path(settings.account.tokens.place).stat().st_mode) == 0o600
    profile = settings.profile.load()
    assert profile.zone == PERSON.zone
    assert profile.first_day == PERSON.first_day
    for secret in (token.access_token, token.refresh_token):
        assert secret not in rest


def test_scopes_that_were_not_granted_are_named(account: EmulatedAccount, tmp_path: Path) -> None:
    account.emulator.untick(SCOPES[2])
    command = [*SYNCBIT, "authorize", "--no-browser"]
    with start(command, tmp_path, account.environment) as process:
        assert process.stdout is not None
        url = next(line.strip() for line in process.stdout if "http" in line)
        requests.get(url, timeout=30)
        rest = process.stdout.read()
    assert process.returncode == 0
    assert f"Not granted: {SCOPES[2]}" in rest


def waiting(consent: Consent) -> tuple[threading.Thread, list[Token | SyncbitError]]:
    """A thread that waits for the consent's end and keeps what came of it."""
    outcome: list[Token | SyncbitError] = []

    def wait() -> None:
        try:
            outcome.append(consent.wait())
        except SyncbitError as error:
            outcome.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread, outcome


def test_a_redirect_with_a_wrong_state_changes_nothing(account: EmulatedAccount) -> None:
    app = account.settings().account.oauth
    with Consent(app, SCOPES) as consent:
        thread, outcome = waiting(consent)
        forged = f"{app.redirect_uri}?{urlencode({'state': 'forged', 'code': 'stolen'})}"
        assert requests.get(forged, timeout=30).status_code == 404
        elsewhere = app.redirect_uri.replace("/callback", "/other")
        assert requests.get(elsewhere, timeout=30).status_code == 404
        assert not outcome
        requests.get(consent.url, timeout=30)
        thread.join()
    (token,) = outcome
    assert isinstance(token, Token)


def test_a_refusal_on_the_consent_page(account: EmulatedAccount) -> None:
    app = account.settings().account.oauth
    with Consent(app, SCOPES) as consent:
        thread, outcome = waiting(consent)
        state = parse_qs(urlsplit(consent.url).query)["state"][0]
        refused = f"{app.redirect_uri}?{urlencode({'state': state, 'error': 'access_denied'})}"
        assert requests.get(refused, timeout=30).status_code == 403
        thread.join()
    (error,) = outcome
    assert isinstance(error, NotAuthorizedError)


def test_a_code_that_the_provider_does_not_know(account: EmulatedAccount) -> None:
    app = account.settings().account.oauth
    with Consent(app, SCOPES) as consent:
        thread, outcome = waiting(consent)
        state = parse_qs(urlsplit(consent.url).query)["state"][0]
        requests.get(
            f"{app.redirect_uri}?{urlencode({'state': state, 'code': 'made-up'})}", timeout=30
        )
        thread.join()
    (error,) = outcome
    assert isinstance(error, NotAuthorizedError)
    assert "made-up" not in str(error)


def test_the_consent_asks_with_pkce_and_for_a_refresh_token(account: EmulatedAccount) -> None:
    with Consent(account.settings().account.oauth, SCOPES) as consent:
        query = parse_qs(urlsplit(consent.url).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["access_type"] == ["offline"]
    assert query["prompt"] == ["consent"]
    assert query["scope"] == [" ".join(SCOPES)]


def test_without_a_client_it_says_what_to_create(account: EmulatedAccount) -> None:
    settings = account.settings(SYNCBIT_PROVIDER="google_health")
    with pytest.raises(ConfigError, match="GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET"):
        Consent(settings.account.oauth, SCOPES)


def test_a_port_that_is_taken_is_named(account: EmulatedAccount) -> None:
    app = account.settings(FITBIT_REDIRECT_URI=f"{account.emulator.url}/callback").account.oauth
    with pytest.raises(ConfigError, match="FITBIT_REDIRECT_URI"):
        Consent(app, SCOPES)
