"""Settings: every variable's legal and illegal values, and where they come from."""

from __future__ import annotations

import errno
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.account.profile import Profile, ProfileFile
from syncbit_dagster.account.token_table import TokenTable
from syncbit_dagster.config import VARIABLES, Settings, load_settings
from syncbit_dagster.config.origins import contradictions, misspelt
from syncbit_dagster.core.errors import ConfigError

NOW = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)


def load(tmp_path: Path, **variables: str) -> Settings:
    environment = {"DATA_DIR": str(tmp_path / "data"), **variables}
    return load_settings(environment, secrets_directory=tmp_path / "secrets", now=NOW)


def test_defaults_need_no_variable_at_all(tmp_path: Path) -> None:
    settings = load(tmp_path)
    account = settings.account
    assert account.provider == "google_health"
    assert account.api_url == "https://health.googleapis.com"
    assert account.labels == {"user": "default", "device": "fitbit"}
    assert account.zone == ZoneInfo("UTC")
    assert account.zone_is_assumed
    assert account.first_day == date(2026, 3, 1)
    assert (account.quota.requests, account.quota.seconds) == (150, 60)
    assert account.quota.window == "sliding"
    assert account.quota.longest_wait_seconds == 900
    assert str(account.quota.place) == str(tmp_path / "data" / "quota.sqlite")
    assert account.tokens.place == str(tmp_path / "data" / "tokens-google_health.json")
    assert settings.include_today
    assert settings.interval_seconds == 300
    assert settings.heart_rate_interval_seconds == 60
    assert settings.intraday_on_schedule == ()
    assert settings.victoria is None


WRONG = [
    ("SYNCBIT_PROVIDER", "garmin", "google_health"),
    ("SYNCBIT_TIMEZONE", "Europe/Berln", "did you mean Europe/Berlin"),
    ("SYNCBIT_TIMEZONE", "../../etc/passwd", "IANA time zone"),
    ("BACKFILL_START_DATE", "yesterday", "2024-12-31"),
    ("BACKFILL_START_DATE", "2026-04-02", "future"),
    ("INCLUDE_TODAY_DATA", "maybe", "true or false"),
    ("INTRADAY_RESOURCES", "steps,blood", "'blood' is unknown; use some of steps"),
    ("INTRADAY_DETAIL_LEVEL", "2min", "1min, 5min, 15min"),
    ("INTRADAY_DETAIL_LEVEL", "1sec", "1min, 5min, 15min"),
    ("INTRADAY_HEART_RATE_DETAIL", "2sec", "1sec, 1min, 5min, 15min"),
    ("SYNCBIT_REQUESTS_PER_MINUTE", "0", "at least 1"),
    ("SYNCBIT_REQUESTS_PER_MINUTE", "many", "whole number"),
    ("SYNCBIT_LONGEST_WAIT_MINUTES", "0", "at least 1"),
    ("SYNCBIT_STATE_URL", "mysql://host/database", "postgresql://user"),
    ("FITBIT_REDIRECT_URI", "http://example.org:8080/callback", "loopback"),
    ("FITBIT_REDIRECT_URI", "https://localhost:8080/callback", "loopback"),
    ("GOOGLE_HEALTH_URL", "health.googleapis.com", "https://host"),
    ("VICTORIA_ENDPOINT", "http://user:password@host:8428", "variables of their own"),
    ("FITBIT_USER_ID", "a\nb", "printable"),
    ("LOG_LEVEL", "loud", "DEBUG, INFO"),
    ("COLLECT_SLEEP", "2", "true or false"),
]


def test_a_wrong_value_is_refused_with_the_legal_ones(tmp_path: Path) -> None:
    for name, value, hint in WRONG:
        with pytest.raises(ConfigError, match=name) as raised:
            load(tmp_path, **{name: value})
        assert hint in str(raised.value)
        assert "\n" not in str(raised.value)


def test_the_profile_that_authorize_stored_gives_zone_and_first_day(tmp_path: Path) -> None:
    profile = Profile(ZoneInfo("America/New_York"), date(2019, 5, 4))
    ProfileFile(tmp_path / "data" / "account.json").save(profile)
    account = load(tmp_path).account
    assert (account.zone, account.first_day) == (profile.zone, profile.first_day)
    assert not account.zone_is_assumed
    chosen = load(tmp_path, SYNCBIT_TIMEZONE="Asia/Kolkata", BACKFILL_START_DATE="2020-01-01")
    assert chosen.account.zone == ZoneInfo("Asia/Kolkata")
    assert chosen.account.first_day == date(2020, 1, 1)


def test_a_damaged_profile_says_what_to_do(tmp_path: Path) -> None:
    file = ProfileFile(tmp_path / "data" / "account.json")
    file.save(Profile())
    for content in ("{", "[]", '{"zone": "Mars/Olympus"}', '{"first_day": "soon"}'):
        file.path.write_text(content)
        with pytest.raises(ConfigError, match="syncbit authorize"):
            load(tmp_path)


def test_a_secret_file_wins_over_the_variable(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "google_client_secret").write_text("from-file\n")
    settings = load(tmp_path, GOOGLE_CLIENT_SECRET="from-variable")
    assert settings.account.oauth.client_secret == "from-file"


