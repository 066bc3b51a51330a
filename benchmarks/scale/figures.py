"""What some accounts take, from unit costs and one simulated day; and where each limit lies."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.scale.records import after
from benchmarks.scale.simulation import Deployment, enough_workers, longest_wait, simulate
from benchmarks.scale.unit_costs import cost
from syncbit_dagster.defs.retention import KEPT_DAYS
from syncbit_dagster.defs.schedules import DAYS_LOOKED_BACK

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY_SECONDS = 86_400
RUNS_AT_ONCE = 2  # as dagster.yaml comes
YEAR = 365
SPREAD_MINUTES = 240
PATIENCE_MINUTES = 60.0
ACCOUNTS_A_LOCATION = 30
HISTORY_LOOKS = DAY_SECONDS / 15  # a location and day, however many accounts it has
POLL_MINUTES = 15
GB = 1e9
RUNS = int(cost("runs"))  # an account and day
SAMPLES = cost("daily samples") + cost("minute samples")  # the same
SERIES = cost("series") + cost("minute series")


class Row(NamedTuple):
    """A line of the table: what is said, and one figure for each number of accounts."""

    name: str
    unit: str
    values: tuple[float, ...]


def run_seconds() -> float:
    """A run's time: its CPU, the servers', and waiting for the API's answers."""
    waiting = cost("run requests") * cost("answer")
    return cost("run start") + cost("run work") + cost("run servers") + waiting


def deployment(accounts: int, **changes: int) -> Deployment:
    """The project as it is, with some things changed."""
    as_it_is = Deployment(
        accounts,
        syncs=RUNS - 1,
        poll_minutes=POLL_MINUTES,
        run_seconds=run_seconds(),
        run_requests=cost("run requests"),
    )
    return replace(as_it_is, **changes)


def run_cpu() -> float:
    """CPU seconds of a run, whichever process has them."""
    return sum(cost(name) for name in ("run start", "run work", "run servers", "run queueing"))


def look_cpu() -> float:
    """CPU seconds an account and day of sensors that look whether there is anything to do."""
    looks = DAY_SECONDS / 60 / POLL_MINUTES + HISTORY_LOOKS / ACCOUNTS_A_LOCATION
    return looks * cost("look")


class Keeping(NamedTuple):
    """What of its records Dagster keeps.

    Attributes:
        kept_days: runs that are no older are kept in any case.
        sweep_every: days between two long runs that supersede the mornings; 0 is never.
        checks_go: rows of checks go with their run, and all but one of each check before that.
            Dagster's PostgreSQL storage writes one more for each day, and keeps all of them.
    """

    kept_days: float = KEPT_DAYS
    sweep_every: int = 0
    checks_go: bool = True


AS_IT_IS = Keeping()
NOTHING_GOES = Keeping(kept_days=math.inf, checks_go=False)
TIDY = Keeping(sweep_every=30)


def account_bytes(keeping: Keeping = AS_IT_IS) -> float:
    """Bytes of PostgreSQL that an account's first year leaves."""
    sweep_every = keeping.sweep_every
    made = after(YEAR, syncs=RUNS - 1, sweep_every=sweep_every, kept_days=math.inf)
    kept = after(YEAR, syncs=RUNS - 1, sweep_every=sweep_every, kept_days=keeping.kept_days)
    a_day = (cost("event rows") - cost("event rows, one day")) / (DAYS_LOOKED_BACK - 1)
    a_run = cost("event rows, one day") - a_day
    events = kept.runs * a_run + kept.run_days * a_day
    checks = kept.runs if keeping.checks_go else made.runs + made.run_days
    return events * cost("event bytes") + checks * cost("checks") * cost("check bytes")


def requests_a_day(*, polls: bool = True) -> float:
    """Requests of an account: of its runs, and of looking at its devices."""
    asked = DAY_SECONDS / 60 / POLL_MINUTES if polls else 0
    return RUNS * cost("run requests") + asked


def limits() -> list[tuple[str, float]]:
    """At how many accounts each part of the design is full, the smallest first."""
    series_bytes = SERIES * cost("series memory")
    queued = RUNS_AT_ONCE * DAY_SECONDS / (RUNS * run_seconds())
    found = {
        "a code location (`docs/accounts.md`)": ACCOUNTS_A_LOCATION,
        "users of a project that Google has not reviewed": cost("unverified users"),
        "two runs at a time (`max_concurrent_runs: 2`)": queued,
        "one core for sensors that look and find nothing": DAY_SECONDS / look_cpu(),
        "one writer of a store": DAY_SECONDS / (RUNS * DAYS_LOOKED_BACK * cost("write")),
        "a VictoriaMetrics of 64 GB of memory, by its series": 64 * GB / series_bytes,
        "a PostgreSQL of 2 TB, after a year as it is": 2000 * GB / account_bytes(),
        "the project's requests a day": cost("requests a day") / requests_a_day(),
        "the same without asking for devices": cost("requests a day") / requests_a_day(polls=False),
    }
    return sorted(found.items(), key=lambda one: one[1])


