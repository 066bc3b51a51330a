"""Hosts without an engine: network namespaces on one bridge, each with its own mounts and name.

``servers`` has the bridge and the address 10.77.0.1; every other host has one address beside it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from syncbit_dagster_tests.deploy import container, files
from syncbit_dagster_tests.deploy.machine import (
    OURS,
    _host_python,
    end,
    require_namespaces,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

SERVERS = "10.77.0.1"
_BRIDGE = (
    "ip link set lo up",
    "ip link add bridge type bridge",
    f"ip address add {SERVERS}/24 dev bridge",
    "ip link set bridge up",
)


class Namespace:
    """A network of its own, alive until it is closed."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen(
            ["unshare", "--net", "--kill-child", "sh", "-c", "echo ready; exec cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"ready\n"
        self.pid = self._holder.pid

    @property
    def enter(self) -> list[str]:
        """What a command begins with that runs inside."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net"]

    def do(self, *lines: str) -> None:
        """Run commands inside."""
        for line in lines:
            subprocess.run([*self.enter, *line.split()], check=True, capture_output=True)

    def close(self) -> None:
        """End it."""
        self._holder.kill()
        self._holder.communicate()


class Worker:
    """A run worker on a host of its own: nothing of its disk is seen elsewhere.

    Attributes:
        name: the host's.
        data: its ``DATA_DIR``, seen from outside.
    """

    def __init__(
        self, name: str, network: Namespace, directory: Path, environment: Mapping[str, str]
    ) -> None:
        self.name = name
        root, self.data = directory / f"root-{name}", directory / f"data-{name}"
        for path in (root, self.data):
            path.mkdir()
        os.chown(self.data, OURS, OURS)
        tests = str(files.ROOT / "syncbit_dagster_tests")
        description = {
            "root": str(root),
            "binds": [
                *((path, path, False) for path in [*_host_python(), tests]),
                (str(self.data), "/data", True),
            ],
            "scratch": ["/tmp"],  # noqa: S108 - of the container
            "user": OURS,
            "environment": {
                **environment,
                "DATA_DIR": "/data",
                "PYTHONPATH": str(files.ROOT),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            "directory": "/",
            "command": [sys.executable, "-m", "syncbit_dagster_tests.hosts.worker"],
        }
        build = f'hostname {name}; exec {sys.executable} {container.__file__} "$0"'
        self._log = (directory / f"{name}.log").open("w+")
        self._process = subprocess.Popen(
            [
                *network.enter,
                *("unshare", "--mount", "--pid", "--uts", "--fork"),
                *("sh", "-c", build, json.dumps(description)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self.answer() == "ready"

    def ask(self, command: str, *arguments: Any) -> None:
        """Let it begin something."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([command, *arguments]) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """Wait for what came of it."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            raise AssertionError(f"the worker on {self.name} ended:\n{self._log.read()}")
        return json.loads(line)

    def do(self, command: str, *arguments: Any) -> Any:
        """Both."""
        self.ask(command, *arguments)
        return self.answer()

    def close(self) -> None:
        """End it."""
        end(self._process)
        self._log.close()


@contextmanager
def networks(names: Sequence[str]) -> Iterator[tuple[Namespace, list[Namespace]]]:
    """The network of the servers, and one for each other host."""
    require_namespaces()
    with ExitStack() as held:

        def new() -> Namespace:
            namespace = Namespace()
            held.callback(namespace.close)
            return namespace

        servers = new()
        servers.do(*_BRIDGE)
        hosts = []
        for number, _ in enumerate(names):
            host = new()
            servers.do(
                f"ip link add port{number} type veth peer name eth0 netns {host.pid}",
                f"ip link set port{number} master bridge up",
            )
            host.do(
                "ip link set lo up",
                f"ip address add 10.77.0.{11 + number}/24 dev eth0",
                "ip link set eth0 up",
            )
            hosts.append(host)
        yield servers, hosts
