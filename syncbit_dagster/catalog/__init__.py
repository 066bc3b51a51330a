"""What exists: every metric and every asset, each as one row of a table. Data only, no behaviour.

To add a metric, add a row to ``metrics.py`` (and to its test table); assets, documentation and
plans follow from the table.
"""

from syncbit_dagster.catalog.assets import ASSETS, Asset, asset_named
from syncbit_dagster.catalog.metrics import METRICS, Metric, Zero, metrics_of

__all__ = ["ASSETS", "METRICS", "Asset", "Metric", "Zero", "asset_named", "metrics_of"]
