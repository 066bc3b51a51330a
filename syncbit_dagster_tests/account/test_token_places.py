"""Where tokens are kept: what is stored, who may read it, and what is refused."""

from __future__ import annotations

import errno
import logging
import os
import stat
import threading
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncbit_dagster.account import token_file as token_file_module
from syncbit_dagster.account.state.base import StateError
from syncbit_dagster.account.state.place import StatePlace
from syncbit_dagster.account.token_file import TokenFile
from syncbit_dagster.account.token_table import TokenTable
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster_tests.postgresql import end_all_connections

if TYPE_CHECKING:
    from collections.abc import Callable

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
NEXT = Token(access_token="b", refresh_token="c", expires_at=1)


@pytest.fixture
def file(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "data" / "tokens.json")


@pytest.fixture
def place(new_database: Callable[[], str]) -> StatePlace:
    return StatePlace(new_database(), "fitbit_web/a", "token")


@pytest.fixture(params=["file", "table"])
def store(request: pytest.FixtureRequest, file: TokenFile) -> TokenStore:
    return file if request.param == "file" else TokenTable(request.getfixturevalue("place"))


def test_a_lock_keeps_others_out_until_what_is_written_counts(store: TokenStore) -> None:
    assert store.load() is None
    store.save(TOKEN)
    seen: list[Token | None] = []

    def look() -> None:
        with store.locked() as held:
            seen.append(held.load())

    # What was saved counts even if the rest fails.
    with suppress(ZeroDivisionError), store.locked() as held:
        assert held.load() == TOKEN
        thread = threading.Thread(target=look)
        thread.start()
        held.save(NEXT)
        assert held.load() == NEXT
        assert not seen
        raise ZeroDivisionError
    thread.join()
    assert seen == [store.load()] == [NEXT]


def test_accounts_in_one_database_are_apart(place: StatePlace) -> None:
    TokenTable(place).save(TOKEN)
    assert TokenTable(StatePlace(place.url, "fitbit_web/b", "token")).load() is None


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
    file: TokenFile, place: StatePlace, content: dict[str, object]
) -> None:
    file.path.parent.mkdir()
    file.path.write_bytes(orjson.dumps(content))
    file.path.chmod(0o600)
    with closing(place.open()) as state, state.locked() as held:
        held.write(content)
    for store in (file, TokenTable(place)):
        with pytest.raises(ConfigError, match="syncbit authorize") as raised:
            store.load()
        assert "hidden" not in str(raised.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_token_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    file = TokenFile(tmp_path_factory.mktemp("bytes") / "tokens.json")
    file.path.write_bytes(raw)
    file.path.chmod(0o600)
    with pytest.raises(ConfigError, match="authorize"):
        file.load()


def test_only_the_owner_may_read_file_lock_and_folder(
    file: TokenFile, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = os.umask(0)
    try:
        file.save(TOKEN)
    finally:
        os.umask(old)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.with_suffix(".lock").stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    for mode in (0o640, 0o604):  # a loose file is closed, and that is said once
        file.path.chmod(mode)
        assert file.load() == file.load() == TOKEN
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
        (record,) = [one for one in caplog.records if one.levelno >= logging.WARNING]
        assert f"mode {mode:04o}" in record.getMessage()
        caplog.clear()

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    file.path.chmod(0o644)
    monkeypatch.setattr(os, "fchmod", refuse)
    with pytest.raises(ConfigError, match="belongs to another user"):
        file.load()


def test_a_symbolic_link_is_refused_and_never_written_through(file: TokenFile) -> None:
    elsewhere = file.path.parent.parent / "elsewhere.json"
    TokenFile(elsewhere).save(TOKEN)
    before = elsewhere.read_bytes()
    file.path.parent.mkdir()
    for target in (elsewhere, elsewhere.parent / "nowhere"):
        file.path.symlink_to(target)
        with pytest.raises(ConfigError, match="symbolic link"):
            file.load()
        file.save(NEXT)
        assert not file.path.is_symlink()
        file.path.unlink()
    assert elsewhere.read_bytes() == before


def test_a_write_that_breaks_off_leaves_the_token_before_it(
    file: TokenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    file.save(TOKEN)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(ConfigError, match=r"tokens\.json cannot be written \(No space left"):
            file.save(NEXT)
    assert file.load() == TOKEN
    (file.path.parent / ".tokens.json.abc123").write_text("half a tok")  # of a killed process
    file.save(TOKEN)
    assert sorted(one.name for one in file.path.parent.iterdir()) == ["tokens.json", "tokens.lock"]


def test_a_place_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(StateError, match=r"tokens\.lock cannot be opened"):
        TokenFile(tmp_path / "data" / "tokens.json").save(TOKEN)
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


def test_a_lost_connection_does_not_lose_the_token(place: StatePlace) -> None:
    table = TokenTable(place)
    with suppress(StateError), table.locked() as held:
        end_all_connections(place.url)  # and with them the lock
        held.save(TOKEN)
    assert table.load() == TOKEN


def test_what_a_token_knows_of_its_end() -> None:
    assert Token.from_json({**TOKEN.to_json(), "of another version": True}) == TOKEN
    assert "hidden" not in f"{TOKEN!r} {TOKEN}"
    now = datetime.fromtimestamp(1_799_996_400 + 600, UTC)
    assert TOKEN.is_fresh(now)
    assert not TOKEN.is_fresh(TOKEN.expires)
    assert TOKEN.age_seconds(now) == 600
    assert TOKEN.testing_days_left(now) == pytest.approx((603_600 - 600) / 86_400)
    assert NEXT.age_seconds(now) is None
    assert NEXT.testing_days_left(now) is None
