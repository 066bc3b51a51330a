"""The services of ``compose.yaml`` on a machine of the test's own, as far as their programs exist.

Grafana and the images' own start scripts are not packaged anywhere near: they are not run.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.emulator.google_health.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from syncbit_dagster_tests import postgresql
from syncbit_dagster_tests.deploy import files
from syncbit_dagster_tests.deploy.machine import OURS, Machine, end, machine
from syncbit_dagster_tests.victoriametrics import find_binary

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = pwd.getpwnam("nobody").pw_uid  # PostgreSQL wants a user that the machine knows
START_POSTGRESQL = """
export PGDATA=/var/lib/postgresql/data
initdb --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" --auth=scram-sha-256 \
  --encoding=UTF8 --locale=C --no-sync
echo "CREATE DATABASE $POSTGRES_DB" | postgres --single postgres
exec postgres --listen_addresses=127.0.0.1 --fsync=off
"""
PORTS = {"postgres": 5432, "victoriametrics": 8428, "code": 4000, "webserver": 3000, "proxy": 8080}
EMULATOR = "http://127.0.0.1:8090"
Binds = list[tuple[Path, str, bool]]


class Stack:
    """The machine, and where its volumes and secrets lie outside."""

    def __init__(self, running: Machine) -> None:
        self.machine = running
        self.volumes = running.directory / "volumes"
        self.secrets = running.directory / "secrets"
        self.authorized = ""
        self._emulator: subprocess.Popen[str] | None = None
        self.volumes.mkdir()
        create_secrets(self.secrets)
        (self.secrets / "google_client_id").write_text(DEMO_CLIENT_ID)
        (self.secrets / "google_client_secret").write_text(DEMO_CLIENT_SECRET)

    def secret(self, name: str) -> str:
        """The content of a secret file."""
        return (self.secrets / name).read_text().strip()

    def define(self, name: str, program: Path | None = None) -> None:
        """A service with its command line; ``program`` stands in for the image's own."""
        user = int(files.service(name).get("user", f"{OURS}:").split(":")[0])
        binds: Binds = [(path, target, False) for path, target in self._given(name)]
        binds += [(path, target, True) for path, target in self._volumes(name, user)]
        environment, command = dict[str, str](), list(files.service(name)["command"])
        if program:
            # An image of one program adds it itself; one of several names it in the command.
            command = [str(program), *(command if command[0].startswith("-") else command[1:])]
            binds.append((program.parent, str(program.parent), False))
        else:
            binds.append((files.ROOT / ".venv", "/opt/syncbit", False))
        if name == "code":
            environment = at_the_emulator()
        self.machine.define(name, binds=binds, user=user, environment=environment, command=command)

    def start(self, *names: str) -> None:
        """Start services at once and wait for their health checks."""
        for name in names:
            self.machine.start(name)
        for name in names:
            self.machine.wait_until_healthy(name, PORTS.get(name))

    def define_postgresql(self) -> None:
        """The server, with what the image's start script does before it."""
        binaries = postgresql.find_binaries()
        self.machine.define(
            "postgres",
            binds=[
                *((path, target, False) for path, target in self._given("postgres")),
                *((path, target, True) for path, target in self._volumes("postgres", NOBODY)),
            ],
            user=NOBODY,
            environment={"PATH": f"{binaries}:/usr/bin:/bin"},
            command=["sh", "-ec", START_POSTGRESQL],
        )

    def start_emulator(self) -> None:
        """The provider, emulated inside of the network."""
        emulator = self.machine.spawn("code", ["syncbit", "emulator", "--port", "8090"])
        self._emulator = emulator
        assert emulator.stdout is not None
        assert "serves" in emulator.stdout.readline()

    def close(self) -> None:
        """End what is no service."""
        if self._emulator is not None:
            end(self._emulator)

    def _given(self, name: str) -> list[tuple[Path, str]]:
        """Secrets and the project's files."""
        given = [
            (self.secrets / one, f"/run/secrets/{one}")
            for one in files.service(name).get("secrets", [])
        ]
        sources = files.mounts(name).items()
        return given + [(files.ROOT / one, at) for at, one in sources if one.startswith("./")]

    def _volumes(self, name: str, user: int) -> list[tuple[Path, str]]:
        sources = files.mounts(name).items()
        return [(self._volume(one, user), at) for at, one in sources if not one.startswith("./")]

    def _volume(self, name: str, user: int) -> Path:
        path = self.volumes / name
        if not path.exists():
            path.mkdir(mode=0o700)
            os.chown(path, user, user)
        return path


def create_secrets(directory: Path) -> None:
    """Run the project's script."""
    script = files.ROOT / "scripts" / "create_secrets"
    subprocess.run([script, directory], check=True, capture_output=True)


def at_the_emulator() -> dict[str, str]:
    """What a test adds to the environment of ``code``: another provider, and a short history."""
    first = datetime.now(UTC).date() - timedelta(days=3)
    return {
        "GOOGLE_HEALTH_URL": EMULATOR,
        "GOOGLE_AUTHORIZE_URL": f"{EMULATOR}/o/oauth2/v2/auth",
        "GOOGLE_TOKEN_URL": f"{EMULATOR}/token",
        "BACKFILL_START_DATE": first.isoformat(),
        "FITBIT_USER_ID": f"user-{secrets.token_hex(4)}",
    }


def find_nginx() -> Path:
    """nginx, installed or unpacked by ``make nginx``; without it, skip the test."""
    for found in (shutil.which("nginx"), files.ROOT / ".tools" / "usr" / "sbin" / "nginx"):
        if found and Path(found).is_file():
            return Path(found)
    pytest.skip("no nginx: run `make nginx`")


@contextmanager
def stack_of(directory: Path) -> Iterator[Stack]:
    """Everything defined, nothing started."""
    with machine(directory) as running:
        stack = Stack(running)
        stack.define_postgresql()
        stack.define("victoriametrics", find_binary())
        stack.define("vmalert", find_binary("vmalert"))
        for name in ("code", "webserver", "daemon"):
            stack.define(name)
        stack.define("proxy", find_nginx())
        try:
            yield stack
        finally:
            stack.close()
