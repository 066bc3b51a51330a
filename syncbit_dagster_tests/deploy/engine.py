"""A copy of the project that Docker runs as ``make up`` does, beside whatever else Docker runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.emulator.google_health.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from syncbit_dagster_tests import shell
from syncbit_dagster_tests.deploy import files
from syncbit_dagster_tests.waiting import HANGS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRETS = "deploy/compose/secrets"
BESIDE_THE_CONTEXT = (
    "Makefile",
    "compose.yaml",
    "scripts",
    "deploy",
    "Dockerfile",
    ".dockerignore",
)
EMULATOR = "http://emulator:8090"
# The emulator listens on its own machine only; here it is another one's provider.
SERVE_TO_ALL = """
import syncbit_dagster.emulator.server as server
from syncbit_dagster.cli.main import main
server._HOST = "0.0.0.0"
main()
"""
# Fetches an address and prints where it wants the browser to go.
FOLLOW = """
import sys, urllib.error, urllib.request
class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None
try:
    urllib.request.build_opener(Stay).open(sys.argv[1])
except urllib.error.HTTPError as answer:
    print(answer.headers["Location"])
"""


# What a test changes: the emulator as the provider, a short history, ports that are free.
OVERRIDE = """
services:
  code:
    environment:
      GOOGLE_HEALTH_URL: {emulator}
      GOOGLE_AUTHORIZE_URL: {emulator}/o/oauth2/v2/auth
      GOOGLE_TOKEN_URL: {emulator}/token
      OAUTHLIB_INSECURE_TRANSPORT: "1"
      BACKFILL_START_DATE: "{first}"
  emulator:
    image: {image}
    command: [python, -c, {program}, emulator, --port, "8090"]
    networks: [outside]
    healthcheck: {{disable: true}}
    depends_on: [code]
  proxy: {{ports: !override ["127.0.0.1::8080"]}}
  grafana: {{ports: !override ["127.0.0.1::3000"]}}
"""


def override() -> str:
    return OVERRIDE.format(
        emulator=EMULATOR,
        first=datetime.now(UTC).date() - timedelta(days=3),
        image=files.service("code")["image"],
        program=json.dumps(SERVE_TO_ALL),
    )


def require_engine() -> None:
    """Skip where there is no Docker that could run the project."""
    for command in (["docker", "info"], ["docker", "compose", "version"]):
        if not shutil.which("docker") or subprocess.run(command, capture_output=True).returncode:
            pytest.skip(f"no Docker: `{' '.join(command)}` fails")


@dataclass(frozen=True)
class Project:
    """The copy, and the environment in which its commands are typed."""

    folder: Path
    name: str = "syncbit-test"

    @property
    def environment(self) -> dict[str, str]:
        here = {"COMPOSE_PROJECT_NAME": self.name, "COMPOSE_FILE": "compose.yaml:override.yaml"}
        if subprocess.run(["docker", "buildx", "version"], capture_output=True).returncode:
            here["DOCKER_BUILDKIT"] = "0"  # the builder that needs no plugin
        return {**os.environ, **here}

    def run(self, line: str) -> str:
        """A line in a shell; what it prints."""
        return shell.run(line, self.folder, self.environment, seconds=HANGS_SECONDS)

    def start(self, line: str) -> subprocess.Popen[str]:
        """A line that is spoken with."""
        return shell.start(line, self.folder, self.environment, is_spoken_with=True)


@contextmanager
def running_project(folder: Path) -> Iterator[Project]:
    """After `make up`; all of it is gone at the end of the block, its volumes too."""
    require_engine()
    copy_of_the_project(folder)
    (folder / "override.yaml").write_text(override())
    project = Project(folder)
    try:
        project.run("make up")
        (folder / SECRETS / "google_client_id").write_text(DEMO_CLIENT_ID)
        (folder / SECRETS / "google_client_secret").write_text(DEMO_CLIENT_SECRET)
        yield project
    finally:
        project.run("docker compose down --volumes --timeout 20")


def copy_of_the_project(folder: Path) -> None:
    """What compose and the image are made of."""
    folder.mkdir(exist_ok=True)
    rules = (files.ROOT / ".dockerignore").read_text().splitlines()
    context = [rule[1:] for rule in rules if rule.startswith("!")]
    for name in (*BESIDE_THE_CONTEXT, *context):
        source = files.ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=_not_copied)
        else:
            shutil.copy(source, folder / name)


def _not_copied(folder: str, names: list[str]) -> set[str]:
    """No secret of whoever runs the tests."""
    if Path(folder) == files.ROOT / SECRETS:
        return {name for name in names if name not in {"README.md", ".gitignore"}}
    return {name for name in names if name == "__pycache__"}
