"""Everything that takes part in a backfill, as real processes, with places to break it.

::

    worker --- proxy --- emulator       worker --- proxy --- VictoriaMetrics
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import threading
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from syncbit_dagster.cli.emulator import synthetic_person
from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.emulator.google_health.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster.emulator.google_health.scopes import READ_SCOPES
from syncbit_dagster_tests.breaking_proxy import Proxy, proxy_to
from syncbit_dagster_tests.cli import processes
from syncbit_dagster_tests.dagster_process import ROOT, clean_environment
from syncbit_dagster_tests.emulated import EmulatedAccount, emulated_account
from syncbit_dagster_tests.faults.worker import Order, Workers
from syncbit_dagster_tests.victoriametrics import Server, free_port, running, victoria_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


# One instant for the whole session: nobody's device syncs meanwhile, so that every run sees the
# same. The days ended before it by more than any device remembers.
NOW = datetime.now(UTC)
PERSON = synthetic_person(NOW.date())
IS_SOAK = os.environ.get("SYNCBIT_SOAK") == "1"
_LAST = NOW.date() - timedelta(days=40)
DAYS = DayRange(_LAST - timedelta(days=59 if IS_SOAK else 7), _LAST)
# Roll-ups and lists of days, sessions, minutes: an asset of each kind.
CHOSEN = ("activity_summary", "heart_rate", "intraday_steps", "sleep")

ACTIVITY = "https://www.googleapis.com/auth/googlehealth.activity_and_fitness.readonly"
BALLAST = "ballast"
SOON_SECONDS = 0.3
RECORDS_SIZE = "24m"

# How long to wait between two tries is not what is tested; that there are six is. And batches are
# small, so that some days of an asset are done and others are not.
CONSTANTS: dict[str, Any] = {
    "syncbit_dagster.sources.google_health.source:ROWS_PER_BATCH": 5_000,
    "syncbit_dagster.sources.http:FIRST_WAIT_SECONDS": 0.01,
    "syncbit_dagster.sources.http:TIMEOUT_SECONDS": (10, 5),
    "syncbit_dagster.stores.victoriametrics.transport:GET_PAUSES": (0.05, 0.2),
}


@dataclass
class Stage:
    """One account, its provider, its store and its Dagster home.

    Attributes:
        api, store: the proxies before the emulator and before VictoriaMetrics.
        account: the emulator in this process and what points to it.
        home: Dagster's home and the worker's working directory.
        cleanup: undoes what the scenario does to the machine.
        variables: what the environment has beyond the account's.
        off: how far the emulator's clock is off.
    """

    api: Proxy
    store: Proxy
    server: Server
    account: EmulatedAccount
    home: Path
    workers: Workers
    cleanup: ExitStack
    variables: dict[str, str] = field(default_factory=dict)
    off: timedelta = timedelta()
    _is_store_down: bool = False
    _program: subprocess.Popen[str] | None = None

    @property
    def data(self) -> Path:
        """DATA_DIR."""
        return Path(self.environment["DATA_DIR"])

    @property
    def environment(self) -> dict[str, str]:
        """Of a worker, or of a whole `dagster dev`."""
        places = {
            "GOOGLE_HEALTH_URL": self.api.url,
            "GOOGLE_TOKEN_URL": f"{self.api.url}/token",
            "VICTORIA_ENDPOINT": self.store.url,
            "DAGSTER_HOME": str(self.home),
            "BACKFILL_START_DATE": DAYS.first.isoformat(),
            "INTRADAY_DETAIL_LEVEL": "1min",
        }
        return clean_environment(self.account.environment) | places | self.variables

    def launch(self, assets: Sequence[str], days: DayRange, *, clock_shift: float = 0.0) -> int:
        """Run a worker over a range to its end, whatever that is; its exit code."""
        arguments = [
            *("asset", "materialize", "-m", "syncbit_dagster.definitions"),
            *("--select", ",".join(assets)),
            *("--partition-range", f"{days.first}...{days.last}"),
        ]
        directory = str(self.home)
        self.workers.start(
            Order(tuple(arguments), self.environment, directory, CONSTANTS, clock_shift)
        )
        return self.workers.wait()

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """Dagster's record of what happened."""
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            yield instance

    # What scenarios do, beside breaking requests.

    def kill_store(self) -> None:
        """A power cut at the store."""
        self.server.kill()
        self._is_store_down = True

    def start_store(self) -> None:
        """The store comes back on its data."""
        self.server.start()
        self._is_store_down = False

    def restart_store(self) -> None:
        """Dead, and back before anybody asks again."""
        self.kill_store()
        self.start_store()

    def kill_worker(self) -> None:
        self.workers.kill(self.workers.current)

    def kill_worker_soon(self) -> None:
        """While it is at work, not while it waits for an answer."""
        seconds = random.uniform(0.0, SOON_SECONDS)  # noqa: S311 - no secret
        threading.Timer(seconds, self.workers.kill, (self.workers.current,)).start()

    def set_own_clock_back(self) -> None:
        """The worker's, by an hour, while it works."""
        self.workers.set_clock_back()

    def shift_clock(self, hours: int) -> None:
        """The provider's; access tokens live an hour."""
        self.off = timedelta(hours=hours)

    def let_an_hour_pass(self) -> None:
        self.off = timedelta(hours=1)

    def run_program(self) -> None:
        """From now on, `syncbit emulator` answers, a program that can be killed."""
        port = free_port() if self._program is None else self.api.upstream
        command = [*processes.SYNCBIT, "emulator", "--port", str(port)]
        self._program = processes.start(command, self.home, {})
        self.cleanup.callback(self._end, self._program)
        assert self._program.stdout is not None
        assert str(port) in self._program.stdout.readline()
        self.api.upstream = port

    def kill_program(self) -> None:
        """What it keeps in memory, tokens too, is gone."""
        assert self._program is not None
        self._end(self._program)

    def restart_program(self) -> None:
        self.kill_program()
        self.run_program()

    def revoke(self) -> None:
        """The person disconnects the app."""
        self.account.emulator.revoke()

    def authorize(self) -> None:
        """The person consents again; the app gets a refresh token of the same name."""
        consent = self.account.emulator._service.consent
        vars(consent)["_refresh"][DEMO_REFRESH_TOKEN] = READ_SCOPES

    def expire_tokens(self) -> None:
        self.account.emulator.expire_access_tokens()

    def untick(self) -> None:
        """The person allows no activity any more, from the next refresh on."""
        self.account.emulator.untick(ACTIVITY)

    def untick_now(self) -> None:
        self.untick()
        self.expire_tokens()

    def tick_again(self) -> None:
        self.account.emulator._service.consent.unticked.clear()
        self.expire_tokens()

    def small_disk(self) -> None:
        """DATA_DIR on a file system of its own, of half a megabyte."""
        small = self.home.parent / "small"
        small.mkdir()
        self._mount(small, "512k")
        shutil.copytree(self.data, small, dirs_exist_ok=True)
        self.variables["DATA_DIR"] = str(small)

    def fill_disk(self) -> None:
        _fill(self.data)

    def empty_disk(self) -> None:
        (self.data / BALLAST).unlink()

    def read_only_disk(self) -> None:
        """As after an error of the disk."""
        self.small_disk()
        self._remount("ro")

    def make_disk_writable(self) -> None:
        self._remount("rw")

    def small_records(self) -> None:
        """Dagster's own records on a file system of their own, of some megabytes."""
        records = self.home / ".dagster_home"
        kept = self.home / "kept"
        shutil.copytree(records, kept)
        self._mount(records, RECORDS_SIZE)
        shutil.copytree(kept, records, dirs_exist_ok=True)

    def fill_records(self) -> None:
        _fill(self.home / ".dagster_home")

    def empty_records(self) -> None:
        (self.home / ".dagster_home" / BALLAST).unlink()

    def heal(self) -> None:
        """The fault is gone: everything runs as it should."""
        self.api.heal()
        self.store.heal()
        self.off = timedelta()
        if self._is_store_down:
            self.start_store()
        if self._program is not None and self._program.poll() is not None:
            self.run_program()

    def _mount(self, place: Path, size: str) -> None:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(place)]
        if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
            pytest.skip("only root may mount a small file system")
        self.cleanup.callback(subprocess.run, ["umount", "--lazy", str(place)], check=True)

    def _remount(self, how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", str(self.data)], check=True)

    @staticmethod
    def _end(program: subprocess.Popen[str]) -> None:
        with program:
            program.kill()


def _fill(place: Path) -> None:
    """Not a byte is left."""
    with suppress(OSError), (place / BALLAST).open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(4096))


@contextmanager
def stage(directory: Path, workers: Workers, prepared_home: str) -> Iterator[Stage]:
    """Everything running, in an empty directory; ``prepared_home`` is one without any run."""
    found: list[Stage] = []
    home = new_home(directory / "home", prepared_home)
    with (
        running(victoria_metrics(directory / "victoria")) as server,
        emulated_account(PERSON, directory, now=lambda: NOW + found[0].off) as account,
        proxy_to(int(account.emulator.url.rpartition(":")[2])) as api,
        proxy_to(server.port) as store,
        ExitStack() as cleanup,
    ):
        found.append(Stage(api, store, server, account, home, workers, cleanup))
        yield found[0]


def new_home(home: Path, prepared: str) -> Path:
    """A Dagster home with the project's own settings, its databases within."""
    shutil.copytree(prepared, home)
    write_settings(home)
    return home


def write_settings(home: Path) -> None:
    """The project's own, for this home."""
    settings = (ROOT / "dagster.yaml").read_text()
    (home / "dagster.yaml").write_text(settings.replace(".dagster_home", f"{home}/.dagster_home"))
