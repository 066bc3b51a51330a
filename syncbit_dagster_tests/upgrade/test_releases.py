"""Each release's state, unpacked into a project folder, is read and worked on by today's code."""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.emulator.google_health.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster_tests.defs.running import materialize
from syncbit_dagster_tests.upgrade.write_release import (
    ASSETS,
    DAYS,
    NEXT_DAYS,
    instance_in,
    materialized,
    requests_counted,
    samples_of,
    settings_in,
    write_release,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dagster as dg

    from syncbit_dagster.config import Settings

RELEASES = sorted(path for path in (Path(__file__).parent / "releases").iterdir() if path.is_dir())


@dataclass(frozen=True)
class Started:
    """A release's state under today's code."""

    settings: Settings
    instance: dg.DagsterInstance
    expected: dict[str, Any]


@pytest.fixture(params=RELEASES, ids=lambda path: path.name)
def started(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Started]:
    """As ``operating.md`` says: the new code, Dagster's records brought up to date."""
    release: Path = request.param
    folder, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    for path in (folder, elsewhere):
        path.mkdir()
    with tarfile.open(release / "state.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    monkeypatch.chdir(folder)
    with instance_in(folder) as instance, settings_in(folder, elsewhere) as settings:
        instance.upgrade()
        expected = json.loads((release / "expected.json").read_text())
        yield Started(settings, instance, expected)


def test_token_count_and_profile_are_read(started: Started) -> None:
    settings, expected = started.settings, started.expected
    token = settings.account.tokens.load()
    assert isinstance(token, Token)
    assert token.refresh_token == DEMO_REFRESH_TOKEN
    assert token.refreshes == expected["refreshes"] > 3
    written = datetime.fromisoformat(expected["written"])
    assert written < token.expires
    assert requests_counted(settings, written.timestamp()) == expected["requests"] > 0
    assert settings.account.zone.key == expected["zone"]
    assert not settings.account.zone_is_assumed
    assert settings.account.first_day == date.fromisoformat(expected["first_day"])
    assert list(settings.profile.load().devices) == expected["devices"]


def test_samples_are_what_they_were(started: Started) -> None:
    assert samples_of(started.settings, DAYS) == started.expected["samples"] != []


def test_dagster_knows_what_is_there(started: Started) -> None:
    days = [str(day) for day in DAYS]
    assert started.expected["partitions"] == dict.fromkeys(ASSETS, days)
    assert materialized(started.instance) == started.expected["partitions"]
    (run,) = started.instance.get_runs()
    assert run.is_success


def test_one_more_run_adds_its_days_and_nothing_else(started: Started) -> None:
    settings, instance = started.settings, started.instance
    result = materialize(settings, ASSETS, NEXT_DAYS, instance)
    assert result.success
    days = [str(day) for day in (*DAYS, *NEXT_DAYS)]
    assert materialized(instance) == dict.fromkeys(ASSETS, days)
    assert samples_of(settings, DAYS) == started.expected["samples"]
    metrics = {metric for metric, *_ in started.expected["samples"]}
    assert {metric for metric, *_ in samples_of(settings, NEXT_DAYS)} == metrics
    token = settings.account.tokens.load()
    assert token is not None
    assert token.refreshes == started.expected["refreshes"] + 1


def test_the_present_version_can_be_kept(tmp_path: Path) -> None:
    write_release(tmp_path / "next")
    expected = json.loads((tmp_path / "next" / "expected.json").read_text())
    assert expected["partitions"]["sleep"] == [str(day) for day in DAYS]
    assert len(expected["samples"]) > 50
    assert RELEASES
    for release in (*RELEASES, tmp_path / "next"):
        assert sum(path.stat().st_size for path in release.iterdir()) < 300_000
