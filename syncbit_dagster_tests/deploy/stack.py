"""The services of ``compose.yaml`` without an engine, as far as their programs exist.

Each service runs as a process with the command line, the paths, the ports, the environment, the
user and the read-only root of ``compose.yaml``. The services' names all mean 127.0.0.1 of a network
namespace, so nothing has to be rewritten and no port of this machine is used. Grafana and the
images' own start scripts are not packaged anywhere near: they are not run.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from syncbit_dagster.emulator.google_health.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from syncbit_dagster_tests import postgresql
from syncbit_dagster_tests.deploy import files
from syncbit_dagster_tests.deploy.machine import (
    OURS,
    Network,
    _host_python,
    end,
    first_process,
    require_namespaces,
)
from syncbit_dagster_tests.victoriametrics import find_binary
from syncbit_dagster_tests.waiting import HANGS_SECONDS, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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


class Stack:
    """The network, and where the services' volumes, secrets and logs lie outside."""

    def __init__(self, directory: Path) -> None:
        self.network = Network()
        self.volumes = directory / "volumes"
        self.authorized = ""
        self._directory = directory
        self._secrets = directory / "secrets"
        self._described: dict[str, dict[str, Any]] = {}
        self._running: dict[str, subprocess.Popen[Any]] = {}
        self.volumes.mkdir()
        names = " ".join(files.compose()["services"])
        (directory / "hosts").write_text(f"127.0.0.1 localhost {names}\n")
        create_secrets(self._secrets)
        (self._secrets / "google_client_id").write_text(DEMO_CLIENT_ID)
        (self._secrets / "google_client_secret").write_text(DEMO_CLIENT_SECRET)

    def secret(self, name: str) -> str:
        """The content of a secret file."""
        return (self._secrets / name).read_text().strip()

    def define(
        self,
        name: str,
        program: Path | None = None,
        *,
        user: int | None = None,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = (),
    ) -> None:
        """Say what a service is: as in compose; ``program`` stands in for the image's own."""
        service = files.service(name)
        user = int(service.get("user", f"{OURS}:").split(":")[0]) if user is None else user
        root = self._directory / f"root-{name}"
        root.mkdir()
        binds: list[tuple[object, str, bool]] = [(path, path, False) for path in _host_python()]
        binds.append((self._directory / "hosts", "/etc/hosts", False))
        given = service.get("secrets", [])
        binds += [(self._secrets / one, f"/run/secrets/{one}", False) for one in given]
        for at, source in files.mounts(name).items():
            is_ours = source.startswith("./")
            binds.append(
                (files.ROOT / source if is_ours else self._volume(source, user), at, not is_ours)
            )
        words = list(command or service["command"])
        if program:
            # An image of one program adds it itself; one of several names it in the command.
            words = [str(program), *(words if words[0].startswith("-") else words[1:])]
            binds.append((program.parent, str(program.parent), False))
        elif not command:
            binds.append((files.ROOT / ".venv", "/opt/syncbit", False))
        self._described[name] = {
            "root": str(root),
            "binds": [(str(source), at, may_write) for source, at, may_write in binds],
            "scratch": [one.split(":")[0] for one in service["tmpfs"]],
            "user": user,
            "environment": {
                **files.image_environment(),
                "PATH": "/opt/syncbit/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                **service.get("environment", {}),
                **(environment or {}),
            },
            "directory": "/",
            "command": words,
        }

    def start(self, *names: str) -> None:
        """Start services at once and wait for their health checks."""
        for name in names:
            with self.log(name).open("ab") as log:
                self._running[name] = self.network.start(
                    self._described[name], stdout=log, stderr=log
                )
        for name in names:
            wait_for(partial(self._is_healthy, name), HANGS_SECONDS, f"{name}'s health")

    def _is_healthy(self, name: str) -> bool | None:
        """Look at the port first, which costs nothing."""
        text = self.log(name).read_text()[-3000:]
        assert self._running[name].poll() is None, f"{name} ended:\n{text}"
        port = PORTS.get(name)
        if port is not None and not self.network.call(lambda: _listens(port)):
            return None
        return self.run(name, files.probe(name)).returncode == 0 or None

    def spawn(self, name: str, command: Sequence[str]) -> subprocess.Popen[str]:
        """Start a command in a container like the service's, as ``docker compose run`` does."""
        return self.network.start(
            {**self._described[name], "command": list(command)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, name: str, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """The same, to its end."""
        with self.spawn(name, command) as process:
            out, _ = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, out)

    def start_emulator(self) -> None:
        """The provider, emulated inside of the network."""
        emulator = self.spawn("code", ["syncbit", "emulator", "--port", "8090"])
        self._running["emulator"] = emulator
        assert emulator.stdout is not None
        assert "serves" in emulator.stdout.readline()

    def log(self, name: str) -> Path:
        """What a service said."""
        return self._directory / f"{name}.log"

    def process(self, name: str) -> int:
        """The first process of a service, as the machine outside sees it."""
        return first_process(self._running[name])

    def close(self) -> None:
        """End everything."""
        for one in self._running.values():
            end(one)
        self.network.close()

    def _volume(self, name: str, user: int) -> Path:
        path = self.volumes / name
        if not path.exists():
            path.mkdir(mode=0o700)
            os.chown(path, user, user)
        return path


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


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
    """Everything defined, nothing started; it is gone at the end of the block."""
    require_namespaces()
    postgres, nginx = postgresql.find_binaries(), find_nginx()
    stack = Stack(directory)
    try:
        path = {"PATH": f"{postgres}:/usr/bin:/bin"}
        start = ["sh", "-ec", START_POSTGRESQL]  # with what the image's start script does before
        stack.define("postgres", user=NOBODY, environment=path, command=start)
        stack.define("victoriametrics", find_binary())
        stack.define("vmalert", find_binary("vmalert"))
        stack.define("code", environment=at_the_emulator())
        stack.define("webserver")
        stack.define("daemon")
        stack.define("proxy", nginx)
        yield stack
    finally:
        stack.close()
