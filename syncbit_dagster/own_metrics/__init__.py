"""What the project says about itself: the series ``syncbit_*`` beside the person's own."""

from syncbit_dagster.own_metrics.run import RunFigures
from syncbit_dagster.own_metrics.table import OWN_METRICS, OwnMetric
from syncbit_dagster.own_metrics.values import Value, account_values, run_values, series_of

__all__ = [
    "OWN_METRICS",
    "OwnMetric",
    "RunFigures",
    "Value",
    "account_values",
    "run_values",
    "series_of",
]
