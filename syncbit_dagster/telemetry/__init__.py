"""What the project says about itself: the series ``syncbit_*`` beside the person's own."""

from syncbit_dagster.telemetry.run import RunFigures
from syncbit_dagster.telemetry.table import OWN_METRICS, OwnMetric
from syncbit_dagster.telemetry.values import Value, account_values, run_values, series_of

__all__ = [
    "OWN_METRICS",
    "OwnMetric",
    "RunFigures",
    "Value",
    "account_values",
    "run_values",
    "series_of",
]
