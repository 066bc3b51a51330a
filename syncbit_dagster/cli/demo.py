"""See it work without an account: emulator, a backfill of 30 days, a table, the Dagster UI.

The samples go to VictoriaMetrics if VICTORIA_ENDPOINT is in the environment, else to a store below
DATA_DIR. With SYNCBIT_DEMO_ONESHOT=1 the demo ends after the table.

The demo never mixes with a real account: it works in a folder of its own, where there is no
``.env``, and of the environment's settings it keeps only those that name the store.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from syncbit_dagster.account.state.private_file import private_directory
from syncbit_dagster.account.tokens import Token
from syncbit_dagster.catalog import asset_named, metrics_of
from syncbit_dagster.cli.emulator import synthetic_person
from syncbit_dagster.cli.table import print_table
from syncbit_dagster.config import VARIABLES, Settings, load_settings
from syncbit_dagster.config.origins import SECRETS_DIRECTORY, Origin
from syncbit_dagster.config.parsers import path
from syncbit_dagster.core.civil import DayRange, civil_day
from syncbit_dagster.core.errors import SyncbitError
from syncbit_dagster.core.samples import from_series
from syncbit_dagster.emulator.google_health.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster.emulator.server import running_emulator
from syncbit_dagster.factories import open_store
from syncbit_dagster.stores.base import Slice

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

HELP = "see it work, without an account"
DAYS = 30
STOP_SECONDS = 30
ASSETS = ("activity_summary", "heart_rate", "intraday_steps", "intraday_heart_rate")
DG = (sys.executable, "-m", "dagster_dg_cli.cli")
DEFINITIONS = ("-m", "syncbit_dagster.definitions")
# As in the project's dagster.yaml; the demo keeps everything in a folder of its own.
DAGSTER_YAML = """\
storage:
  custom:
    module: syncbit_dagster.defs.instance.event_log
    class: BatchedSqliteStorage
    config: {base_dir: {env: DAGSTER_HOME}}
telemetry: {enabled: false}
nux: {enabled: false}
concurrency: {runs: {max_concurrent_runs: 1}}
python_logs: {managed_python_loggers: [syncbit_dagster]}
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=3000, help="port of the UI")


def run(arguments: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    is_oneshot = os.environ.get("SYNCBIT_DEMO_ONESHOT") == "1"
    home = private_directory(_home())
    os.chdir(private_directory(home / "dagster"))
    _forget_account()
    person = synthetic_person(now.date())
    with running_emulator(person) as emulator:
        os.environ |= {
            "SYNCBIT_PROVIDER": "demo",
            "DATA_DIR": str(home),
            "DAGSTER_HOME": str(home / "dagster"),
            "FITBIT_USER_ID": "demo",
            "SYNCBIT_TIMEZONE": person.zone.key,
            "BACKFILL_START_DATE": person.first_day.isoformat(),
            "GOOGLE_HEALTH_URL": emulator.url,
            "GOOGLE_AUTHORIZE_URL": f"{emulator.url}/o/oauth2/v2/auth",
            "GOOGLE_TOKEN_URL": f"{emulator.url}/token",
        }
        (home / "dagster" / "dagster.yaml").write_text(DAGSTER_YAML)
        settings = load_settings()
        settings.account.tokens.save(
            Token(access_token="", refresh_token=DEMO_REFRESH_TOKEN, expires_at=0)
        )
        yesterday = civil_day(now, person.zone) - timedelta(days=1)
        days = DayRange(yesterday - timedelta(days=DAYS - 1), yesterday)
        _backfill(days, home / "backfill.log")
        _report(settings, days)
        if not is_oneshot:
            _serve(arguments.port)
    return 0


def _home() -> Path:
    return path(os.environ.get("DATA_DIR") or ".syncbit").absolute() / "demo"


def _forget_account() -> None:
    """Drop whatever the environment says of a real account; what names the store stays."""
    names = {row.name for row in VARIABLES}
    if files := Origin({}, SECRETS_DIRECTORY).secret_files & {name.lower() for name in names}:
        raise SyncbitError(
            f"The demo does not start beside a real account; {SECRETS_DIRECTORY} has "
            f"{', '.join(sorted(files))}. Start it where there are none."
        )
    for name in names:
        if not name.startswith("VICTORIA_"):
            os.environ.pop(name, None)


def _backfill(days: DayRange, log: Path) -> None:
    print(f"Backfilling {len(days)} days of {len(ASSETS)} assets ...", flush=True)
    with log.open("w") as stream:
        command = subprocess.run(  # noqa: S603 - our own interpreter and arguments
            [
                *(*DG, "launch", *DEFINITIONS, "--assets", ",".join(ASSETS)),
                *("--partition-range", f"{days.first}...{days.last}"),
            ],
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if command.returncode:
        tail = "".join(log.read_text().splitlines(keepends=True)[-20:])
        raise SyncbitError(f"The backfill failed; the end of {log}:\n{tail}")


def _report(settings: Settings, days: DayRange) -> None:
    """What arrived, read back from the store."""
    account = settings.account
    store = open_store(settings)
    rows = []
    for name in ASSETS:
        metrics = tuple(dict.fromkeys(metric.name for metric in metrics_of(name)))
        series = store.read(
            Slice(metrics, account.labels, days.start(account.zone), days.end(account.zone))
        )
        local = from_series(series)["timestamp"].dt.tz_convert(account.zone)
        rows.append(
            (
                name,
                asset_named(name).group,
                len(metrics),
                int(local.dt.date.nunique()),
                len(local),
                local.min().strftime("%Y-%m-%d %H:%M") if len(local) else "",
                local.max().strftime("%Y-%m-%d %H:%M") if len(local) else "",
            )
        )
    store.close()
    header = ("asset", "group", "metrics", "days", "samples", "first", "last")
    print(f"In {store.description}, {account.zone.key}:\n")
    print_table(header, rows)
    if not all(row[4] for row in rows):
        raise SyncbitError("An asset has no samples; that should not happen in the demo.")


def _serve(port: int) -> None:
    port = _free_port(port)
    print(
        f"\nThe Dagster UI starts on http://127.0.0.1:{port} - open an asset to see its plots. "
        "Ctrl-C ends the demo.",
        flush=True,
    )
    # A terminated demo takes its Dagster with it; it would live on as an orphan otherwise.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    ui = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
        [*DG, "dev", *DEFINITIONS, "--port", str(port)]
    )
    try:
        ui.wait()
    finally:
        ui.send_signal(signal.SIGINT)
        ui.wait(STOP_SECONDS)


def _free_port(wanted: int) -> int:
    """The wanted port, or any free one if it is taken."""
    with socket.socket() as probe:
        # Connections of a demo that just ended do not make the port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
