"""What one account, one run, one sample costs: each figure with the command that measures it.

Measured figures are of one core of one machine; what matters is their size, not the second digit.
What nobody here can measure says so in ``source``: a provider's word, or an assumption to change.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class UnitCost:
    """One figure.

    Attributes:
        value: in units of ``unit``.
        unit: what it counts, and for what.
        source: the command that prints it, ``provider: ...`` or ``assumption: ...``.
    """

    value: float
    unit: str
    source: str


MEASURE = "python -m benchmarks.scale.measure"
PROVIDER = "provider: the Google Health API's page on rate limits"

UNIT_COSTS = {
    # Dagster.
    "run start": UnitCost(2.8, "CPU seconds a run", MEASURE),
    "run work": UnitCost(8.0, "CPU seconds a run", MEASURE),
    "run servers": UnitCost(8.4, "CPU seconds a run of PostgreSQL and the store", MEASURE),
    "run queueing": UnitCost(1.8, "CPU seconds a run", "python -m benchmarks.accounts.run"),
    "look": UnitCost(0.1, "CPU seconds a sensor's look", "python -m benchmarks.accounts.run"),
    "location memory": UnitCost(
        245, "MB a code location of 30 accounts", "python -m benchmarks.accounts.code_server"
    ),
    "runs": UnitCost(
        4, "runs a day and account", "assumption: the morning's, and after three syncs"
    ),
    "run memory": UnitCost(158, "MB a run at work", "python -m benchmarks.pipeline.run"),
    "event rows": UnitCost(433, "rows of events a run", MEASURE),
    "event rows, one day": UnitCost(307, "rows of events a run over one day", MEASURE),
    "event bytes": UnitCost(1_640, "bytes of PostgreSQL a row of events", MEASURE),
    "checks": UnitCost(63, "checks of a run", MEASURE),
    "check bytes": UnitCost(1_850, "bytes of PostgreSQL a row of checks", MEASURE),
    # The API.
    "run requests": UnitCost(24, "requests a run", MEASURE),
    "answer": UnitCost(0.2, "seconds until the API answers", "assumption: a round trip"),
    "requests a minute": UnitCost(120_000, "requests a minute and project", PROVIDER),
    "requests a day": UnitCost(86_400_000, "requests a day and project", PROVIDER),
    "unverified users": UnitCost(100, "users of a project that was not reviewed", PROVIDER),
    # The store.
    "daily samples": UnitCost(25, "samples a day of daily assets", MEASURE),
    "minute samples": UnitCost(
        6_500, "samples a day of five resources by the minute", "python -m benchmarks.pipeline.run"
    ),
    "sample bytes": UnitCost(0.52, "bytes on disk a sample", MEASURE),
    "series": UnitCost(47, "series of an account's daily assets", MEASURE),
    "minute series": UnitCost(
        5, "series of five resources by the minute", "python -m benchmarks.pipeline.run"
    ),
    "series memory": UnitCost(680, "bytes a series that is written to", MEASURE),
    "series disk": UnitCost(5, "bytes a series and day", MEASURE),
    "write": UnitCost(0.0147, "seconds a day of an account", "python -m benchmarks.store.run"),
    # Money, in dollars.
    "core": UnitCost(25, "dollars a core and month", "assumption: a round list price"),
    "memory": UnitCost(3.5, "dollars a GB of memory and month", "assumption: a round list price"),
    "disk": UnitCost(0.1, "dollars a GB of disk and month", "assumption: a round list price"),
}


def cost(name: str) -> float:
    """A figure's value; ``KeyError`` for a name that is in no row."""
    return UNIT_COSTS[name].value
