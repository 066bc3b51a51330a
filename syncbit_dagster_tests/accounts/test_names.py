"""What Dagster calls things: plainly for the only account, by its name for one of many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.config import load_settings
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.defs.sensors.history import TICK_SECONDS
from syncbit_dagster_tests.accounts.files import Declared

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import dagster as dg

JOBS = {"daily_sync", "device_sync", "history", "weekly_reports"}
RESOURCES = {"fitbit", "sample_store", "run_figures"}
PLAIN = {*(asset.name for asset in ASSETS), "weekly_report"}


class Names:
    """All that a code location offers, and what it is called."""

    def __init__(self, definitions: dg.Definitions) -> None:
        repository = definitions.get_repository_def()
        graph = repository.asset_graph
        self.keys = {tuple(key.path) for key in graph.get_all_asset_keys()}
        self.checked = {tuple(key.asset_key.path) for key in graph.asset_check_keys}
        self.jobs = {one.name for one in repository.get_all_jobs() if not one.name.startswith("_")}
        self.schedules = {one.name for one in repository.schedule_defs}
        self.sensors = {one.name: one for one in repository.sensor_defs}
        self.resources = set(definitions.resources or {})
        self.needs = {
            tuple(key.path): set(one.resource_defs) - {"io_manager"}  # Dagster's own
            for key, one in repository.assets_defs_by_key.items()
        }
        nodes = [graph.get(key) for key in graph.get_all_asset_keys()]
        self.groups = {node.group_name for node in nodes}
        self.pools = {pool for node in nodes for pool in node.pools or ()}


def _own(what: Iterable[str], name: str) -> set[str]:
    return {one for one in what if one.endswith(f"_{name}")}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Names:
    declared = Declared(tmp_path_factory.mktemp("many"))
    declared.write("anna:\nben:\n  SYNCBIT_PROVIDER: fitbit_web\n")
    return Names(build_definitions(*declared.load()))


def test_the_only_account_has_plain_names(tmp_path: Path) -> None:
    settings = load_settings({"DATA_DIR": str(tmp_path)}, secrets_directory=tmp_path)
    names = Names(build_definitions(settings))
    assert names.keys <= {(name,) for name in PLAIN}
    assert {("sleep",), ("weekly_report",), ("devices",)} <= names.keys
    assert names.jobs >= JOBS
    assert names.schedules >= {"daily_sync", "weekly_reports"}
    assert set(names.sensors) >= {"device_sync", "history", "run_failures"}
    assert names.resources == RESOURCES
    assert names.groups == {"daily", "intraday", "devices", "reports"}
    assert names.pools == {"sample_store"}


@pytest.mark.parametrize("name", ["anna", "ben"])
def test_each_of_many_has_all_of_it(many: Names, name: str) -> None:
    keys = {key for key in many.keys if key[0] == name}
    assert {key[1] for key in keys} <= PLAIN
    assert {(name, "sleep"), (name, "weekly_report"), (name, "devices")} <= keys
    assert keys - {(name, "weekly_report")} <= many.checked
    assert _own(many.jobs, name) == {f"{job}_{name}" for job in JOBS}
    assert _own(many.schedules, name) == {f"daily_sync_{name}", f"weekly_reports_{name}"}
    assert _own(many.sensors, name) == {f"device_sync_{name}", f"history_{name}"}
    own = {f"{one}_{name}" for one in RESOURCES}
    assert set.union(*(many.needs[key] for key in keys)) == own
    assert _own(many.groups, name) == {
        f"{one}_{name}" for one in ("daily", "intraday", "devices", "reports")
    }
    assert f"sample_store_{name}" in many.pools


def test_nothing_of_many_is_nobodys(many: Names) -> None:
    assert {key[0] for key in many.keys | many.checked} == {"anna", "ben"}
    shared = {"run_failures"}  # it looks at all runs of the location anyway
    for what in (set(many.sensors), many.groups, many.pools):
        assert {one for one in what if not one.endswith(("_anna", "_ben"))} <= shared
    assert JOBS.isdisjoint(many.jobs)


def test_a_history_looks_less_often_where_there_are_many(many: Names) -> None:
    for name in ("anna", "ben"):
        assert many.sensors[f"history_{name}"].minimum_interval_seconds == 2 * TICK_SECONDS
