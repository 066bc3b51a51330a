"""Real VictoriaMetrics processes for tests: started, killed, started again on the same data."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
import requests

from syncbit_dagster.core.samples import encode_labels
from syncbit_dagster_tests.waiting import HANGS_SECONDS, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Where `make victoria-metrics` unpacks the newest one that Debian has.
_NEWEST = Path(__file__).parents[1] / ".tools" / "victoria-metrics" / "sid" / "usr" / "bin"
FOREVER = ("-retentionPeriod=100y",)


def find_binary(name: str = "victoria-metrics") -> Path:
    """The program, from VICTORIA_METRICS_BIN, ``.tools`` or the PATH; without it, skip the test.

    ``name`` may be a sibling of the server, as ``vmauth``. With SYNCBIT_REQUIRE_VICTORIAMETRICS=1
    a missing program fails the test instead.
    """
    candidates = [
        Path(chosen).with_name(name)
        if (chosen := os.environ.get("VICTORIA_METRICS_BIN"))
        else None,
        _NEWEST / name,
        Path(found) if (found := shutil.which(name)) else None,
    ]
    for candidate in candidates:
        if candidate is not None and candidate.is_file():
            return candidate
    reason = f"no {name}: run `make victoria-metrics`, or set VICTORIA_METRICS_BIN"
    if os.environ.get("SYNCBIT_REQUIRE_VICTORIAMETRICS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Server:
    """A program that listens on one port of 127.0.0.1, and can die and come back there."""

    def __init__(
        self, command: Sequence[str], port: int, log: Path, *, scheme: str = "http"
    ) -> None:
        self.port = port
        self.url = f"{scheme}://127.0.0.1:{port}"
        self._command = list(command)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The running process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and return when it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        started = self._process

        def answers() -> bool | None:
            assert started.poll() is None, self._log.read_text()[-2000:]
            return self._answers() or None

        wait_for(answers, HANGS_SECONDS, f"the start of {self._command[0]}", pause=0.01)

    def stop(self) -> None:
        """End it as an administrator would: everything it accepted is on disk."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port)):
                if self.url.startswith("https"):
                    return True
            return requests.get(f"{self.url}/health", timeout=HANGS_SECONDS).ok
        except (OSError, requests.RequestException):
            return False


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """The server, started; killed at the end of the block."""
    server.start()
    try:
        yield server
    finally:
        server.kill()


def victoria_metrics(
    directory: Path, *, flags: Sequence[str] = FOREVER, scheme: str = "http"
) -> Server:
    """A VictoriaMetrics with its data in ``directory``, not started yet."""
    directory.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [
        str(find_binary()),
        f"-storageDataPath={directory / 'data'}",
        f"-httpListenAddr=127.0.0.1:{port}",
        *flags,
    ]
    return Server(command, port, directory / "log", scheme=scheme)


def contents(url: str, selector: str = '{__name__!=""}') -> Counter[tuple[str, str, int, float]]:
    """Every sample a server holds, of all times and accounts, counted: read past the store."""
    requests.get(f"{url}/internal/force_flush", timeout=30).raise_for_status()
    answer = requests.get(
        f"{url}/api/v1/export",
        params={"match[]": selector, "start": "0", "end": "4000000000"},
        timeout=60,
    )
    answer.raise_for_status()
    found: Counter[tuple[str, str, int, float]] = Counter()
    for line in answer.content.splitlines():
        document = orjson.loads(line)
        metric = document["metric"].pop("__name__")
        labels = encode_labels(document["metric"])
        found.update(
            (metric, labels, instant, float(value))
            for instant, value in zip(document["timestamps"], document["values"], strict=True)
        )
    return found
