"""PostgreSQL, VictoriaMetrics and the emulated provider in the network of the servers."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.emulator.fitbit_web.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from syncbit_dagster_tests.deploy import files
from syncbit_dagster_tests.hosts.network import SERVERS
from syncbit_dagster_tests.postgresql import find_binaries
from syncbit_dagster_tests.victoriametrics import FOREVER, find_binary
from syncbit_dagster_tests.waiting import HANGS_SECONDS, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from syncbit_dagster_tests.hosts.network import Namespace

_START_POSTGRESQL = f"""
echo hosts > password
initdb --pgdata=data --username=syncbit --pwfile=password --auth=scram-sha-256 --no-sync >&2
echo "host all all 10.77.0.0/24 scram-sha-256" >> data/pg_hba.conf
exec postgres -D data --listen_addresses={SERVERS} --unix_socket_directories= --fsync=off
"""
ENVIRONMENT = {
    "SYNCBIT_PROVIDER": "fitbit_web",
    "FITBIT_CLIENT_ID": DEMO_CLIENT_ID,
    "FITBIT_CLIENT_SECRET": DEMO_CLIENT_SECRET,
    "FITBIT_API_URL": f"http://{SERVERS}:8090",
    "FITBIT_TOKEN_URL": f"http://{SERVERS}:8090/oauth2/token",
    "SYNCBIT_STATE_URL": f"postgresql://syncbit:hosts@{SERVERS}:5432/postgres",
    "VICTORIA_ENDPOINT": f"http://{SERVERS}:8428",
    "SYNCBIT_TIMEZONE": "UTC",
    "BACKFILL_START_DATE": "2026-01-01",
    "DAGSTER_EVENT_BATCH_SIZE": "1000",  # as in the image
    # The library sends secrets over plain HTTP to the machine itself only.
    "OAUTHLIB_INSECURE_TRANSPORT": "1",
}


@dataclass(frozen=True)
class Servers:
    """What ran there, seen from outside."""

    directory: Path

    def requests(self, path: str) -> list[tuple[float, int]]:
        """Instant and status of the provider's requests whose path begins so."""
        lines = (self.directory / "provider.log").read_text().splitlines()
        told = [json.loads(line) for line in lines]
        return [(at, status) for at, asked, status in told if asked.startswith(path)]


@contextmanager
def running_servers(network: Namespace, directory: Path) -> Iterator[Servers]:
    """All three, answering."""
    directory.mkdir()
    with ExitStack() as held:

        def start(name: str, port: int, command: Sequence[str], *, cwd: Path = directory) -> None:
            log = held.enter_context((directory / f"{name}.log").open("wb"))
            process = subprocess.Popen(
                [*network.enter, *command],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env={**os.environ, "PYTHONPATH": str(files.ROOT)},
            )
            held.callback(process.wait, 30)
            held.callback(process.terminate)
            _wait_for(network, port, process, directory / f"{name}.log")

        start(
            "victoria",
            8428,
            [
                str(find_binary()),
                f"-storageDataPath={directory / 'victoria-data'}",
                f"-httpListenAddr={SERVERS}:8428",
                *FOREVER,
            ],
        )
        provider = [sys.executable, "-m", "syncbit_dagster_tests.hosts.provider", SERVERS, "8090"]
        start("provider", 8090, provider)
        # Not in pytest's folder, which only its owner may enter.
        home = Path(held.enter_context(TemporaryDirectory(prefix="syncbit-hosts-")))
        nobody = pwd.getpwnam("nobody")
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        become = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}"]
        script = f"PATH={find_binaries()}:$PATH\n{_START_POSTGRESQL}"
        start(
            "postgresql",
            5432,
            [*become, "--clear-groups", "sh", "-ec", script],
            cwd=home,
        )
        yield Servers(directory)


def _wait_for(network: Namespace, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    probe = [*network.enter, "bash", "-c", f"exec 3<>/dev/tcp/{SERVERS}/{port}"]

    def answers() -> bool | None:
        if process.poll() is not None:
            pytest.fail(f"no server on port {port}:\n{log.read_text()[-2000:]}")
        return subprocess.run(probe, check=False, capture_output=True).returncode == 0 or None

    wait_for(answers, HANGS_SECONDS, f"the server on port {port}", pause=0.05)
