"""Four ways to hold many accounts in one deployment, with assets that do nothing."""

# No postponed annotations here: Dagster reads those of the functions below as objects.
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg

ASSETS = 17
DAYS = 3652
YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
FIRST = YESTERDAY - timedelta(days=DAYS - 1)
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
WEEK = tuple(YESTERDAY - timedelta(days=ago) for ago in reversed(range(7)))
ACCOUNTS = "account"  # the name of a set of dynamic partitions and of a dimension
ASKING = 5  # how many accounts a tick asks for runs; a run costs the same for each
FIRST_TICK = "idle"
Requests = Iterator[dg.RunRequest]
RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


class Nowhere(dg.IOManager):
    """Stores nothing."""

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        pass

    def load_input(self, context: dg.InputContext) -> None:
        pass


@dataclass(frozen=True)
class Design:
    """How accounts appear in Dagster.

    Attributes:
        title: for the table.
        build: the definitions of the accounts of these numbers.
        key: the asset key of an account's first asset.
        partition: the partition key of an account and a day.
        locations: whether each account is a code location, with definitions of its own.
    """

    title: str
    build: Callable[[Sequence[int]], dg.Definitions]
    key: Callable[[str], list[str]]
    partition: Callable[[str, date], str]
    locations: bool = False


def account_name(number: int) -> str:
    return f"account_{number:04}"


def daily(number: int) -> dg.DailyPartitionsDefinition:
    """The days of an account; accounts differ in zone and first day."""
    first = FIRST + timedelta(days=number % 5)
    return dg.DailyPartitionsDefinition(first.isoformat(), timezone=ZONES[number % len(ZONES)])


def assets(
    partitions: dg.PartitionsDefinition[str], prefix: str | None = None
) -> list[dg.AssetsDefinition]:
    """The assets of an account, or of all."""

    def one(name: str) -> dg.AssetsDefinition:
        @dg.asset(
            name=name,
            key_prefix=prefix,
            partitions_def=partitions,
            backfill_policy=dg.BackfillPolicy.single_run(),
            freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=54)),
        )
        def nothing() -> None:
            pass

        return nothing

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        return [one(f"asset_{number:02}") for number in range(ASSETS)]


def sensor(name: str, requests: Callable[[], Requests], **target: Any) -> dg.SensorDefinition:
    """A sensor that finds nothing to do at its first tick, and asks for runs at its second."""

    @dg.sensor(
        name=name,
        **target,
        minimum_interval_seconds=1,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def ticking(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        if context.cursor == FIRST_TICK:
            return dg.SensorResult(run_requests=list(requests()), cursor="asked")
        return dg.SensorResult(skip_reason="Nothing to do.", cursor=context.cursor or FIRST_TICK)

    return ticking


def week_of(
    account: str, design: "Design", selection: list[dg.AssetKey] | None = None
) -> dg.RunRequest:
    """One run over an account's last seven days."""
    keys = [design.partition(account, day) for day in (WEEK[0], WEEK[-1])]
    return dg.RunRequest(
        run_key=account,
        asset_selection=selection,
        tags=dict(zip(RANGE_TAGS, keys, strict=True)),
    )


def definitions(
    of: list[dg.AssetsDefinition], sensors: list[dg.SensorDefinition]
) -> dg.Definitions:
    return dg.Definitions(
        assets=of,
        sensors=sensors,
        resources={"io_manager": Nowhere()},
        executor=dg.in_process_executor,
    )


def _own(numbers: Sequence[int]) -> dg.Definitions:
    """Assets, a job and a sensor for each account."""
    everything: list[dg.AssetsDefinition] = []
    sensors = []
    for number in numbers:
        account = account_name(number)
        own = assets(daily(number), account)
        job = dg.define_asset_job(f"daily_sync_{account}", dg.AssetSelection.assets(*own))

        def requests(account: str = account, *, asks: bool = number < ASKING) -> Requests:
            if asks:
                yield week_of(account, DESIGNS["own"])

        everything += own
        sensors.append(sensor(f"daily_sync_{account}", requests, job=job))
    return definitions(everything, sensors)


def _shared(numbers: Sequence[int]) -> dg.Definitions:
    """Assets for each account, one sensor for all; its runs select an account's assets."""
    own = {account_name(number): assets(daily(number), account_name(number)) for number in numbers}

    def requests() -> Requests:
        for account in map(account_name, numbers[:ASKING]):
            selection = [asset.key for asset in own[account]]
            yield week_of(account, DESIGNS["shared"], selection)

    everything = [asset for of in own.values() for asset in of]
    return definitions(
        everything, [sensor("sync", requests, asset_selection=dg.AssetSelection.all())]
    )


def _dimension(numbers: Sequence[int]) -> dg.Definitions:
    """One set of assets; a partition is an account's day."""
    names = dg.StaticPartitionsDefinition([account_name(number) for number in numbers])
    everything = assets(dg.MultiPartitionsDefinition({ACCOUNTS: names, "day": daily(0)}))

    def requests() -> Requests:
        for account in map(account_name, numbers[:ASKING]):
            yield week_of(account, DESIGNS["dimension"])

    return definitions(everything, [sensor("sync", requests, job=daily_sync(everything))])


def _dynamic(numbers: Sequence[int]) -> dg.Definitions:
    """One set of assets; a partition is an account, its days are not Dagster's business."""
    everything = assets(dg.DynamicPartitionsDefinition(name=ACCOUNTS))

    def requests() -> Requests:
        for account in map(account_name, numbers[:ASKING]):
            yield dg.RunRequest(run_key=account, partition_key=account)

    return definitions(everything, [sensor("sync", requests, job=daily_sync(everything))])


def daily_sync(everything: list[dg.AssetsDefinition]) -> Any:
    return dg.define_asset_job("daily_sync", dg.AssetSelection.assets(*everything))


def _prefixed(account: str) -> list[str]:
    return [account, "asset_00"]


def _alone(_: str) -> list[str]:
    return ["asset_00"]


def _day(_: str, day: date) -> str:
    return day.isoformat()


DESIGNS = {
    "own": Design("assets, job, sensor each", _own, _prefixed, _day),
    "shared": Design("assets each, one sensor", _shared, _prefixed, _day),
    "locations": Design("code location each", _own, _prefixed, _day, locations=True),
    "dimension": Design(
        "dimension account x day", _dimension, _alone, lambda who, day: f"{who}|{day}"
    ),
    "dynamic": Design("dynamic partition each", _dynamic, _alone, lambda who, _: who),
}
