"""What an asset's page in the UI says before anything is materialized."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg
import pytest

from syncbit_dagster.catalog import ASSETS, metrics_of
from syncbit_dagster.config import load_settings
from syncbit_dagster.core.samples import COLUMNS, empty
from syncbit_dagster.definitions import build_definitions
from tools.grafana import BOARDS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def specs(tmp_path: Path) -> dict[str, dg.AssetSpec]:
    settings = load_settings(
        {
            "SYNCBIT_PROVIDER": "demo",
            "FITBIT_USER_ID": "anna",
            "SYNCBIT_GRAFANA_URL": "https://grafana.example/",
            "DATA_DIR": str(tmp_path),
        }
    )
    return {
        spec.key.path[-1]: spec
        for one in build_definitions(settings).assets or []
        if isinstance(one, dg.AssetsDefinition)
        for spec in one.specs
    }


def test_every_asset_has_group_owner_kinds_and_a_sentence(specs: dict[str, dg.AssetSpec]) -> None:
    for asset in ASSETS:
        spec = specs[asset.name]
        assert spec.group_name == asset.group
        assert spec.description == asset.description
        assert list(spec.owners) == ["team:anna"]
        assert {"pandas", "duckdb"} <= spec.kinds


def test_every_asset_tells_its_metrics_units_and_columns(specs: dict[str, dg.AssetSpec]) -> None:
    frame = empty()
    for asset in ASSETS:
        metadata = specs[asset.name].metadata
        table = str(metadata["metrics"].value)
        for metric in metrics_of(asset.name):
            assert f"| `{metric.name}` |" in table
            assert metric.unit in table
        columns = metadata["dagster/column_schema"].columns
        assert tuple(column.name for column in columns) == COLUMNS == tuple(frame.columns)
        assert columns[2].type == str(frame["timestamp"].dtype)


def test_every_asset_links_to_the_dashboard_that_shows_it(specs: dict[str, dg.AssetSpec]) -> None:
    shown = {
        name: board.uid for board in BOARDS for names in board.assets.values() for name in names
    }
    assert set(shown) == {asset.name for asset in ASSETS}
    for name, uid in shown.items():
        assert specs[name].metadata["dashboard"].value == f"https://grafana.example/d/{uid}"