def test_a_dotenv_file_wins_over_the_environment_as_it_does_under_dagster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("FITBIT_USER_ID=from-file\nSYNCBIT_TIMEZONE=\n")
    for name in ("FITBIT_USER_ID", "FITBIT_DEVICE"):
        monkeypatch.setenv(name, "from-environment")
    labels = load_settings().account.labels
    assert labels == {"user": "from-file", "device": "from-environment"}
    assert contradictions() == ["FITBIT_USER_ID"]
    assert misspelt() == {}
    monkeypatch.setenv("VICTORIA_ENDPIONT", "http://localhost:8428")
    (tmp_path / ".env").write_text("FITBIT_USERID=a\nFITBIT_USER_ID=from-file\nGOOGLE_MAPS_KEY=b\n")
    assert misspelt() == {
        "FITBIT_USERID": "FITBIT_USER_ID",
        "VICTORIA_ENDPIONT": "VICTORIA_ENDPOINT",
    }
    (tmp_path / ".env").write_text("FITBIT_USER_ID=ab${c}d$HOME\n")  # a dollar is a dollar
    assert load_settings().account.labels["user"] == "ab${c}d$HOME"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_a_secret_file_that_cannot_be_read_has_a_sentence(
    tmp_path: Path, content: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secrets" / "google_client_secret"
    file.parent.mkdir()
    file.write_bytes(content or b"hidden")
    if content is None:

        def refuse(*_: object, **__: object) -> str:
            raise PermissionError(errno.EACCES, "Permission denied")

        monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(ConfigError, match="google_client_secret") as raised:
        load(tmp_path)
    assert "hidden" not in str(raised.value)


def test_secrets_are_in_no_text_of_the_settings(tmp_path: Path) -> None:
    secrets = {row.name: f"hidden-{row.name}" for row in VARIABLES if row.is_secret}
    assert secrets
    del secrets["VICTORIA_PASSWORD"]  # comes with a user only
    secrets["SYNCBIT_STATE_URL"] = "postgresql://hidden-user:hidden-password@host/database"
    settings = load(tmp_path, VICTORIA_ENDPOINT="http://localhost:8428", **secrets)
    assert "hidden-" not in repr(settings)


def test_a_database_keeps_tokens_and_quota_of_several_accounts_apart(tmp_path: Path) -> None:
    url = "postgres://syncbit:hidden-password@database:5432/syncbit?sslmode=require"
    places = set()
    for variables in (
        {"FITBIT_USER_ID": "a"},
        {"FITBIT_USER_ID": "b"},
        {"FITBIT_USER_ID": "a", "SYNCBIT_PROVIDER": "fitbit_web"},
    ):
        settings = load(tmp_path, SYNCBIT_STATE_URL=url, **variables)
        tokens, place = settings.account.tokens, settings.account.quota.place
        assert isinstance(tokens, TokenTable)
        assert place is not None
        assert tokens.place == str(place) == "postgresql://database:5432/syncbit"
        assert "hidden" not in repr(settings)
        places |= {(tokens.state.account, tokens.state.subject), (place.account, place.subject)}
    assert len(places) == 6


def test_a_wrong_state_url_is_not_shown(tmp_path: Path) -> None:
    """Nor are the options of a right one."""
    for url in (
        "mysql://user:hidden@host/database",
        "postgresql://user:hidden/hidden@host/database",
        "postgresql://user:hidden?hidden@host/database",
        "postgresql://user:5432?hidden@host/database",
        "postgresql://user:hidden#hidden@host/database",
    ):
        with pytest.raises(ConfigError, match="SYNCBIT_STATE_URL") as raised:
            load(tmp_path, SYNCBIT_STATE_URL=url)
        assert "hidden" not in str(raised.value)
    right = "postgresql+psycopg://host/database"
    settings = load(tmp_path, SYNCBIT_STATE_URL=f"{right}?user=a%40b&password=hidden")
    assert settings.account.tokens.place == right


def test_fitbit_counts_in_hours_of_the_clock(tmp_path: Path) -> None:
    quota = load(
        tmp_path, SYNCBIT_PROVIDER="fitbit_web", SYNCBIT_LONGEST_WAIT_MINUTES="5"
    ).account.quota
    assert (quota.requests, quota.seconds, quota.window) == (150, 3600, "fixed")
    assert quota.longest_wait_seconds == 300
    fewer = load(tmp_path, SYNCBIT_PROVIDER="fitbit_web", SYNCBIT_REQUESTS_PER_HOUR="90")
    assert fewer.account.quota.requests == 90


def test_lists_tildes_and_empty_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(tmp_path, ENABLE_INTRADAY_COLLECTION="true", INTRADAY_RESOURCES="floors, steps")
    assert settings.intraday_on_schedule == ("floors", "steps")
    assert load(tmp_path, VICTORIA_ENDPOINT="", LOG_LEVEL=" ").log_level == "INFO"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load(tmp_path, DATA_DIR="~/data").data_directory == tmp_path / "data"
