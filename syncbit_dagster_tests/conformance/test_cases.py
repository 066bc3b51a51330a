"""Each odd answer that somebody met, in the middle of a backfill of 60 days, for both stores.

The case's file says what must come of it; all other days are exactly those of a run without it.
What is stored stays whatever the next answer is like, and a right answer brings what is missing.
"""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from syncbit_dagster.account.state import database
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.catalog import metrics_of
from syncbit_dagster.core.civil import DayRange, civil_day
from syncbit_dagster.core.samples import decode_labels
from syncbit_dagster.definitions import build_definitions
from syncbit_dagster.emulator.fitbit_web.oauth import DEMO_REFRESH_TOKEN as WEB_REFRESH_TOKEN
from syncbit_dagster.emulator.google_health.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster.emulator.odd import Case, case_names, load_case
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster.factories import open_store
from syncbit_dagster.sources.google_health.client import PLAINER
from syncbit_dagster.stores.base import Slice
from syncbit_dagster_tests.defs.running import failure_of, metadata_of
from syncbit_dagster_tests.emulated import EmulatedAccount, emulated_account
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncbit_dagster.config import Settings

ODD_DAY = date(2025, 9, 20)
LAST = date(2025, 9, 30)
NOW = datetime(2025, 10, 2, 12, 20, tzinfo=UTC)
PERSON = SyntheticPerson(zone=ZoneInfo("UTC"), first_day=date(2025, 1, 1), seed=7)

FIRST_TOKENS = {"demo": DEMO_REFRESH_TOKEN, "fitbit_web": WEB_REFRESH_TOKEN}

Samples = dict[tuple[str, date], dict[int, float]]
"""Values by instant, by series (``metric label=value``) and day."""


