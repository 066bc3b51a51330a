"""A machine for compose's services without an engine: one network of their own, a container each.

Each service runs as a process with the command line, the paths, the ports, the environment, the
user and the read-only root of ``compose.yaml``. The services' names all mean 127.0.0.1 of a network
namespace, so nothing has to be rewritten and no port of this machine is used.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from syncbit_dagster_tests.deploy import container, files
from syncbit_dagster_tests.waiting import HANGS_SECONDS, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_CLONE_NEWNET = 0x40000000
_LOOPBACK_UP = """
import fcntl, socket, struct, sys
with socket.socket() as one:
    fcntl.ioctl(one, 0x8914, struct.pack("16sh", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
print("ready", flush=True)
sys.stdin.read()
"""
OURS = 10001
T = TypeVar("T")


def require_namespaces() -> None:
    """Skip where the kernel or the user's rights do not allow containers."""
    tools = [tool for tool in ("unshare", "nsenter", "setpriv") if not shutil.which(tool)]
    if os.geteuid() != 0 or tools:
        pytest.skip(f"containers need root and util-linux; missing: {tools or 'root'}")
    tried = subprocess.run(["unshare", "--net", "--mount", "true"], check=False)
    if tried.returncode:
        pytest.skip("this kernel allows no namespaces")


class Machine:
    """A network namespace and the containers in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._hosts = directory / "hosts"
        names = " ".join(files.compose()["services"])
        self._hosts.write_text(f"127.0.0.1 localhost {names}\n")
        self._holder = subprocess.Popen(
            ["unshare", "--net", "--kill-child", sys.executable, "-c", _LOOPBACK_UP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"ready\n"
        self._network = f"/proc/{self._holder.pid}/ns/net"
        self._threads = ThreadPoolExecutor(1, initializer=self._join)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._described: dict[str, dict[str, Any]] = {}

    def define(
        self,
        name: str,
        *,
        binds: Sequence[tuple[Path, str, bool]] = (),
        user: int = OURS,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        """Say what a service is; ``binds`` are source, target and whether it may write there."""
        description = files.service(name)
        own_root = self.directory / f"root-{name}"
        own_root.mkdir()
        system = [(path, path, False) for path in _host_python()]
        self._described[name] = {
            "root": str(own_root),
            "binds": [
                *system,
                (str(self._hosts), "/etc/hosts", False),
                *((str(source), target, may_write) for source, target, may_write in binds),
            ],
            "scratch": [one.split(":")[0] for one in description["tmpfs"]],
            "user": user,
            "environment": {
                **files.image_environment(),
                "PATH": "/opt/syncbit/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                **description.get("environment", {}),
                **(environment or {}),
            },
            "directory": "/",
            "command": list(command or description["command"]),
        }

    def start(self, name: str) -> None:
        """Start a service."""
        with self.log(name).open("ab") as log:
            self._processes[name] = self._run(self._described[name], stdout=log, stderr=log)

    def spawn(self, name: str, command: Sequence[str]) -> subprocess.Popen[str]:
        """Start a command in a container like the service's, as ``docker compose run`` does."""
        return self._run(
            {**self._described[name], "command": list(command)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, name: str, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """The same, to its end."""
        with self.spawn(name, command) as process:
            out, _ = process.communicate(timeout=HANGS_SECONDS)
        return subprocess.CompletedProcess(command, process.returncode, out)

    def wait_until_healthy(self, name: str, port: int | None = None) -> None:
        """Return when the health check succeeds; look at the port first, which costs nothing."""

        def healthy() -> bool | None:
            log = self.log(name).read_text()[-3000:]
            assert self._processes[name].poll() is None, f"{name} ended:\n{log}"
            if port is not None and not self.call(lambda: _listens(port)):
                return None
            return self.run(name, files.probe(name)).returncode == 0 or None

        wait_for(healthy, HANGS_SECONDS, f"the health of {name}")

    def call(self, function: Callable[[], T]) -> T:
        """Run a function of the test inside of the network."""
        return self._threads.submit(function).result()

    def log(self, name: str) -> Path:
        """What a service said."""
        return self.directory / f"{name}.log"

    def process(self, name: str) -> int:
        """The first process of a service, as the machine outside sees it."""
        return first_process(self._processes[name])

    def stop(self, name: str) -> None:
        """End a service at once."""
        end(self._processes.pop(name))

    def close(self) -> None:
        """End everything."""
        for name in list(self._processes):
            self.stop(name)
        self._threads.shutdown()
        assert self._holder.stdin is not None
        self._holder.stdin.close()
        assert self._holder.stdout is not None
        self._holder.stdout.close()
        self._holder.kill()
        self._holder.wait()

    def _run(self, description: dict[str, Any], **streams: Any) -> subprocess.Popen[Any]:
        command = ["nsenter", f"--net={self._network}", "unshare", "--mount", "--pid", "--fork"]
        command += [sys.executable, container.__file__, json.dumps(description)]
        return subprocess.Popen(command, **streams)

    def _join(self) -> None:
        """Move the calling thread into the network."""
        libc = ctypes.CDLL(None, use_errno=True)
        with Path(self._network).open() as network:
            assert libc.setns(network.fileno(), _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def first_process(outer: subprocess.Popen[Any]) -> int:
    """The process that is number 1 inside of a container, as the machine outside counts."""
    children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()
    return int(children[0])


def end(outer: subprocess.Popen[Any]) -> None:
    """End a container at once: its first process, and so all of them."""
    if outer.poll() is None:
        # A process that became another user does not end with its parent.
        with suppress(FileNotFoundError, IndexError, ProcessLookupError):
            os.kill(first_process(outer), signal.SIGKILL)
    outer.wait()
    for stream in (outer.stdin, outer.stdout):
        if stream is not None:
            stream.close()


def _host_python() -> list[str]:
    """What the programs of the project's environment need, beside the system's own."""
    return sorted({sys.base_prefix, sys.prefix, str(files.ROOT / "syncbit_dagster")})


@contextmanager
def machine(directory: Path) -> Iterator[Machine]:
    """A machine that is gone at the end of the block, with all that runs on it."""
    require_namespaces()
    created = Machine(directory)
    try:
        yield created
    finally:
        created.close()
