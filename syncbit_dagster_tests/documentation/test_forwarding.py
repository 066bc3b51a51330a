"""The port that `ssh -L` forwards, so that a browser elsewhere reaches `syncbit authorize`."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from syncbit_dagster_tests.documentation.pages import DOCS
from syncbit_dagster_tests.victoriametrics import free_port
from syncbit_dagster_tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE = "ssh -L 8080:localhost:8080 server"
SEPARATION = Path("/run/sshd")  # a directory that a server started by root insists on
SERVER = """
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/key.pub
PidFile none
StrictModes no
PasswordAuthentication no
"""
CLIENT = """
Host server
  HostName 127.0.0.1
  Port {port}
  User {user}
  IdentityFile {folder}/key
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known_hosts
  StrictHostKeyChecking accept-new
  ExitOnForwardFailure yes
"""


def find_sshd() -> str:
    """The server's program, which wants to be called by its whole path."""
    found = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    if not found or not shutil.which("ssh"):
        pytest.skip("no OpenSSH server: Debian's package is openssh-server")
    return found


@pytest.fixture
def separation() -> Iterator[None]:
    """What the start of an SSH service makes, and this test's server lacks."""
    if os.geteuid() != 0 or SEPARATION.is_dir():
        yield
        return
    SEPARATION.mkdir()
    yield
    SEPARATION.rmdir()


class Callback(BaseHTTPRequestHandler):
    """Answers as `authorize` does when the browser comes back."""

    timeout = 10

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def callback() -> Iterator[int]:
    """The port on which the other machine waits for the browser."""
    with HTTPServer(("127.0.0.1", 0), Callback) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def listens(port: int) -> bool | None:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0 or None


def fetched(address: str) -> str | None:
    try:
        return requests.get(address, timeout=5).text
    except requests.RequestException:
        return None


@contextmanager
def process(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL) as one:
        try:
            yield one
        finally:
            one.kill()


@pytest.mark.usefixtures("separation")
def test_a_forwarded_port_reaches_the_other_machine(tmp_path: Path, callback: int) -> None:
    assert LINE in (DOCS / "getting-started.md").read_text()
    sshd = find_sshd()
    for name in ("key", "host_key"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)]
        subprocess.run(make, check=True)
    port, local = free_port(), free_port()
    (tmp_path / "sshd_config").write_text(SERVER.format(folder=tmp_path))
    client = CLIENT.format(folder=tmp_path, port=port, user=getpass.getuser())
    (tmp_path / "ssh_config").write_text(client)
    line = LINE.replace("8080:localhost:8080", f"{local}:localhost:{callback}").split()
    here = ["-F", str(tmp_path / "ssh_config"), "-N"]  # one key, and no shell that would stay open
    with process(sshd, "-D", "-p", str(port), "-f", str(tmp_path / "sshd_config")):
        wait_for(lambda: listens(port), 20, "the SSH server")
        with process(line[0], *here, *line[1:]):
            address = f"http://localhost:{local}/callback?code=one"
            answer = wait_for(lambda: fetched(address), 20, "the forwarded port")
    assert answer == "/callback?code=one"
