"""Compose itself, without an engine: what it reads in ``compose.yaml``, and what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from syncbit_dagster_tests.deploy import files

COMPOSE = Path(sys.executable).with_name("docker-compose")
COPIED = ("image", "command", "read_only", "cap_drop", "security_opt", "tmpfs", "user", "init")


def config(*more: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """What `docker compose config` prints, with further files and variables."""
    given = [word for path in more for word in ("--file", str(path))]
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [
            COMPOSE,
            "--env-file",
            os.devnull,
            "--file",
            files.ROOT / "compose.yaml",
            *given,
            "config",
        ],
        env=clean | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def read(**variables: str) -> dict[str, Any]:
    done = config(**variables)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = yaml.safe_load(done.stdout)
    return found


@pytest.fixture(scope="module")
def understood() -> dict[str, Any]:
    return read()


def test_nothing_is_read_otherwise_than_written(understood: dict[str, Any]) -> None:
    written = files.compose()
    assert understood["name"] == written["name"]
    for section in ("services", "networks", "volumes", "secrets"):
        assert set(understood[section]) == set(written[section])
    for name, service in understood["services"].items():
        for key in COPIED:
            assert service.get(key) == files.service(name).get(key), (name, key)
        assert set(service["networks"]) == set(files.service(name)["networks"])


def test_health_checks_are_the_ones_that_are_tried(understood: dict[str, Any]) -> None:
    for name, service in understood["services"].items():
        assert service["healthcheck"]["test"] == files.service(name)["healthcheck"]["test"]


def test_ports_are_this_machines_until_the_variable_says_otherwise(
    understood: dict[str, Any],
) -> None:
    def published(model: dict[str, Any]) -> dict[str, str]:
        services = model["services"].items()
        return {name: one["ports"][0]["host_ip"] for name, one in services if "ports" in one}

    assert published(understood) == {"proxy": "127.0.0.1", "grafana": "127.0.0.1"}
    assert set(published(read(SYNCBIT_BIND="0.0.0.0")).values()) == {"0.0.0.0"}  # noqa: S104


def test_settings_reach_the_code_location() -> None:
    environment = read(SYNCBIT_TIMEZONE="Europe/Berlin")["services"]["code"]["environment"]
    assert environment["SYNCBIT_TIMEZONE"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("mistake", "sentence"),
    [
        ("services: {code: {read-only: true}}", "read-only"),
        ("services: {code: {depends_on: [postgress]}}", "postgress"),
        ("services: {code: {secrets: [password]}}", "undefined secret"),
        ("services: {code: {networks: [inside]}}", "undefined network"),
    ],
)
def test_a_mistake_is_refused(tmp_path: Path, mistake: str, sentence: str) -> None:
    more = tmp_path / "more.yaml"
    more.write_text(mistake)
    done = config(more)
    assert done.returncode != 0
    assert sentence in done.stderr
