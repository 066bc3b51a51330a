"""What a file of accounts declares, where values come from, and what is refused."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from syncbit_dagster.account.token_table import TokenTable
from syncbit_dagster.config import VARIABLES, load_accounts, load_settings
from syncbit_dagster.config.accounts_file import OF_ONE_ACCOUNT
from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster_tests.accounts.files import NOW, Declared

if TYPE_CHECKING:
    from pathlib import Path

TWO = """\
anna:
  SYNCBIT_TIMEZONE: Pacific/Auckland
  BACKFILL_START_DATE: 2024-02-29
  FITBIT_DEVICE: charge6
  COLLECT_BODY: no
ben:
  SYNCBIT_PROVIDER: fitbit_web
  FITBIT_CLIENT_ID: 0023A7
  SYNCBIT_REQUESTS_PER_HOUR: 1_5
  SYNCBIT_TIMEZONE: America/New_York
"""


@pytest.fixture
def declared(tmp_path: Path) -> Declared:
    return Declared(tmp_path)


def test_each_account_has_what_the_file_says_and_a_directory_of_its_own(
    declared: Declared,
) -> None:
    declared.write(TWO.replace("1_5", "15"))
    anna, ben = declared.load(SYNCBIT_REQUESTS_PER_MINUTE="7", COLLECT_SLEEP="false")
    data = declared.directory / "data"
    assert (anna.name, ben.name) == ("anna", "ben")
    assert anna.account.zone == ZoneInfo("Pacific/Auckland")
    assert anna.account.first_day == date(2024, 2, 29)
    assert anna.account.labels == {"user": "anna", "device": "charge6"}
    assert anna.account.quota.requests == 7  # the environment holds for all
    assert anna.disabled_assets == {"body", "sleep"}
    assert ben.account.provider == "fitbit_web"
    assert ben.account.oauth.client_id == "0023A7"  # a number to YAML, text to everybody else
    assert ben.account.labels == {"user": "ben", "device": "fitbit"}
    assert ben.account.quota.requests == 15
    assert ben.disabled_assets == {"sleep"}
    for one in (anna, ben):
        own = data / "accounts" / str(one.name)
        assert one.data_directory == own
        assert one.account.tokens.place == str(own / f"tokens-{one.account.provider}.json")
        assert str(one.account.quota.place) == str(own / "quota.sqlite")
        assert one.store_directory == data
        assert one.embedded_store == data / "syncbit.duckdb"


def test_without_the_file_there_is_the_account_of_the_environment(declared: Declared) -> None:
    variables = {"DATA_DIR": str(declared.directory), "FITBIT_USER_ID": "me"}
    variables |= {"SYNCBIT_ACCOUNTS": "", "SYNCBIT_ACCOUNT_NAMES": ""}  # as compose leaves them
    (only,) = load_accounts(variables, secrets_directory=declared.secrets, now=NOW)
    assert only == load_settings(variables, secrets_directory=declared.secrets, now=NOW)
    assert only.name is None
    assert only.data_directory == only.store_directory == declared.directory


def test_a_directory_has_a_file_for_each_account(declared: Declared) -> None:
    directory = declared.directory / "people"
    directory.mkdir()
    (directory / "ben.yaml").write_text("FITBIT_DEVICE: sense\n")
    (directory / "anna.yaml").write_text("")
    (directory / "notes.txt").write_text("not YAML: [")
    anna, ben = declared.load(SYNCBIT_ACCOUNTS=str(directory))
    assert anna.account.labels == {"user": "anna", "device": "fitbit"}
    assert ben.account.labels == {"user": "ben", "device": "sense"}


def test_a_process_may_have_to_do_with_some_of_them(declared: Declared) -> None:
    declared.write("anna:\nben:\ncleo:\n")
    chosen = declared.load(SYNCBIT_ACCOUNT_NAMES=" cleo, anna")
    assert [one.name for one in chosen] == ["anna", "cleo"]
    with pytest.raises(ConfigError, match=r"no account 'dora'; there are anna, ben, cleo\."):
        declared.load(SYNCBIT_ACCOUNT_NAMES="anna,dora")
    with pytest.raises(ConfigError, match="needs SYNCBIT_ACCOUNTS"):
        load_accounts({"SYNCBIT_ACCOUNT_NAMES": "anna"}, secrets_directory=declared.secrets)
    # What is wrong with one stops nobody else.
    declared.write("anna:\nben:\n  SYNCBIT_TIMEZONE: Nowhere\n")
    assert [one.name for one in declared.load(SYNCBIT_ACCOUNT_NAMES="anna")] == ["anna"]
    for names in ("ben", "anna,ben", ""):
        with pytest.raises(ConfigError, match="account 'ben': SYNCBIT_TIMEZONE='Nowhere'"):
            declared.load(SYNCBIT_ACCOUNT_NAMES=names)


def test_the_labels_of_all_are_compared_in_every_process(declared: Declared) -> None:
    declared.write("anna:\n  FITBIT_USER_ID: ben\nben:\ncleo:\n")
    with pytest.raises(ConfigError, match="'anna' and 'ben' have the same labels, user='ben'"):
        declared.load(SYNCBIT_ACCOUNT_NAMES="cleo")
    declared.write("anna:\n  FITBIT_USER_ID: ben\n  FITBIT_DEVICE: other\nben:\n")
    assert len(declared.load()) == 2


def test_what_is_an_accounts_own_wins_over_what_is_common(declared: Declared) -> None:
    declared.secret("google_client_secret", "common")
    declared.secret("google_client_id", "common-id")
    declared.secret("anna/google_client_secret", "of anna")
    declared.secret("fitbit_user_id", "everybody")
    declared.write("anna:\n  GOOGLE_CLIENT_ID: her-id\nben:\n  SYNCBIT_TIMEZONE:\n")
    anna, ben = declared.load(GOOGLE_CLIENT_ID="of the environment", SYNCBIT_TIMEZONE="Asia/Tokyo")
    assert anna.account.oauth.client_secret == "of anna"
    assert anna.account.oauth.client_id == "her-id"
    assert anna.account.labels["user"] == "anna"
    assert ben.account.oauth.client_secret == "common"
    assert ben.account.oauth.client_id == "common-id"
    assert ben.account.zone == ZoneInfo("Asia/Tokyo")  # empty is not set


def test_state_in_a_database_is_apart_even_with_one_label_in_common(declared: Declared) -> None:
    declared.write("anna:\n  FITBIT_DEVICE: a\nanna_b:\n  FITBIT_USER_ID: anna\n")
    accounts = declared.load(SYNCBIT_STATE_URL="postgresql://u:p@host/db")
    tokens = [one.account.tokens for one in accounts]
    assert all(isinstance(one, TokenTable) for one in tokens)
    assert tokens[0] != tokens[1]
    assert accounts[0].account.quota.place != accounts[1].account.quota.place


def test_secrets_are_taken_from_a_private_file_only_and_never_shown(declared: Declared) -> None:
    for mode in (0o640, 0o604):
        declared.write("anna:\n  GOOGLE_CLIENT_SECRET: hush\n", mode)
        with pytest.raises(ConfigError, match=r"chmod 600 .*/run/secrets/anna/google_client_secr"):
            declared.load()
    declared.write("anna:\n  GOOGLE_CLIENT_SECRET: hush\n", 0o600)
    (anna,) = declared.load()
    assert anna.account.oauth.client_secret == "hush"
    assert "hush" not in repr(anna)


REFUSED = {
    "": "declares no account",
    "# nothing\n": "declares no account",
    "- anna\n": "line 1: here go the names",
    "anna\n": "line 1: here go the names",
    "anna: Europe/Berlin\n": "line 1: here go the variables of the account 'anna'",
    "anna:\n  - a\n": "line 2: here go the variables of the account 'anna'",
    "anna: {}\nben: {}\nanna: {}\n": "line 3: 'anna' is there twice",
    "anna:\n  LOG_LEVEL: INFO\n": "LOG_LEVEL holds for all accounts",
    "anna:\n  FITBIT_DEVICE: a\n  FITBIT_DEVICE: b\n": "line 3: 'FITBIT_DEVICE' is there twice",
    "anna:\n  SYNCBIT_TIMEZNE: UTC\n": "is unknown (did you mean SYNCBIT_TIMEZONE?)",
    "anna:\n  SYNCBIT_TIMEZONE: Mars/Olympus\n": "account 'anna': SYNCBIT_TIMEZONE='Mars/Olympus'",
    "anna:\n  BACKFILL_START_DATE: 2030-01-01\n": "account 'anna': BACKFILL_START_DATE=2030-01-01",
    "anna:\n  SYNCBIT_PROVIDER: takeout\n": "account 'anna': SYNCBIT_PROVIDER=takeout needs",
    "anna:\n  INTRADAY_RESOURCES: [steps]\n": "line 2: INTRADAY_RESOURCES has a list",
    "anna:\n  ? [a]\n  : b\n": "line 2: a name is a plain word",
    "anna: [\n": "is no YAML in line",
    "anna:\n  GOOGLE_CLIENT_SECRET: *hush\n": "is no YAML in line 2",
    "anna: {}\n---\nben: {}\n": "is no YAML in line",
    "anna:\n\tSYNCBIT_TIMEZONE: UTC\n": "is no YAML in line 2",
    "a: \x00\n": "is no YAML;",
} | {
    f"{name!r}: {{}}\n": "no name of an account"
    for name in ("Anna", "1a", "a-b", "a b", "../a", "ä", "", "a" * 41)
}


@pytest.mark.parametrize(("text", "sentence"), REFUSED.items())
def test_what_is_not_legal_is_refused_with_one_sentence(
    declared: Declared, text: str, sentence: str
) -> None:
    declared.write(text, 0o600)
    with pytest.raises(ConfigError) as raised:
        declared.load()
    said = str(raised.value)
    assert sentence in said
    assert str(declared.file) in said
    assert "\n" not in said
    assert "hush" not in said


@pytest.mark.parametrize("name", [row.name for row in VARIABLES if row.is_common])
def test_what_is_common_is_refused_in_an_account(declared: Declared, name: str) -> None:
    declared.write(f"anna:\n  {name}: x\n", 0o600)
    with pytest.raises(ConfigError, match=f"{name} holds for all accounts") as raised:
        declared.load()
    assert all(legal in str(raised.value) for legal in OF_ONE_ACCOUNT)


def test_a_file_that_is_not_there_or_no_text(declared: Declared) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        declared.load()
    declared.file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="it is no UTF-8 text"):
        declared.load()
