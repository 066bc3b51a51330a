"""VictoriaMetrics, written exactly. It has no overwrite; docs/store.md tells how this works."""

from syncbit_dagster.stores.victoriametrics.endpoints import VictoriaMetricsConfig
from syncbit_dagster.stores.victoriametrics.store import VictoriaMetricsStore

__all__ = ["VictoriaMetricsConfig", "VictoriaMetricsStore"]
