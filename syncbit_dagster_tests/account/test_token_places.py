"""Where tokens are kept: what is stored, who may read it, and what is refused."""

from __future__ import annotations

import errno
import logging
import os
import stat
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.account import token_file as token_file_module
from syncbit_dagster.account.state.place import StateError, StatePlace
from syncbit_dagster.account.token_file import TokenFile
from syncbit_dagster.account.token_table import TokenTable
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from syncbit_dagster.account.tokens import TokenStore

TOKEN = Token(
    access_token="hidden-access",
    refresh_token="hidden-refresh",
    expires_at=1_800_000_000.5,
    scope="activity sleep",
    obtained_at=1_799_996_400.0,
    refresh_ends_at=1_800_600_000.0,
    refreshes=3,
)


@pytest.fixture
def file(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "data" / "tokens.json")


@pytest.fixture(params=["file", "table"])
def store(request: pytest.FixtureRequest, file: TokenFile) -> TokenStore:
    if request.param == "file":
        return file
    url = request.getfixturevalue("new_database")()
    return TokenTable(StatePlace(url, "fitbit_web/a", "token"))


def test_what_is_saved_is_loaded(store: TokenStore) -> None:
    assert store.load() is None
    store.save(TOKEN)
    assert store.load() == TOKEN
    with store.locked() as held:
        held.save(Token(access_token="b", refresh_token="c", expires_at=1))
        assert held.load() == Token(access_token="b", refresh_token="c", expires_at=1)
    assert store.load() == Token(access_token="b", refresh_token="c", expires_at=1)


def test_a_lock_keeps_others_out_until_what_is_written_counts(store: TokenStore) -> None:
    store.save(TOKEN)
    seen: list[Token | None] = []

    def look() -> None:
        with store.locked() as held:
            seen.append(held.load())

    with store.locked() as held:
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(0.2)
        assert not seen
        held.save(Token(access_token="b", refresh_token="c", expires_at=1))
    thread.join(10)
    assert [token and token.access_token for token in seen] == ["b"]


def test_what_was_saved_counts_even_if_the_rest_fails(store: TokenStore) -> None:
    def fails() -> None:
        with store.locked() as held:
            held.save(TOKEN)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert store.load() == TOKEN


def test_accounts_in_one_database_are_apart(new_database: Callable[[], str]) -> None:
    url = new_database()
    stores = [TokenTable(StatePlace(url, f"fitbit_web/{user}", "token")) for user in "ab"]
    stores[0].save(TOKEN)
    assert stores[1].load() is None
    assert stores[0].load() == TOKEN


@pytest.mark.parametrize(
    "content",
    [
        {"access_token": "hidden", "refresh_token": "r"},
        {"access_token": 1, "refresh_token": "r", "expires_at": 1},
        {"access_token": "hidden", "refresh_token": None, "expires_at": 1},
        {"access_token": "hidden", "refresh_token": "r", "expires_at": "soon"},
        {"access_token": "hidden", "refresh_token": "r", "expires_at": [1]},
        {},
    ],
)
def test_what_is_no_token_is_refused_without_showing_it(
    file: TokenFile, new_database: Callable[[], str], content: dict[str, object]
) -> None:
    file.path.parent.mkdir()
    file.path.write_bytes(orjson.dumps(content))
    file.path.chmod(0o600)
    with pytest.raises(ConfigError, match="syncbit authorize") as raised:
        file.load()
    assert "hidden" not in str(raised.value)
    place = StatePlace(new_database(), "fitbit_web/a", "token")
    state = place.open()
    with state.locked() as held:
        held.write(content)
    state.close()
    with pytest.raises(ConfigError, match="syncbit authorize") as raised:
        TokenTable(place).load()
    assert "hidden" not in str(raised.value)


def test_a_field_of_another_version_is_left_out() -> None:
    assert Token.from_json({**TOKEN.to_json(), "unknown": True}) == TOKEN


@given(st.binary(max_size=200))
def test_any_bytes_are_a_token_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    file = TokenFile(tmp_path_factory.mktemp("bytes") / "tokens.json")
    file.path.write_bytes(raw)
    file.path.chmod(0o600)
    with pytest.raises(ConfigError, match="authorize"):
        file.load()


