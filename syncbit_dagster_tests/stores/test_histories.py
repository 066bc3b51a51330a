"""Random histories: both stores against a dictionary, with a server that is restarted at will.

After every step each store is read in full and must hold exactly what the dictionary holds, the
server also without anything that a crash or a correction might leave behind.
SYNCBIT_SOAK=1 makes it a long run.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import timedelta
from itertools import count, groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from syncbit_dagster.core.civil import to_milliseconds
from syncbit_dagster.core.samples import Series, encode_labels
from syncbit_dagster.stores.base import Slice
from syncbit_dagster.stores.duckdb import DuckDBStore
from syncbit_dagster.stores.validation import round_significant
from syncbit_dagster_tests.stores.builders import DAY, HEART_RATE, ONE_DAY, STEPS, account, rows
from syncbit_dagster_tests.stores.writers import store_at
from syncbit_dagster_tests.victoriametrics import Server, contents, running, victoria_metrics

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.victoriametrics

SOAK = os.environ.get("SYNCBIT_SOAK") == "1"
DAYS = 4
METRICS = (HEART_RATE, STEPS)
ZONES = ("", "peak", 'odd "\n🏃')

users = count()
instants = st.sampled_from([0, 1, 60_000, 7_200_000, ONE_DAY // 2, ONE_DAY - 1])
values = st.one_of(st.integers(-3, 250).map(float), st.floats(0.001, 1000))
day_samples = st.dictionaries(
    st.tuples(st.sampled_from(METRICS), st.sampled_from(ZONES), instants), values, max_size=10
)


days_of = st.integers(0, DAYS - 1)
Samples = dict[tuple[str, str, int], float]  # of metric, zone, instant within the day


class BlowError(Exception):
    """Ends a write where it stands."""


class Key(NamedTuple):
    metric: str
    labels: str
    instant: int


class Histories(RuleBasedStateMachine):
    """Writes to both stores and to a dictionary."""

    server: Server
    directory: Path

    @initialize()
    def begin(self) -> None:
        self.user = f"history-{next(users)}"
        self.model: dict[Key, float] = {}
        self.steps_left: int | None = None  # until a blow
        self.victoria = store_at(self.server.url, self.directory, self.step)
        self.duck = DuckDBStore(self.directory / f"{self.user}.duckdb")

    def teardown(self) -> None:
        self.victoria.close()

    def step(self, _name: str) -> None:
        if self.steps_left is not None:
            self.steps_left -= 1
            if self.steps_left < 0:
                raise BlowError

    @rule(first=days_of, days=st.integers(1, 2), samples=day_samples)
    def materialize(self, first: int, days: int, samples: Samples) -> None:
        """Other samples for a day or two: changes, additions and removals in one."""
        self._replace(first, days, self._keyed(first, samples))

    @rule(first=days_of, days=st.integers(1, DAYS))
    def run_again(self, first: int, days: int) -> None:
        """The same samples as are there."""
        assert self._replace(first, days, self._held(first, days)) == {"noop"}

    @rule(first=days_of, samples=day_samples)
    def arrive_late(self, first: int, samples: Samples) -> None:
        """More samples for a day, none changed."""
        modes = self._replace(first, 1, self._keyed(first, samples) | self._held(first, 1))
        assert "correct" not in modes

    @rule(first=days_of, data=st.data())
    def correct(self, first: int, data: st.DataObject) -> None:
        """One changed value."""
        held = self._held(first, 1)
        if held:
            key = data.draw(st.sampled_from(sorted(held)))
            self._replace(first, 1, held | {key: data.draw(values)})

    @rule(first=days_of, days=st.integers(1, DAYS))
    def remove(self, first: int, days: int) -> None:
        """Days without samples."""
        self._replace(first, days, {})

    @rule(is_power_cut=st.booleans())
    def restart(self, is_power_cut: bool) -> None:
        """The server goes down after a write has ended, in order or not, and comes back."""
        (self.server.kill if is_power_cut else self.server.stop)()
        self.server.start()

    @rule(first=days_of, samples=day_samples, steps=st.integers(0, 11), is_power_cut=st.booleans())
    def break_off(self, first: int, samples: Samples, steps: int, is_power_cut: bool) -> None:
        """A write dies before some step, alone or with the server; then it is made again."""
        wanted, self.steps_left = self._keyed(first, samples), steps
        with suppress(BlowError):
            self.victoria.replace(self._slice(first, 1), _grouped(wanted), durable=True)
        self.steps_left = None
        if is_power_cut:
            self.restart(is_power_cut=True)
        for store in (self.victoria, self.duck):
            store.replace(self._slice(first, 1), _grouped(wanted), durable=True)
        self._replace(first, 1, wanted)

    @invariant()
    def both_hold_the_model(self) -> None:
        expected = sorted((*key, value) for key, value in self.model.items())
        whole = self._slice(0, DAYS + 1)
        assert rows(self.duck.read(whole)) == expected
        assert rows(self.victoria.read(whole)) == expected
        everything = contents(self.server.url, f'{{user="{self.user}"}}')
        assert sorted(everything.elements()) == expected

    def _replace(self, first: int, days: int, samples: dict[Key, float]) -> set[str]:
        target = self._slice(first, days)
        series = _grouped(samples)
        stores = (self.victoria, self.duck)
        reports = [store.replace(target, series, durable=True) for store in stores]
        facts = {(r.wanted, r.equal, r.added, r.changed, r.removed) for r in reports}
        assert len(facts) == 1, "the stores disagree on what was there"
        for key in self._held(first, days):
            del self.model[key]
        rounded = round_significant(np.array(list(samples.values()), dtype=np.float64))
        self.model |= dict(zip(samples, rounded.tolist(), strict=True))
        return {report.mode for report in reports}

    def _keyed(self, first: int, samples: Samples) -> dict[Key, float]:
        start = to_milliseconds(DAY) + first * ONE_DAY
        return {
            Key(metric, encode_labels(account(self.user, **labels)), start + instant): value
            for (metric, zone, instant), value in samples.items()
            for labels in ({"zone": zone} if zone else {},)
        }

    def _held(self, first: int, days: int) -> dict[Key, float]:
        start = to_milliseconds(DAY) + first * ONE_DAY
        end = start + days * ONE_DAY
        return {key: value for key, value in self.model.items() if start <= key.instant < end}

    def _slice(self, first: int, days: int) -> Slice:
        start = DAY + timedelta(days=first)
        return Slice(METRICS, account(self.user), start, start + timedelta(days=days))


def _grouped(samples: dict[Key, float]) -> list[Series]:
    groups = groupby(sorted(samples.items()), key=lambda item: item[0][:2])
    return [
        Series(
            metric, labels, np.array([key.instant for key, _ in own]), np.array([v for _, v in own])
        )
        for (metric, labels), own in ((name, list(group)) for name, group in groups)
    ]


def test_random_histories(tmp_path: Path) -> None:
    Histories.server, Histories.directory = victoria_metrics(tmp_path / "server"), tmp_path
    Histories.TestCase.settings = settings(
        max_examples=200 if SOAK else 8,
        stateful_step_count=40 if SOAK else 15,
        deadline=None,
        derandomize=not SOAK,
        suppress_health_check=list(HealthCheck),
    )
    with running(Histories.server):
        Histories.TestCase("runTest").runTest()
