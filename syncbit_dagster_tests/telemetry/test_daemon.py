"""A real `dagster dev` whose runs all fail: it is in the store without anybody's doing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import requests

from syncbit_dagster_tests.dagster_process import copy_of_the_root, dagster_dev
from syncbit_dagster_tests.defs.wearer import Wearer
from syncbit_dagster_tests.emulated import emulated_account
from syncbit_dagster_tests.telemetry.stage import FEW
from syncbit_dagster_tests.victoriametrics import running, victoria_metrics
from syncbit_dagster_tests.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 240  # a tick of each sensor and a run between them, on a busy machine
FAILED = "max by (asset) (last_over_time(syncbit_last_failure_timestamp_seconds[1h]))"


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.victoriametrics
def test_the_daemon_notes_a_failed_run(tmp_path: Path) -> None:
    started = _now()
    with (
        running(victoria_metrics(tmp_path / "victoria")) as server,
        emulated_account(Wearer(started), tmp_path, now=_now) as account,
    ):
        account.emulator.fail_next(400, times=100_000)
        first = (started - timedelta(days=3)).date()
        variables = account.environment | FEW
        variables |= {"VICTORIA_ENDPOINT": server.url, "BACKFILL_START_DATE": str(first)}
        with dagster_dev(copy_of_the_root(tmp_path), variables) as dagster:

            def noted() -> dict[str, float] | None:
                answer = requests.get(
                    f"{server.url}/api/v1/query", params={"query": FAILED}, timeout=10
                )
                found = answer.json()["data"]["result"]
                return {one["metric"]["asset"]: float(one["value"][1]) for one in found} or None

            failures = wait_for(noted, SECONDS, "the note of a failed run")
            assert set(dagster.run_statuses()) == {"FAILURE"}
    assert failures.keys() == {"activity_summary", "heart_rate", "active_zone_minutes"}
    for failed_at in failures.values():
        assert started.timestamp() - 1 <= failed_at <= _now().timestamp()
