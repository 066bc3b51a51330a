"""A report of some days as one HTML file: read from a store, drawn by plotly, served by nobody.

Knows stores and the catalogue, and nothing of providers and Dagster.
"""

from syncbit_dagster.report.file import write_report
from syncbit_dagster.report.report import NoDataError, Report, make_report

__all__ = ["NoDataError", "Report", "make_report", "write_report"]
