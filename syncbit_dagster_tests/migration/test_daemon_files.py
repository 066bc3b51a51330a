"""The daemon's state, as it writes it and as nobody should have written it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.cli.migration.daemon_files import STATE, DaemonState, read_state
from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster_tests.migration.daemon import write_state

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_read_and_left_as_it_is(tmp_path: Path) -> None:
    file = write_state(tmp_path / "daemon") / STATE
    before = file.read_bytes()
    assert read_state(file.parent) == DaemonState(date(2026, 10, 30), date(2026, 10, 12))
    assert file.read_bytes() == before
    file.write_text('{"last_sync": null, "last_successful_date": null}')  # before its first day
    assert read_state(file.parent) == DaemonState(None, None)


def test_a_directory_without_it_is_refused(tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ConfigError, match="DATA_DIR"):
            read_state(directory)
    (tmp_path / STATE).mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        read_state(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        '{"last_successful_date": "2026-1',  # killed while it wrote
        "",
        '["2026-10-30"]',
        '{"last_successful_date": "yesterday"}',
        '{"last_successful_date": 20261030}',
        "\\xff",
    ],
)
def test_what_is_not_the_daemons_is_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / STATE).write_text(content)
    with pytest.raises(
        ConfigError, match=f"{STATE} is not what the SyncBit daemon writes"
    ) as error:
        read_state(tmp_path)
    assert "\n" not in str(error.value)
