"""What the SyncBit daemon leaves behind: its files, and its lines in VictoriaMetrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import requests

from syncbit_dagster_tests.waiting import HANGS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path


def write_state(directory: Path) -> Path:
    """The daemon's data directory after its last day."""
    directory.mkdir(exist_ok=True)
    state = {
        "last_sync": "2026-10-31T07:15:02.000124",
        "last_successful_date": "2026-10-30",
        "last_intraday_backfill_date": "2026-10-12",
    }
    (directory / "sync_state.json").write_bytes(orjson.dumps(state, option=orjson.OPT_INDENT_2))
    return directory


def post_lines(url: str, lines: Iterable[str]) -> None:
    """Send samples as the daemon does: Prometheus' text format, and no look at what is there."""
    body = "".join(f"{line}\n" for line in lines).encode()
    answer = requests.post(f"{url}/api/v1/import/prometheus", data=body, timeout=HANGS_SECONDS)
    answer.raise_for_status()
    requests.get(f"{url}/internal/force_flush", timeout=HANGS_SECONDS).raise_for_status()


def line(metric: str, value: float, at: datetime, *, labels: str = "") -> str:
    """One sample under the daemon's labels; ``labels`` such as ``type="sedentary"``."""
    own = f'device="charge6",{labels + "," if labels else ""}user="default"'
    return f"{metric}{{{own}}} {value} {int(at.timestamp()) * 1000}"
