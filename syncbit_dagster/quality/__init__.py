"""What samples must look like to be believed: checks as pure functions, one row each in a table.

A check takes :class:`Evidence` (consecutive days of one asset, and what the store holds of them)
and returns an :class:`Outcome`. It contacts nothing and knows nothing of Dagster.
"""

from syncbit_dagster.quality.checks import CHECKS, Check, checks_of, metrics_read
from syncbit_dagster.quality.evidence import Evidence
from syncbit_dagster.quality.outcome import Finding, Outcome

__all__ = [
    "CHECKS",
    "Check",
    "Evidence",
    "Finding",
    "Outcome",
    "checks_of",
    "metrics_read",
]
