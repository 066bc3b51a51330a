"""Containers without an engine: a network namespace, and processes in it with their own root."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from syncbit_dagster_tests.deploy import container, files

if TYPE_CHECKING:
    from collections.abc import Callable

_CLONE_NEWNET = 0x40000000
_LOOPBACK_UP = "ip link set lo up && echo ready && exec cat"
OURS = 10001
T = TypeVar("T")


def require_namespaces() -> None:
    """Skip where the kernel or the user's rights do not allow containers."""
    tools = [tool for tool in ("ip", "unshare", "nsenter", "setpriv") if not shutil.which(tool)]
    if os.geteuid() != 0 or tools:
        pytest.skip(f"containers need root and util-linux; missing: {tools or 'root'}")
    if subprocess.run(["unshare", "--net", "--mount", "true"], check=False).returncode:
        pytest.skip("this kernel allows no namespaces")


class Network:
    """A network namespace of its own, in which 127.0.0.1 is its own, too."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen(
            ["unshare", "--net", "--kill-child", "sh", "-c", _LOOPBACK_UP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"ready\n"
        self._path = f"/proc/{self._holder.pid}/ns/net"
        self._threads = ThreadPoolExecutor(1, initializer=self._join)

    def start(self, description: dict[str, Any], **streams: Any) -> subprocess.Popen[Any]:
        """Start a container (see ``container.py``)."""
        command = ["nsenter", f"--net={self._path}", "unshare", "--mount", "--pid", "--fork"]
        command += [sys.executable, container.__file__, json.dumps(description)]
        return subprocess.Popen(command, **streams)

    def call(self, function: Callable[[], T]) -> T:
        """Run a function of the test inside."""
        return self._threads.submit(function).result()

    def close(self) -> None:
        """End it; whatever runs inside has to be ended before."""
        self._threads.shutdown()
        self._holder.kill()
        self._holder.communicate()

    def _join(self) -> None:
        """Move the calling thread into the network."""
        libc = ctypes.CDLL(None, use_errno=True)
        with Path(self._path).open() as network:
            assert libc.setns(network.fileno(), _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())


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