@dataclass(frozen=True)
class Stage:
    """An installation: its settings and definitions."""

    settings: Settings
    definitions: dg.Definitions

    def run(self, case: Case, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
        days = days_of(case)
        return dg.materialize(
            [one for one in self.definitions.assets or [] if isinstance(one, dg.AssetsDefinition)],
            selection=dg.AssetSelection.assets(case.content["asset"]),
            resources=dict(self.definitions.resources or {}),
            instance=instance,
            tags={
                "dagster/asset_partition_range_start": days.first.isoformat(),
                "dagster/asset_partition_range_end": days.last.isoformat(),
            },
            raise_on_error=False,
        )

    def stored(self, case: Case, *, is_cleared: bool = False) -> Samples:
        """What the store holds of the case's days; if it is to be, nothing any more."""
        account, days = self.settings.account, days_of(case)
        names = tuple(dict.fromkeys(metric.name for metric in metrics_of(case.content["asset"])))
        target = Slice(names, account.labels, days.start(account.zone), days.end(account.zone))
        found: Samples = {}
        with closing(open_store(self.settings)) as store:
            for one in store.read(target):
                labels = decode_labels(one.labels)
                own = [f"{name}={labels[name]}" for name in labels if name not in account.labels]
                for at, value in zip(one.timestamps.tolist(), one.values.tolist(), strict=True):
                    day = civil_day(datetime.fromtimestamp(at / 1000, UTC), account.zone)
                    found.setdefault((" ".join([one.metric, *own]), day), {})[at] = value
            if is_cleared:
                store.replace(target, [])
        return found


@dataclass
class Lab:
    """One emulator and one server for all cases, and one installation for all of a kind."""

    account: EmulatedAccount
    directory: Path
    server: str
    stages: dict[str, Stage] = field(default_factory=dict)
    exact: dict[str, Samples] = field(default_factory=dict)

    def stage(self, case: Case, store: str) -> Stage:
        variables = {
            "SYNCBIT_PROVIDER": case.content.get("provider", "demo"),
            "INTRADAY_DETAIL_LEVEL": "15min",
            "INTRADAY_HEART_RATE_DETAIL": "15min",
            **case.content.get("variables", {}),
            **({"VICTORIA_ENDPOINT": self.server} if store == "victoriametrics" else {}),
        }
        if (key := str(variables)) not in self.stages:
            name = f"lab{len(self.stages)}"
            variables |= {"FITBIT_USER_ID": name, "DATA_DIR": str(self.directory / name)}
            settings = self.account.settings(**variables)
            provider = settings.account.provider
            # A refresh token of the Web API is good for one use: all share what it gave.
            others = [one.settings.account for one in self.stages.values()]
            known = [one.tokens.load() for one in others if one.provider == provider]
            first = Token(access_token="", refresh_token=FIRST_TOKENS[provider], expires_at=0)
            settings.account.tokens.save(next(filter(None, known), first))
            definitions = build_definitions(settings, now=lambda: NOW, sleep=lambda _: None)
            self.stages[key] = Stage(settings, definitions)
        return self.stages[key]

    def without_oddity(self, case: Case) -> Samples:
        """What a run over the case's days stores if every answer is right."""
        content, stage = case.content, self.stage(case, "embedded")
        key = f"{stage.settings.account.labels} {content['asset']} {days_of(case)}"
        if key not in self.exact:
            with dg.DagsterInstance.ephemeral() as instance:
                result = stage.run(case, instance)
                assert result.success, _why(result)
            self.exact[key] = stage.stored(case, is_cleared=True)
            assert self.exact[key]
        return self.exact[key]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    directory = tmp_path_factory.mktemp("lab")
    with (
        pytest.MonkeyPatch.context() as patch,
        emulated_account(PERSON, directory / "account", now=lambda: NOW) as account,
        running(victoria_metrics(tmp_path_factory.mktemp("victoria"))) as server,
    ):
        # The budget goes by the same clock as the emulator's quota: hours begin at once for both.
        patch.setattr(database, "time", SimpleNamespace(time=NOW.timestamp))
        yield Lab(account, directory, server.url)


def days_of(case: Case) -> DayRange:
    """The range of the run, with the odd day in it."""
    length = case.content.get("days", 60)
    last = min(LAST, ODD_DAY + timedelta(days=length // 2))
    return DayRange(last - timedelta(days=length - 1), last)


def expected(case: Case, exact: Samples) -> Samples:
    """What the case's file says that a first run stores."""
    expect = case.content["expect"]
    if "fails" in expect or "skipped" in expect:
        return {}

    def is_there(series: str, day: date) -> bool:
        gone = [*expect.get("everywhere", ())]
        if day == ODD_DAY:
            gone += ["fitbit"] if expect.get("missing") else expect.get("lacks", [])
        return not any(series.startswith(one) for one in gone)

    values = expect.get("values", {})
    return {
        (series, day): dict.fromkeys(samples, values[series])
        if series in values and day == ODD_DAY
        else samples
        for (series, day), samples in exact.items()
        if is_there(series, day)
    }


def without(samples: Samples, series: list[str]) -> Samples:
    return {
        key: value for key, value in samples.items() if key[1] != ODD_DAY or key[0] not in series
    }


def checks_of(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {one.check_name: one.passed for one in result.get_asset_check_evaluations()}


# What a provider answers hardly concerns the store: each case in one, some in the other, too.
EACH = 1 if os.environ.get("SYNCBIT_SOAK") == "1" else 10
CASES = [
    *((name, "embedded") for name in case_names()),
    *((name, "victoriametrics") for name in case_names()[::EACH]),
]


@pytest.mark.victoriametrics
@pytest.mark.parametrize(("name", "store"), CASES)
def test_case(lab: Lab, name: str, store: str) -> None:
    case = load_case(name, ODD_DAY)
    expect, exact = case.content["expect"], lab.without_oddity(case)
    stage = lab.stage(case, store)
    stage.stored(case, is_cleared=True)
    PLAINER.clear()  # what this process remembers of the cases before
    emulator = lab.account.emulator
    with dg.DagsterInstance.ephemeral() as instance:
        emulator.play(case)
        odd = stage.run(case, instance)
        found = stage.stored(case)
        emulator.play()
        assert odd.success is not bool({"fails", "incomplete", "missing"} & {*expect}), _why(odd)
        if "fails" in expect:
            assert expect["fails"] in failure_of(odd)
        differs = expect.get("differs", [])
        assert without(found, differs) == without(expected(case, exact), differs)
        assert all(found[one, ODD_DAY] != exact[one, ODD_DAY] for one in differs)
        there = set(instance.get_materialized_partitions(dg.AssetKey(case.content["asset"])))
        wanted = {day.isoformat() for day in days_of(case)}
        if "incomplete" in expect:  # the rest is stored, and the days are asked for again
            assert there == (
                wanted - {str(ODD_DAY)} if expect["incomplete"] == "the day" else set()
            )
            assert "stay missing" in failure_of(odd)
        elif "missing" in expect:
            assert there == wanted - {str(ODD_DAY)}
            assert str(ODD_DAY) in failure_of(odd)
        elif "fails" in expect or "skipped" in expect:
            assert not there
        else:
            assert there == wanted
            checks = checks_of(odd)
            assert checks["readable"] is expect.get("readable", True)
            assert checks["permission"] is expect.get("permission", True)
            told = metadata_of(instance, case.content["asset"])[str(ODD_DAY)]
            is_hole = expect.get("hole") or (
                "lacks" in expect and not checks["readable"] and "day_unknown" not in expect
            )
            if is_hole:
                assert told["state"] == "provisional"
                assert told["set_aside"] >= 1
        if store == "embedded":
            again = stage.run(case, instance)
            assert again.success
            assert stage.stored(case) == exact  # what was lacking has come
            emulator.play(case)
            stage.run(case, instance)
            emulator.play()
            kept = stage.stored(case)
            assert kept.keys() == exact.keys()  # and nothing of it is lost
            values = [*expect.get("values", ()), *differs]
            assert without(kept, values) == without(exact, values)


def _why(result: dg.ExecuteInProcessResult) -> str:
    failed = [e for e in result.all_events if e.event_type_value == "STEP_FAILURE"]
    return failure_of(result) if failed else "nothing failed"
