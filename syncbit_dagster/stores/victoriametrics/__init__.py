"""VictoriaMetrics, written exactly. It has no overwrite; docs/store.md tells how this works."""

from syncbit_dagster.stores.victoriametrics.endpoints import VictoriaMetricsConfig
from syncbit_dagster.stores.victoriametrics.journal import FileJournal, Journal
from syncbit_dagster.stores.victoriametrics.store import VictoriaMetricsStore

__all__ = ["FileJournal", "Journal", "VictoriaMetricsConfig", "VictoriaMetricsStore"]
