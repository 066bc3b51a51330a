"""What ``operating.md`` says of Dagster's records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType

from syncbit_dagster_tests.documentation.pages import DOCS, blocks

if TYPE_CHECKING:
    from pathlib import Path


def test_dagster_takes_the_retention_of_ticks(tmp_path: Path) -> None:
    (retention,) = (block.text for block in blocks(DOCS / "operating.md", "yaml"))
    (tmp_path / "dagster.yaml").write_text(f"telemetry: {{enabled: false}}\n{retention}")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        kept = instance.get_tick_retention_settings(InstigatorType.SENSOR)
    assert {status.value: days for status, days in kept.items()} == {
        "SKIPPED": 7,
        "FAILURE": 30,
        "SUCCESS": 90,
        "STARTED": -1,
    }


def test_deleting_a_run_deletes_its_materializations(tmp_path: Path) -> None:
    days = dg.DailyPartitionsDefinition("2025-01-01")

    @dg.asset(partitions_def=days)
    def steps() -> None:
        """Nothing."""

    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        run = dg.materialize([steps], partition_key="2025-01-02", instance=instance)
        assert instance.get_materialized_partitions(steps.key) == {"2025-01-02"}
        instance.delete_run(run.run_id)
        assert instance.get_materialized_partitions(steps.key) == set()
