"""Google Takeout exports: find the files, read the columns that are needed, make series."""

from syncbit_dagster.sources.takeout.source import TakeoutSource

__all__ = ["TakeoutSource"]
