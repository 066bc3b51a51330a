"""A run fetches what it will ask for next while it stores: in order, no more, and no error lost."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg
import numpy as np
import pytest

from syncbit_dagster.catalog import ASSETS
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.samples import Series, from_series
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.defs import read_ahead
from syncbit_dagster.defs.read_ahead import ReadAhead
from syncbit_dagster.defs.run_requests import RANGE_END_TAG, RANGE_START_TAG
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.sources.base import Batch
from syncbit_dagster.sources.errors import SourceError
from syncbit_dagster_tests.defs.running import metadata_of
from syncbit_dagster_tests.emulated import emulated_account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = date(2025, 3, 1)
PATIENCE = 30.0
PERSON = SyntheticPerson(ZoneInfo("Europe/Berlin"), date(2025, 1, 1), seed=3)
TABLE = from_series(
    [Series("fitbit_steps_intraday", "{}", np.arange(5, dtype=np.int64), np.ones(5))]
)
LONG_AFTER = datetime(2025, 4, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _two_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_ahead, "SAMPLES_AHEAD", 2 * len(TABLE))


def batch(number: int) -> Batch:
    return Batch(DayRange(DAY, DAY), TABLE, requests=number, seconds=0.0)


class Fetching:
    """A source of numbered batches that says how far it has come."""

    def __init__(self, batches: int, failing: str = "") -> None:
        self.given: list[tuple[str, int]] = []
        self.has_given = threading.Condition()
        self._batches = batches
        self._failing = failing

    def __call__(self, asset: str) -> Iterator[Batch]:
        for number in range(self._batches):
            if asset == self._failing and number == 1:
                raise SourceError("no more")
            with self.has_given:
                self.given.append((asset, number))
                self.has_given.notify_all()
            yield batch(number)

    def until(self, asset: str, number: int) -> bool:
        with self.has_given:
            return self.has_given.wait_for(lambda: (asset, number) in self.given, PATIENCE)


def numbers(batches: Iterator[Batch]) -> list[int]:
    return [one.requests for one in batches]


def test_every_asset_gets_its_own_batches_in_order() -> None:
    ahead = ReadAhead(["a", "b"], Fetching(3))
    assert numbers(ahead.take("a")) == [0, 1, 2]
    assert not ahead.has("a")
    assert ahead.has("b")
    assert numbers(ahead.take("b")) == [0, 1, 2]
    assert not ahead.has("b")


def test_the_next_batch_comes_while_one_is_stored_and_no_more() -> None:
    fetching = Fetching(6)
    ahead = ReadAhead(["a", "b"], fetching)
    batches = ahead.take("a")
    assert next(batches).requests == 0
    assert fetching.until("a", 2)  # two are ready
    assert ("a", 3) not in fetching.given
    next(batches)
    assert fetching.until("a", 3)
    ahead.close()


def test_the_next_asset_comes_while_the_last_batch_of_one_is_stored() -> None:
    fetching = Fetching(1)
    ahead = ReadAhead(["a", "b"], fetching)
    batches = ahead.take("a")
    assert next(batches).requests == 0
    assert fetching.until("b", 0)
    ahead.close()


def test_an_error_is_the_assets_own() -> None:
    ahead = ReadAhead(["a", "b"], Fetching(3, failing="a"))
    batches = ahead.take("a")
    assert next(batches).requests == 0
    with pytest.raises(SourceError, match="no more"):
        next(batches)
    assert numbers(ahead.take("b")) == [0, 1, 2]


def test_what_nobody_stored_is_not_the_next_assets() -> None:
    ahead = ReadAhead(["a", "b", "c"], Fetching(4))
    assert next(ahead.take("a")).requests == 0  # the store refused it; its step ends here
    assert numbers(ahead.take("c")) == [0, 1, 2, 3]  # and b's never began


def test_what_follows_is_seen_and_still_taken() -> None:
    ahead = ReadAhead(["a", "b", "c"], Fetching(1))
    first = ahead.take("a")
    next(first)
    assert [asset for asset, _ in ahead.following(batch(0).days, PATIENCE)] == ["b", "c"]
    seen = dict(ahead.following(batch(0).days, PATIENCE))
    assert list(first) == []
    assert list(ahead.take("b")) == [seen["b"]]
    assert [asset for asset, _ in ahead.following(batch(0).days, PATIENCE)] == ["c"]
    assert list(ahead.take("c")) == [seen["c"]]


def test_what_follows_ends_at_an_asset_of_several_batches() -> None:
    whole = DayRange(DAY, DAY + timedelta(days=1))

    def fetch(asset: str) -> Iterator[Batch]:
        for days in [whole] if asset != "c" else [DayRange(day, day) for day in whole]:
            yield Batch(days, TABLE, requests=1, seconds=0.0)

    ahead = ReadAhead(["a", "b", "c", "d"], fetch)
    next(ahead.take("a"))
    assert [asset for asset, _ in ahead.following(whole, PATIENCE)] == ["b"]
    assert len(list(ahead.take("c"))) == 2


def test_what_follows_does_not_wait_for_long() -> None:
    may_go_on = threading.Event()

    def fetch(asset: str) -> Iterator[Batch]:
        if asset == "b":
            assert may_go_on.wait(PATIENCE)
        yield batch(0)

    ahead = ReadAhead(["a", "b"], fetch)
    next(ahead.take("a"))
    assert list(ahead.following(batch(0).days, 0.0)) == []
    may_go_on.set()
    assert numbers(ahead.take("b")) == [0]


def test_errors_of_what_follows_wait_for_their_turn() -> None:
    def fetch(asset: str) -> Iterator[Batch]:
        if asset != "a":
            raise SourceError(f"{asset} is refused")
        yield batch(0)

    ahead = ReadAhead(["a", "b", "c"], fetch)
    next(ahead.take("a"))
    assert list(ahead.following(batch(0).days, PATIENCE)) == []
    for asset in ("b", "c"):
        with pytest.raises(SourceError, match=f"{asset} is refused"):
            next(ahead.take(asset))


def test_closing_ends_it() -> None:
    fetching = Fetching(100)
    ahead = ReadAhead(["a"], fetching)
    next(ahead.take("a"))
    ahead.close()
    for thread in threading.enumerate():
        if thread.name == "read ahead":
            thread.join(PATIENCE)
            assert not thread.is_alive()
    assert len(fetching.given) < 7


def test_a_run_takes_the_dearest_assets_last_and_reads_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []
    take = ReadAhead.take

    def noted(self: ReadAhead, asset: str) -> Iterator[Batch]:
        taken.append(asset)
        return take(self, asset)

    monkeypatch.setattr(ReadAhead, "take", noted)
    names = [asset.name for asset in ASSETS if asset.group == "daily"]
    days = DayRange(date(2025, 3, 1), date(2025, 3, 3))
    with (
        emulated_account(PERSON, tmp_path, now=lambda: LONG_AFTER) as account,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        result = (
            build_definitions(account.settings())
            .resolve_job_def("history")
            .execute_in_process(
                instance=instance,
                asset_selection=[dg.AssetKey(name) for name in names],
                tags={RANGE_START_TAG: str(days.first), RANGE_END_TAG: str(days.last)},
            )
        )
        assert result.success
        started = [
            event.step_key for event in result.all_events if event.event_type_value == "STEP_START"
        ]
        assert [step for step in started if step in names] == names[::-1] == taken
        # Checks that look at their own asset only follow it, while the next one is fetched.
        assert started[1::2] == [f"{name}_quality" for name in names[::-1]]
        asked = sum(metadata_of(instance, name)[str(days.last)]["requests"] for name in names)
        assert asked == len(account.emulator.calls)
