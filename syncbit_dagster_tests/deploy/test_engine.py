"""compose.yaml in Docker itself: `make up`, then everything that the page says of it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
import requests

from syncbit_dagster_tests import shell
from syncbit_dagster_tests.deploy import files
from syncbit_dagster_tests.deploy.engine import (
    EMULATOR,
    FOLLOW,
    SECRETS,
    Project,
    copy_of_the_project,
    running_project,
)
from syncbit_dagster_tests.waiting import HANGS_SECONDS, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

in_docker = pytest.mark.skipif(
    os.environ.get("SYNCBIT_SOAK") != "1", reason="takes minutes, and Docker: SYNCBIT_SOAK=1"
)
SERVICES = sorted(files.compose()["services"])
LOOK = "cat /proc/1/status; touch /probe 2>/dev/null && echo written || true"
RUNS = "{ runsOrError { ... on Runs { results { status } } } }"


def test_make_up_makes_secrets_and_asks_docker_for_the_services(tmp_path: Path) -> None:
    """Before Docker gets its turn: here it is a program that writes down what it is asked for."""
    copy_of_the_project(tmp_path / "project")
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\necho "$@" >>calls\n')
    docker.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    passwords = []
    for _ in range(2):
        said = shell.run("make up", tmp_path / "project", environment, seconds=HANGS_SECONDS)
        passwords.append((tmp_path / "project" / SECRETS / "ui_password").read_text())
    assert "Put your client into google_client_id and google_client_secret." in said
    assert passwords[0] == passwords[1]
    calls = (tmp_path / "project" / "calls").read_text()
    assert calls == "compose up --detach --build\n" * 2


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with running_project(tmp_path_factory.mktemp("engine") / "project") as one:
        yield one


@pytest.fixture(scope="module")
def authorized(project: Project) -> str:
    """What `authorize` says in a container of its own, the answer pasted."""
    line = "docker compose run --rm code syncbit authorize --no-browser"
    with project.start(line.replace("--rm", "--rm --no-TTY")) as process:
        assert process.stdout is not None
        url = next(text.strip() for text in process.stdout if text.startswith(f"  {EMULATOR}"))
        follow = f"docker compose exec --no-TTY emulator python -c '{FOLLOW}' '{url}'"
        said, _ = process.communicate(project.run(follow))
    assert process.returncode == 0, said
    project.run("docker compose restart code")
    return said


def ask(project: Project, password: str) -> requests.Response:
    """A GraphQL request to the published port."""
    address = project.run("docker compose port proxy 8080").strip()
    url, user = f"http://{address}/graphql", ("syncbit", password)
    return requests.post(url, json={"query": RUNS}, auth=user, timeout=HANGS_SECONDS)


@in_docker
def test_make_up_brings_all_services_to_health(project: Project) -> None:
    def healthy() -> list[str] | None:
        lines = project.run("docker compose ps --format json").splitlines()
        health = {one["Service"]: one["Health"] for one in map(json.loads, lines)}
        found = [name for name in SERVICES if health.get(name) == "healthy"]
        return found if found == SERVICES else None

    assert wait_for(healthy, HANGS_SECONDS, "the health of all services")


@in_docker
def test_authorize_works_in_a_container(authorized: str) -> None:
    assert "Authorized." in authorized
    assert "Time zone: Europe/Berlin" in authorized


@in_docker
@pytest.mark.usefixtures("authorized")
def test_a_run_of_the_history_reaches_the_store_by_itself(project: Project) -> None:
    password = project.run(f"cat {SECRETS}/ui_password").strip()

    def ended() -> set[str] | None:
        runs = ask(project, password).json()["data"]["runsOrError"]["results"]
        return {run["status"] for run in runs} & {"SUCCESS", "FAILURE"} or None

    assert wait_for(ended, HANGS_SECONDS, "the first run") == {"SUCCESS"}
    query = "http://127.0.0.1:8428/api/v1/export?match[]=fitbit_steps_total"
    line = f"docker compose exec --no-TTY victoriametrics wget -q -O - '{query}'"
    assert len(json.loads(project.run(line))["values"]) >= 3


@in_docker
def test_who_may_do_what(project: Project) -> None:
    """A password for the UI, no rights for processes, no way out of the inner networks."""
    for password in ("", "wrong"):
        assert ask(project, password).status_code == 401
    for name in SERVICES:
        said = project.run(f"docker compose exec --no-TTY {name} sh -c '{LOOK}'")
        found = dict(line.split(":\t", 1) for line in said.splitlines() if ":\t" in line)
        assert {found[one] for one in ("CapEff", "CapPrm", "CapBnd")} == {"0" * 16}, name
        assert found["NoNewPrivs"] == "1", name
        assert "written" not in said, name
    for name in ("webserver", "daemon", "postgres", "victoriametrics"):
        networks = [f"{project.name}_{one}" for one in files.service(name)["networks"]]
        line = "docker network inspect --format '{{.Internal}}' " + " ".join(networks)
        assert set(project.run(line).split()) == {"true"}, name
    connect = 'import socket; socket.create_connection(("victoriametrics", 8428), 5)'
    line = f"docker compose exec --no-TTY webserver python -c '{connect}' 2>&1 || true"
    assert "socket.gaierror" in project.run(line)  # it does not even know the name


@in_docker
def test_dagsters_database_is_copied_as_the_page_says(project: Project) -> None:
    line = "docker compose exec postgres pg_dump --username dagster dagster"
    assert line in (files.ROOT / "docs" / "deploy.md").read_text()
    assert "CREATE TABLE public.runs" in project.run(line.replace("exec", "exec --no-TTY"))
