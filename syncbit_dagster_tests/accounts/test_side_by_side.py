"""A real `dagster dev` with two accounts: they work at the same time, each with one run."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import yaml

from syncbit_dagster.account.tokens import Token
from syncbit_dagster.core.civil import civil_day
from syncbit_dagster.emulator.google_health.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster.emulator.server import running_emulator
from syncbit_dagster.emulator.synthetic import SyntheticPerson
from syncbit_dagster_tests.accounts.files import Declared
from syncbit_dagster_tests.accounts.household import FEW, THREE
from syncbit_dagster_tests.accounts.test_page import block
from syncbit_dagster_tests.dagster_process import copy_of_the_root, dagster_dev
from syncbit_dagster_tests.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

ZONES = {"anna": ZoneInfo("Pacific/Auckland"), "ben": ZoneInfo("America/New_York")}
SECONDS = 240  # a tick of each sensor, and runs in processes of their own, on a busy machine
DAYS = 40  # ten more than the newest run takes, so that there are two of each account
_RUNS = "{ runsOrError { ... on Runs { results { jobName status startTime endTime } } } }"
_COUNT = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) {
  ... on AssetNode { partitionStats { numMaterialized } } } }"""


def test_two_accounts_work_at_the_same_time_each_with_one_run(tmp_path: Path) -> None:
    common = {"COLLECT_DEVICE_INFO": "false", "SYNCBIT_PROVIDER": "demo"}
    now = datetime.now(UTC)
    declared = Declared(tmp_path, {**FEW, **common}, now)
    with ExitStack() as stack:
        entries = {}
        for seed, (name, zone) in enumerate(ZONES.items()):
            first = civil_day(now, zone) - timedelta(days=DAYS)
            person = SyntheticPerson(zone, first, seed=seed)
            emulator = stack.enter_context(running_emulator(person, seconds_a_request=0.8))
            entries[name] = {
                "SYNCBIT_TIMEZONE": zone.key,
                "BACKFILL_START_DATE": str(first),
                "GOOGLE_HEALTH_URL": emulator.url,
                "GOOGLE_TOKEN_URL": f"{emulator.url}/token",
            }
        declared.write(yaml.safe_dump(entries))
        for settings in declared.load():
            settings.account.tokens.save(
                Token(access_token="", refresh_token=DEMO_REFRESH_TOKEN, expires_at=0)
            )
        root = copy_of_the_root(tmp_path)
        instance = yaml.safe_load((root / "dagster.yaml").read_text())
        instance |= yaml.safe_load(block("concurrency:"))
        (root / "dagster.yaml").write_text(yaml.safe_dump(instance))
        with dagster_dev(root, declared.variables()) as dagster:

            def all_is_there() -> bool | None:
                counts = {
                    dagster.ask(_COUNT, key={"path": [name, asset]})["assetNodeOrError"][
                        "partitionStats"
                    ]["numMaterialized"]
                    for name in ZONES
                    for asset in THREE
                }
                has_ended = set(dagster.run_statuses()) == {"SUCCESS"}
                return (counts == {DAYS} and has_ended) or None

            wait_for(all_is_there, SECONDS, "both histories")
            runs = dagster.ask(_RUNS)["runsOrError"]["results"]
    spans: dict[str, list[tuple[float, float]]] = {name: [] for name in ZONES}
    for run in runs:
        account = run["jobName"].removeprefix("history_")
        spans[account].append((run["startTime"], run["endTime"]))
    for own in spans.values():
        assert len(own) == 2
        assert all(one[1] <= other[0] for one, other in pairwise(sorted(own)))
    assert any(a[0] < b[1] and b[0] < a[1] for a in spans["anna"] for b in spans["ben"]), (
        "no run of one was at work during a run of the other"
    )