def test_only_the_owner_may_read_file_lock_and_folder(file: TokenFile) -> None:
    old = os.umask(0)
    try:
        file.save(TOKEN)
    finally:
        os.umask(old)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.with_suffix(".lock").stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o666, 0o604])
def test_a_loose_file_is_repaired_and_that_is_said(
    file: TokenFile, caplog: pytest.LogCaptureFixture, mode: int
) -> None:
    file.save(TOKEN)
    file.path.chmod(mode)
    assert file.load() == TOKEN
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    (record,) = warnings_in(caplog)
    assert f"mode {mode:04o}" in record.getMessage()
    caplog.clear()
    file.load()
    assert not warnings_in(caplog)


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_loose_file_of_somebody_else_is_refused(
    file: TokenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    file.save(TOKEN)
    file.path.chmod(0o644)
    monkeypatch.setattr(os, "fchmod", refuse)
    with pytest.raises(ConfigError, match="belongs to another user"):
        file.load()


def test_a_symbolic_link_is_refused_and_never_written_through(file: TokenFile) -> None:
    elsewhere = file.path.parent.parent / "elsewhere.json"
    TokenFile(elsewhere).save(TOKEN)
    before = elsewhere.read_bytes()
    file.path.parent.mkdir()
    file.path.symlink_to(elsewhere)
    with pytest.raises(ConfigError, match="symbolic link"):
        file.load()
    file.save(Token(access_token="b", refresh_token="c", expires_at=1))
    assert elsewhere.read_bytes() == before
    assert not file.path.is_symlink()
    dangling = TokenFile(file.path.parent / "dangling.json")
    dangling.path.symlink_to(elsewhere.parent / "nowhere")
    with pytest.raises(ConfigError, match="symbolic link"):
        dangling.load()


def test_what_a_killed_process_left_is_removed(file: TokenFile) -> None:
    file.save(TOKEN)
    leftover = file.path.parent / ".tokens.json.abc123"
    leftover.write_text("half a tok")
    file.save(TOKEN)
    assert not leftover.exists()
    assert sorted(one.name for one in file.path.parent.iterdir()) == ["tokens.json", "tokens.lock"]


def test_a_place_that_cannot_be_written_is_one_sentence(file: TokenFile) -> None:
    file.path.mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"tokens\.json cannot be written"):
        file.save(TOKEN)
    assert [one.name for one in file.path.parent.iterdir() if one.name.startswith(".")] == []


def test_a_data_directory_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(StateError, match=r"tokens\.lock cannot be opened"):
        TokenFile(tmp_path / "data" / "tokens.json").save(TOKEN)


def test_a_driver_that_is_not_installed_is_named() -> None:
    for scheme in ("postgresql+psycopg2", "postgresql+made_up"):
        table = TokenTable(StatePlace(f"{scheme}://host/database", "fitbit_web/a", "token"))
        with pytest.raises((ConfigError, StateError)) as raised:
            table.load()
        assert "\n" not in str(raised.value)


def test_a_process_that_hangs_is_waited_for_only_so_long(
    file: TokenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_file_module, "LOCK_SECONDS", 0.1)
    with file.locked(), pytest.raises(StateError, match="Another process"):
        file.save(TOKEN)


def test_a_lost_connection_does_not_lose_the_token(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = TokenTable(StatePlace(new_database(), "fitbit_web/a", "token"))
    with table.locked() as held:
        row = held.row  # type: ignore[attr-defined]
        row._connection.rollback()  # the server ended it, and with it the lock
        monkeypatch.setattr(row, "write", _refuse)
        held.save(TOKEN)
    assert table.load() == TOKEN


def _refuse(_: object) -> None:
    raise StateError("the connection is gone")


def test_nothing_shows_a_token() -> None:
    assert "hidden" not in repr(TOKEN)
    assert "hidden" not in str(TOKEN)


def test_what_a_token_knows_of_its_end() -> None:
    now = datetime.fromtimestamp(1_799_996_400 + 600, UTC)
    assert TOKEN.is_fresh(now)
    assert not TOKEN.is_fresh(TOKEN.expires)
    assert TOKEN.age_seconds(now) == 600
    assert TOKEN.testing_days_left(now) == pytest.approx((603_600 - 600) / 86_400)
    unknown = Token(access_token="a", refresh_token="b", expires_at=0)
    assert unknown.age_seconds(now) is None
    assert unknown.testing_days_left(now) is None
    assert unknown.refresh_ends_at is None
