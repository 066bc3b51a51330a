"""What Dagster calls things: plainly for the only account, by its name for one of many."""

from __future__ import annotations

import cProfile
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.config import load_settings
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.defs.sensors.history import TICK_SECONDS
from syncbit_dagster_tests.accounts.files import Declared

if TYPE_CHECKING:
    from pathlib import Path

    import dagster as dg

    from syncbit_dagster.config import Settings

Names = dict[str, set[str]]
SHARED = {"run_failures", "forget_old_runs", "forget_old_runs_schedule"}  # for all runs there


def names_in(definitions: dg.Definitions) -> Names:
    """All that a code location offers, and what it is called; an asset by its whole key."""
    repository = definitions.get_repository_def()
    graph = repository.asset_graph
    nodes = [graph.get(key) for key in graph.get_all_asset_keys()]
    return {
        "assets": {"/".join(node.key.path) for node in nodes},
        "checked": {"/".join(key.asset_key.path) for key in graph.asset_check_keys},
        "jobs": {one.name for one in repository.get_all_jobs() if not one.name.startswith("_")},
        "schedules": {one.name for one in repository.schedule_defs},
        "sensors": {one.name for one in repository.sensor_defs},
        "resources": {
            name
            for one in repository.assets_defs_by_key.values()
            for name in one.resource_defs
            if name != "io_manager"  # Dagster's own
        },
        "groups": {str(node.group_name) for node in nodes},
        "pools": {pool for node in nodes for pool in node.pools or ()},
    }


def test_the_only_account_has_plain_names_and_each_of_many_has_all_of_it(tmp_path: Path) -> None:
    settings = load_settings({"DATA_DIR": str(tmp_path)}, secrets_directory=tmp_path)
    plain = names_in(build_definitions(settings))
    assert plain["assets"] >= {"sleep", "weekly_report", "devices", "intraday_steps"}
    assert plain["assets"] - {"weekly_report"} <= plain["checked"]
    assert plain["jobs"] - SHARED == {"daily_sync", "device_sync", "history", "weekly_reports"}
    assert plain["schedules"] - SHARED == {"daily_sync", "weekly_reports"}
    assert plain["sensors"] - SHARED == {"device_sync", "history"}
    assert plain["groups"] == {"daily", "intraday", "devices", "reports"}
    assert plain["pools"] == {"sample_store"}
    assert plain["resources"] == {"fitbit", "sample_store", "run_figures"}

    declared = Declared(tmp_path)
    declared.write("anna:\nben:\n")
    definitions = build_definitions(*declared.load())
    assert names_in(definitions) == {
        kind: (names & SHARED)
        | {
            f"{who}/{name}" if kind in ("assets", "checked") else f"{name}_{who}"
            for name in names - SHARED
            for who in ("anna", "ben")
        }
        for kind, names in plain.items()
    }
    # Each has what is its own, and looks at its history less often.
    repository = definitions.get_repository_def()
    for key, one in repository.assets_defs_by_key.items():
        assert all(
            name.endswith(f"_{key.path[0]}") or name == "io_manager" for name in one.resource_defs
        )
    for sensor in repository.sensor_defs:
        if sensor.name.startswith("history"):
            assert sensor.minimum_interval_seconds == 2 * TICK_SECONDS


def _calls(accounts: list[Settings]) -> int:
    """How many calls of functions it takes, which no other process on the machine changes."""
    with cProfile.Profile() as profile:
        build_definitions(*accounts).get_repository_def()
    return sum(entry.callcount for entry in profile.getstats())


def test_every_further_account_takes_as_many_calls_as_the_one_before(tmp_path: Path) -> None:
    declared = Declared(tmp_path)
    declared.write("".join(f"person_{number}:\n" for number in range(100)))
    accounts = declared.load()
    with cProfile.Profile() as profile:  # neither zones nor files are looked for again and again
        declared.load(SYNCBIT_ACCOUNT_NAMES="person_7")
    assert sum(one.callcount for one in profile.getstats()) < 100 * 1_500
    _calls(accounts[:2])  # what is imported once
    two, seven, twelve = (_calls(accounts[:count]) for count in (2, 7, 12))
    assert twelve - seven == pytest.approx(seven - two, rel=0.01)