def table(sizes: Sequence[int]) -> list[Row]:
    """All figures for each number of accounts."""
    columns = [column(accounts) for accounts in sizes]
    names = list(columns[0])
    return [Row(*name, tuple(column[name] for column in columns)) for name in names]


def column(accounts: int) -> dict[tuple[str, str], float]:
    """All figures for one number of accounts, by name and unit; what is indented is a variant."""
    of_all = {name: one * accounts for name, one in of_an_account().items()}
    return simulated(accounts) | of_all | money(accounts)


def simulated(accounts: int) -> dict[tuple[str, str], float]:
    """What depends on when runs are due."""
    as_it_is = deployment(accounts)
    workers = enough_workers(as_it_is, PATIENCE_MINUTES)
    busy = simulate(replace(as_it_is, workers=workers))
    quiet = simulate(replace(spread(accounts), poll_minutes=0))
    return {
        ("runs a day", ""): float(busy.runs),
        ("one run at a time: longest wait", "h"): longest_wait(as_it_is, simulate(as_it_is)) / 60,
        ("runs at a time for at most 1 h of it", ""): float(workers),
        ("  if mornings are spread over 4 h", ""): float(spread(accounts).workers),
        ("code locations", ""): float(math.ceil(accounts / ACCOUNTS_A_LOCATION)),
        ("requests, of the day's quota", "%"): percent(busy.requests.sum(), "requests a day"),
        ("  nobody asks for devices", "%"): percent(quiet.requests.sum(), "requests a day"),
        ("busiest minute, of the minute's quota", "%"): percent(
            busy.requests.max(), "requests a minute"
        ),
        ("  nobody asks, and mornings are spread", "%"): percent(
            quiet.requests.max(), "requests a minute"
        ),
    }


def spread(accounts: int) -> Deployment:
    """Mornings spread over some hours, and as many runs at a time as that takes."""
    wanted = deployment(accounts, spread_minutes=SPREAD_MINUTES)
    return replace(wanted, workers=enough_workers(wanted, PATIENCE_MINUTES))


def of_an_account() -> dict[tuple[str, str], float]:
    """What is in proportion to the accounts."""
    writing = RUNS * DAYS_LOOKED_BACK * cost("write") / DAY_SECONDS
    return {
        ("CPU of runs, mean", "cores"): RUNS * run_cpu() / DAY_SECONDS,
        ("CPU of sensors that find nothing", "cores"): look_cpu() / DAY_SECONDS,
        ("writing, of one writer's time", "%"): writing * 100,
        ("samples a second", ""): SAMPLES / DAY_SECONDS,
        ("series", ""): SERIES,
        ("VictoriaMetrics: memory for them", "GB"): SERIES * cost("series memory") / GB,
        ("VictoriaMetrics: disk after a year", "GB"): store_bytes() / GB,
        ("PostgreSQL: events a second", ""): RUNS * cost("event rows") / DAY_SECONDS,
        ("PostgreSQL: after a year", "GB"): account_bytes() / GB,
        ("  nothing is ever forgotten", "GB"): account_bytes(NOTHING_GOES) / GB,
        ("  tidy: see Dagster's records", "GB"): account_bytes(TIDY) / GB,
    }


def money(accounts: int) -> dict[tuple[str, str], float]:
    """A month of cores and memory, paid for all day, and of the disks after a year; nothing twice.

    As many cores are paid for as runs work at a time.
    """
    workers = spread(accounts).workers
    orchestration = look_cpu() + RUNS * cost("run queueing")
    cores = workers + accounts * orchestration / DAY_SECONDS
    memory = (
        workers * cost("run memory") / 1000
        + math.ceil(accounts / ACCOUNTS_A_LOCATION) * cost("location memory") / 1000
        + accounts * SERIES * cost("series memory") / GB
    )
    disk = accounts * (store_bytes() + account_bytes()) / GB
    dollars = cores * cost("core") + memory * cost("memory") + disk * cost("disk")
    return {("dollars a month", ""): dollars, ("  an account", ""): dollars / accounts}


def percent(value: float, quota: str) -> float:
    return float(value) / cost(quota) * 100


def store_bytes() -> float:
    """VictoriaMetrics' disk for an account's year: samples, and each day's index of its series."""
    a_day = SAMPLES * cost("sample bytes") + SERIES * cost("series disk")
    return a_day * YEAR
