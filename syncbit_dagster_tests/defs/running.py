"""Run the project's definitions in this process, on an instance of the test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg

from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.defs.sensors import run_failures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncbit_dagster.config import Settings
    from syncbit_dagster.core.civil import DayRange


def materialize(
    settings: Settings,
    assets: Sequence[str],
    days: DayRange | None,
    instance: dg.DagsterInstance,
    *,
    extra: Sequence[dg.AssetsDefinition] = (),
) -> dg.ExecuteInProcessResult:
    """One run over a range of partitions, if any; a failed one is returned, not raised."""
    definitions = build_definitions(settings)
    own = [one for one in definitions.assets or [] if isinstance(one, dg.AssetsDefinition)]
    return dg.materialize(
        [*own, *extra],
        selection=dg.AssetSelection.assets(*assets),
        resources=dict(definitions.resources or {}),
        instance=instance,
        tags={
            "dagster/asset_partition_range_start": days.first.isoformat(),
            "dagster/asset_partition_range_end": days.last.isoformat(),
        }
        if days
        else None,
        raise_on_error=False,
    )


def failure_of(result: dg.ExecuteInProcessResult) -> str:
    """The description of the step failure that a user reads."""
    (event,) = [e for e in result.all_events if e.event_type_value == "STEP_FAILURE"]
    data = event.step_failure_data
    assert data.user_failure_data is not None
    description = data.user_failure_data.description
    assert description is not None
    return description


def metadata_of(instance: dg.DagsterInstance, asset: str) -> dict[str, dict[str, Any]]:
    """Metadata values by name, of an asset's newest materialization of each partition."""
    records = instance.fetch_materializations(dg.AssetKey(asset), limit=10_000).records
    result: dict[str, dict[str, Any]] = {}
    for record in records:  # newest first
        materialization = record.asset_materialization
        assert materialization is not None
        assert materialization.partition is not None
        values = {name: value.value for name, value in materialization.metadata.items()}
        result.setdefault(materialization.partition, values)
    return result


def note_failure(definitions: dg.Definitions, instance: dg.DagsterInstance, run_id: str) -> float:
    """What the daemon does after a failed run; the run's end, as Dagster has it."""
    record = instance.get_run_record_by_id(run_id)
    assert record is not None
    assert record.end_time is not None
    (log,) = instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert log.dagster_event is not None
    sensor = definitions.resolve_sensor_def(run_failures.NAME)
    assert isinstance(sensor, dg.RunStatusSensorDefinition)
    sensor(
        dg.build_run_status_sensor_context(
            run_failures.NAME, log.dagster_event, instance, record.dagster_run
        ).for_run_failure()
    )
    return record.end_time
