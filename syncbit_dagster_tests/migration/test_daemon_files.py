"""The daemon's files, as it writes them and as nobody should have written them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.cli.migration.daemon_files import DaemonState, read_daemon_files
from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster_tests.migration.daemon import write_files

if TYPE_CHECKING:
    from pathlib import Path


def test_both_files_are_read_and_left_as_they_are(tmp_path: Path) -> None:
    directory = write_files(tmp_path / "daemon")
    before = {path.name: (path.read_bytes(), path.stat()) for path in directory.iterdir()}
    files = read_daemon_files(directory)
    assert files.tokens is not None
    assert files.tokens.refresh_token == "daemons-refresh-token"
    assert files.tokens.expires_at == datetime(2026, 10, 31, 14, 55, 3, 120456, UTC)
    assert files.state == DaemonState(date(2026, 10, 30), date(2026, 10, 12))
    after = {path.name: (path.read_bytes(), path.stat()) for path in directory.iterdir()}
    assert {name: (raw, stat.st_mode) for name, (raw, stat) in after.items()} == {
        name: (raw, stat.st_mode) for name, (raw, stat) in before.items()
    }
    assert "daemons-" not in repr(files)


@pytest.mark.parametrize(("name", "other"), [("tokens", "state"), ("state", "tokens")])
def test_one_of_them_is_enough(tmp_path: Path, name: str, other: str) -> None:
    directory = write_files(tmp_path / "daemon")
    (directory / {"tokens": "fitbit_tokens.json", "state": "sync_state.json"}[other]).unlink()
    files = read_daemon_files(directory)
    assert getattr(files, name) is not None
    assert getattr(files, other) is None


def test_a_daemon_that_was_never_authorized_has_no_tokens(tmp_path: Path) -> None:
    nothing = b'{"access_token": null, "refresh_token": null, "user_id": null, "expires_at": null}'
    (tmp_path / "fitbit_tokens.json").write_bytes(nothing)
    (tmp_path / "sync_state.json").write_text('{"last_sync": null, "last_successful_date": null}')
    files = read_daemon_files(tmp_path)
    assert files.tokens is None
    assert files.state == DaemonState(None, None)


def test_a_directory_without_its_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="neither fitbit_tokens"):
        read_daemon_files(tmp_path)
    with pytest.raises(ConfigError, match="DATA_DIR"):
        read_daemon_files(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("fitbit_tokens.json", '{"access_token": "secret-a", "refresh'),  # killed while it wrote
        ("fitbit_tokens.json", ""),
        ("fitbit_tokens.json", '["secret-a"]'),
        ("fitbit_tokens.json", '{"access_token": "secret-a", "refresh_token": 7}'),
        ("fitbit_tokens.json", '{"refresh_token": "secret-a", "expires_at": "soon"}'),
        ("fitbit_tokens.json", '{"refresh_token": "secret-a", "expires_at": 12}'),
        ("sync_state.json", '{"last_successful_date": "yesterday"}'),
        ("sync_state.json", '{"last_successful_date": 20261030}'),
        ("sync_state.json", "\\xff"),
    ],
)
def test_what_is_not_the_daemons_is_one_sentence(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError, match=f"{name} is not what the SyncBit daemon writes") as error:
        read_daemon_files(tmp_path)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)


def test_a_directory_in_a_files_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sync_state.json").write_text("{}")
    (tmp_path / "fitbit_tokens.json").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        read_daemon_files(tmp_path)
