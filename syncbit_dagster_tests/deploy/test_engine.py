"""compose.yaml in Docker itself: `make up`, then everything that the page says of it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
import requests

from syncbit_dagster_tests.deploy import files
from syncbit_dagster_tests.deploy.engine import EMULATOR, FOLLOW, Project, running_project
from syncbit_dagster_tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(
    os.environ.get("SYNCBIT_SOAK") != "1", reason="takes minutes, and Docker: SYNCBIT_SOAK=1"
)
SERVICES = sorted(files.compose()["services"])
INNER = ["webserver", "daemon", "postgres", "victoriametrics"]
RUNS = "{ runsOrError { ... on Runs { results { status } } } }"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with running_project(tmp_path_factory.mktemp("engine")) as one:
        yield one


@pytest.fixture(scope="module")
def authorized(project: Project) -> str:
    """What `authorize` says in a container of its own, the answer pasted."""
    line = "docker compose run --rm code syncbit authorize --no-browser"
    with project.start(line.replace("--rm", "--rm --no-TTY")) as process:
        assert process.stdout is not None
        url = next(text.strip() for text in process.stdout if text.startswith(f"  {EMULATOR}"))
        follow = f"docker compose exec --no-TTY emulator python -c '{FOLLOW}' '{url}'"
        said, _ = process.communicate(project.run(follow), timeout=120)
    assert process.returncode == 0, said
    project.run("docker compose restart code")
    return said


def address(project: Project) -> str:
    return f"http://{project.run('docker compose port proxy 8080').strip()}"


def ask(project: Project, password: str) -> requests.Response:
    """A GraphQL request to the published port."""
    user = ("syncbit", password)
    url = f"{address(project)}/graphql"
    return requests.post(url, json={"query": RUNS}, auth=user, timeout=30)


def health(project: Project) -> dict[str, str]:
    lines = project.run("docker compose ps --format json").splitlines()
    found = [json.loads(line) for line in lines]
    return {one["Service"]: one["Health"] for one in found if one["Service"] in SERVICES}


def test_make_up_brings_all_services_to_health(project: Project) -> None:
    def healthy() -> list[str] | None:
        found = health(project)
        return sorted(found) if set(found.values()) == {"healthy"} else None

    assert wait_for(healthy, 300, "the health of all services") == SERVICES


def test_authorize_works_in_a_container(authorized: str) -> None:
    assert "Authorized." in authorized
    assert "Time zone: Europe/Berlin" in authorized


def test_a_run_of_the_history_reaches_the_store_by_itself(
    project: Project, authorized: str
) -> None:
    assert authorized
    password = project.run("cat deploy/compose/secrets/ui_password").strip()

    def ended() -> set[str] | None:
        runs = ask(project, password).json()["data"]["runsOrError"]["results"]
        return {run["status"] for run in runs} & {"SUCCESS", "FAILURE"} or None

    assert wait_for(ended, 600, "the first run") == {"SUCCESS"}
    query = "http://127.0.0.1:8428/api/v1/export?match[]=fitbit_steps_total"
    line = f"docker compose exec --no-TTY victoriametrics wget -q -O - '{query}'"
    assert len(json.loads(project.run(line))["values"]) >= 3


@pytest.mark.parametrize("password", ["", "wrong"])
def test_the_ui_asks_for_a_password(project: Project, password: str) -> None:
    assert ask(project, password).status_code == 401
    assert requests.get(address(project), timeout=30).status_code == 401


@pytest.mark.parametrize("name", SERVICES)
def test_processes_have_no_rights_and_a_root_that_cannot_be_written(
    project: Project, name: str
) -> None:
    shell = "cat /proc/1/status; touch /probe 2>/dev/null && echo written || true"
    said = project.run(f"docker compose exec --no-TTY {name} sh -c '{shell}'")
    found = dict(line.split(":\t", 1) for line in said.splitlines() if ":\t" in line)
    assert {found[one] for one in ("CapEff", "CapPrm", "CapBnd")} == {"0" * 16}
    assert found["NoNewPrivs"] == "1"
    assert "written" not in said


@pytest.mark.parametrize("name", INNER)
def test_who_is_inside_does_not_get_out(project: Project, name: str) -> None:
    """The networks are internal: Docker gives them no way to another one."""
    networks = files.service(name)["networks"]
    names = " ".join(f"syncbit-test_{one}" for one in networks)
    found = project.run(f"docker network inspect --format '{{{{.Internal}}}}' {names}").split()
    assert found == ["true"] * len(networks)


def test_the_ui_cannot_reach_the_store(project: Project) -> None:
    connect = 'import socket; socket.create_connection(("victoriametrics", 8428), 5)'
    line = f"docker compose exec --no-TTY webserver python -c '{connect}' 2>&1 || true"
    assert "socket.gaierror" in project.run(line)  # it does not even know the name


def test_dagsters_database_is_copied_as_the_page_says(project: Project) -> None:
    line = "docker compose exec postgres pg_dump --username dagster dagster"
    assert line in (files.ROOT / "docs" / "deploy.md").read_text()
    dump = project.run(line.replace("exec", "exec --no-TTY"))
    assert "CREATE TABLE public.runs" in dump
