"""A real PostgreSQL for tests: a throw-away cluster on a free loopback port."""

from __future__ import annotations

import itertools
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from syncbit_dagster_tests.victoriametrics import free_port
from syncbit_dagster_tests.waiting import HANGS_SECONDS, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_databases = itertools.count()


def find_binaries() -> Path:
    """The folder of ``initdb`` and ``postgres``; without it, skip the test."""
    found = shutil.which("postgres")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    candidates = [*([Path(found)] if found else []), *reversed(installed)]
    for candidate in candidates:
        if candidate.is_file() and (candidate.parent / "initdb").is_file():
            return candidate.parent
    pytest.skip("no PostgreSQL: install Debian's postgresql package")


@contextmanager
def running_postgresql() -> Iterator[Callable[[], str]]:
    """A cluster with a password; gives a function that makes a database and returns its URL."""
    binaries = find_binaries()
    directory = Path(tempfile.mkdtemp(prefix="syncbit-postgresql-"))
    password, port = secrets.token_hex(16), free_port()
    try:
        (directory / "password").write_text(password)
        run_as = _unprivileged(directory)
        initdb: list[str | Path] = [binaries / "initdb", "--pgdata", directory / "data"]
        initdb += ["--username", "syncbit", "--pwfile", directory / "password", "--no-sync"]
        initdb += ["--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"]
        subprocess.run(
            [*run_as, *initdb],
            check=True,
            capture_output=True,
            cwd=directory,
        )
        options = {"listen_addresses": "127.0.0.1", "port": port, "fsync": "off"}
        options["unix_socket_directories"] = ""
        settings = [f"--{name}={value}" for name, value in options.items()]
        with (directory / "log").open("wb") as log:
            server = subprocess.Popen(
                [*run_as, binaries / "postgres", "-D", directory / "data", *settings],
                cwd=directory,
                stdout=log,
                stderr=log,
            )
        base = f"postgresql://syncbit:{password}@127.0.0.1:{port}"
        try:
            wait_for(lambda: _answers(f"{base}/postgres"), HANGS_SECONDS, "PostgreSQL", pause=0.05)
            yield lambda: _new_database(base)
        finally:
            server.terminate()
            server.wait()
    finally:
        shutil.rmtree(directory)


def end_all_connections(url: str) -> None:
    """End those to a database, as a server does that starts again."""
    others = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    _execute(url, others)


def _unprivileged(directory: Path) -> list[str]:
    """How to run a program as somebody who may: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        pytest.skip("PostgreSQL does not run as root, and there is no setpriv to be somebody else")
    user = pwd.getpwnam("nobody")
    for path in (directory, *directory.iterdir()):
        os.chown(path, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _answers(url: str) -> bool | None:
    try:
        _execute(url, "SELECT 1")
    except Exception:  # noqa: BLE001 - whatever a server that starts answers
        return None
    return True


def _new_database(base: str) -> str:
    name = f"syncbit_{next(_databases)}"
    _execute(f"{base}/postgres", f"CREATE DATABASE {name}")
    return f"{base}/{name}"


def _execute(url: str, statement: str) -> None:
    engine = create_engine(
        url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()
