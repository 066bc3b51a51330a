"""What scenarios do to the machine and to the account, beside breaking requests."""

from __future__ import annotations

import random
import shutil
import subprocess
import threading
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.emulator.google_health.oauth import DEMO_REFRESH_TOKEN
from syncbit_dagster.emulator.google_health.scopes import READ_SCOPES

if TYPE_CHECKING:
    from pathlib import Path

    from syncbit_dagster_tests.faults.stage import Stage

ACTIVITY = "https://www.googleapis.com/auth/googlehealth.activity_and_fitness.readonly"
BALLAST = "ballast"
SOON_SECONDS = 0.3
RECORDS_SIZE = "24m"


def nothing(_: Stage) -> None:
    """Leave everything as it is."""


def kill_worker(stage: Stage) -> None:
    stage.workers.kill(stage.workers.current)


def kill_worker_soon(stage: Stage) -> None:
    """Kill it while it is at work, not while it waits for an answer."""
    worker = stage.workers.current
    seconds = random.uniform(0.0, SOON_SECONDS)  # noqa: S311 - no secret
    threading.Timer(seconds, stage.workers.kill, (worker,)).start()


def own_clock_back(stage: Stage) -> None:
    """The worker's clock, while it works."""
    stage.workers.set_clock_back()


def kill_store(stage: Stage) -> None:
    stage.kill_store()


def restart_store(stage: Stage) -> None:
    """Dead, and back before anybody asks again."""
    stage.kill_store()
    stage.start_store()


def run_program(stage: Stage) -> None:
    stage.run_program()


def kill_program(stage: Stage) -> None:
    stage.kill_program()


def restart_program(stage: Stage) -> None:
    """Dead, and back with none of the tokens that it had issued."""
    stage.kill_program()
    stage.run_program()


def revoke(stage: Stage) -> None:
    """The person disconnects the app."""
    stage.account.emulator.revoke()


def authorize(stage: Stage) -> None:
    """The person consents again; the app gets a refresh token of the same name."""
    consent = stage.account.emulator._service.consent
    vars(consent)["_refresh"][DEMO_REFRESH_TOKEN] = READ_SCOPES


def expire_tokens(stage: Stage) -> None:
    stage.account.emulator.expire_access_tokens()


def untick(stage: Stage) -> None:
    """The person allows no activity any more, from the next refresh on."""
    stage.account.emulator.untick(ACTIVITY)


def untick_now(stage: Stage) -> None:
    """The same at once."""
    untick(stage)
    expire_tokens(stage)


def tick_again(stage: Stage) -> None:
    stage.account.emulator._service.consent.unticked.clear()
    stage.account.emulator.expire_access_tokens()


def an_hour_back(stage: Stage) -> None:
    """The provider's clock."""
    stage.off = timedelta(hours=-1)


def an_hour_later(stage: Stage) -> None:
    """For the provider as well."""
    stage.off = timedelta(hours=1)


def two_hours_on(stage: Stage) -> None:
    """The provider's clock; access tokens live an hour."""
    stage.off = timedelta(hours=2)


def small_disk(stage: Stage) -> None:
    """DATA_DIR on a file system of its own, of half a megabyte."""
    small = stage.home.parent / "small"
    small.mkdir()
    _mount(stage, small, "512k")
    for path in stage.data.iterdir():
        (small / path.name).write_bytes(path.read_bytes())
        (small / path.name).chmod(path.stat().st_mode)
    stage.variables["DATA_DIR"] = str(small)


def fill_disk(stage: Stage) -> None:
    """Not a byte is left."""
    _fill(stage.data)


def empty_disk(stage: Stage) -> None:
    (stage.data / BALLAST).unlink()


def small_records(stage: Stage) -> None:
    """Dagster's own records on a file system of their own, of some megabytes."""
    records = stage.home / ".dagster_home"
    kept = stage.home / "kept"
    shutil.copytree(records, kept)
    _mount(stage, records, RECORDS_SIZE)
    shutil.copytree(kept, records, dirs_exist_ok=True)


def fill_records(stage: Stage) -> None:
    """Not a byte is left for what Dagster remembers."""
    _fill(stage.home / ".dagster_home")


def empty_records(stage: Stage) -> None:
    (stage.home / ".dagster_home" / BALLAST).unlink()


def read_only_disk(stage: Stage) -> None:
    """The file system is read-only, as after an error of the disk."""
    small_disk(stage)
    _remount(stage, "ro")


def writable_disk(stage: Stage) -> None:
    _remount(stage, "rw")


def _mount(stage: Stage, place: Path, size: str) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a small file system")
    stage.cleanup.callback(subprocess.run, ["umount", "--lazy", str(place)], check=True)


def _fill(place: Path) -> None:
    with suppress(OSError), (place / BALLAST).open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(4096))


def _remount(stage: Stage, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(stage.data)], check=True)
