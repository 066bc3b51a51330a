"""The page's lines for Kubernetes, on a cluster: authorization in a pod, and a run as a job.

It writes to the cluster that kubectl points to, into the namespace ``syncbit``, and deletes that
at the end. The images that the manifests name have to be there, Helm has to know Dagster's chart,
and VictoriaMetrics' volume needs a default storage class or a volume that is free.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import requests
import yaml

from syncbit_dagster.emulator.google_health.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from syncbit_dagster_tests import shell
from syncbit_dagster_tests.deploy import files
from syncbit_dagster_tests.deploy.engine import EMULATOR, FOLLOW, SERVE_TO_ALL
from syncbit_dagster_tests.documentation.pages import DOCS, SHELLS, blocks, commands
from syncbit_dagster_tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncbit_dagster_tests.deploy.manifests import Manifest

pytestmark = pytest.mark.skipif(
    os.environ.get("SYNCBIT_CLUSTER") != "1",
    reason="writes to the cluster that kubectl points to: SYNCBIT_CLUSTER=1",
)
APPLY, UPGRADE, AUTHORIZE = (
    line
    for block in blocks(DOCS / "deploy.md", *SHELLS)
    for line in commands(block)
    if line.startswith(("kubectl", "helm"))
)
PORT_FORWARD = "kubectl -n syncbit port-forward svc/dagster-dagster-webserver 3000"
DEPLOYMENTS = ("dagster-daemon", "dagster-dagster-webserver", "vmalert")
CODE = "dagster-dagster-user-deployments-syncbit"
OURS = "deploy/kubernetes/syncbit"
PASSWORD = "a-password"


class Cluster:
    """A copy of the manifests, filled in, and the cluster that the lines are sent to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, line: str, standard_input: str | None = None, seconds: float = 120) -> str:
        return shell.run(
            line, self._folder, os.environ, seconds=seconds, standard_input=standard_input
        )

    def fill_in(self) -> None:
        """What the page leaves to its reader, with the emulator as the provider."""
        shutil.copytree(files.ROOT / "deploy", self._folder / "deploy")
        secrets = (self._folder / OURS / "secrets.example.yaml").read_text()
        for dots, given in (
            ("...apps.googleusercontent.com", DEMO_CLIENT_ID),
            ('google_client_secret: "..."', f"google_client_secret: {DEMO_CLIENT_SECRET}"),
            ("//syncbit:...@", f"//dagster:{PASSWORD}@"),
            ('postgresql-password: "..."', f"postgresql-password: {PASSWORD}"),
        ):
            assert dots in secrets
            secrets = secrets.replace(dots, given)
        self.run("kubectl create namespace syncbit")
        self.run("kubectl apply -f -", secrets)
        path = self._folder / OURS / "settings.yaml"
        settings = yaml.safe_load(path.read_text())
        settings["data"] |= {
            "GOOGLE_HEALTH_URL": EMULATOR,
            "GOOGLE_AUTHORIZE_URL": f"{EMULATOR}/o/oauth2/v2/auth",
            "GOOGLE_TOKEN_URL": f"{EMULATOR}/token",
            "OAUTHLIB_INSECURE_TRANSPORT": "1",
            "SYNCBIT_TIMEZONE": "Europe/Berlin",
            "BACKFILL_START_DATE": (datetime.now(UTC).date() - timedelta(days=3)).isoformat(),
        }
        path.write_text(yaml.safe_dump(settings))

    def put_beside(self) -> None:
        """The database and the provider."""
        beside = (files.ROOT / "syncbit_dagster_tests/deploy/beside.yaml").read_text()
        self.run("kubectl apply -f -", beside.replace("SERVE_TO_ALL", json.dumps(SERVE_TO_ALL)))
        self.run("kubectl -n syncbit wait --for=condition=Ready pod/postgresql pod/emulator")
        create = "kubectl -n syncbit exec postgresql -- createdb --host /var/run/postgresql"
        line = f"{create} --username dagster syncbit"
        wait_for(lambda: self._succeeds(line), 60, "PostgreSQL")

    def _succeeds(self, line: str) -> str | None:
        try:
            return self.run(line)
        except AssertionError:
            return None

    def rolled_out(self, *names: str) -> None:
        for name in names:
            self.run(f"kubectl -n syncbit rollout status --timeout=300s {name}", seconds=320)

    def objects(self, kinds: str) -> list[Manifest]:
        """All objects of these kinds, whole."""
        found: list[Manifest] = json.loads(self.run(f"kubectl -n syncbit get {kinds} -o json"))[
            "items"
        ]
        return found

    def generations(self) -> dict[str, int]:
        """How often what the cluster runs was changed, by name."""
        return {
            one["metadata"]["name"]: one["metadata"]["generation"]
            for one in self.objects("deployments,statefulsets")
        }


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """After the page's first two lines."""
    one = Cluster(tmp_path_factory.mktemp("cluster"))
    one.fill_in()
    try:
        one.put_beside()
        one.run(APPLY)
        one.run(UPGRADE, seconds=300)
        yield one
    finally:
        one.run("helm uninstall dagster --namespace syncbit --ignore-not-found")
        one.run("kubectl delete namespace syncbit --timeout=240s", seconds=300)


@pytest.fixture(scope="module")
def authorized(cluster: Cluster) -> str:
    """What `authorize` says in the code location's pod, the answer pasted."""
    cluster.rolled_out(f"deploy/{CODE}")
    with shell.start(
        AUTHORIZE.replace("-it", "-i"), files.ROOT, os.environ, is_spoken_with=True
    ) as process:
        assert process.stdout is not None
        url = next(text.strip() for text in process.stdout if text.startswith(f"  {EMULATOR}"))
        follow = f"kubectl -n syncbit exec emulator -- python -c '{FOLLOW}' '{url}'"
        said, _ = process.communicate(cluster.run(follow), timeout=120)
    assert process.returncode == 0, said
    return said


def test_everything_gets_ready(cluster: Cluster) -> None:
    cluster.rolled_out(*(f"deploy/{name}" for name in (*DEPLOYMENTS, CODE)))
    cluster.rolled_out("statefulset/victoriametrics")


def test_a_second_time_changes_nothing(cluster: Cluster) -> None:
    before = cluster.generations()
    assert before
    cluster.run(APPLY)
    assert "REVISION: 2" in cluster.run(UPGRADE, seconds=300)
    assert cluster.generations() == before


def test_authorize_works_in_a_pod(authorized: str) -> None:
    assert "Authorized." in authorized
    assert "Time zone: Europe/Berlin" in authorized


@pytest.mark.usefixtures("authorized")
def test_a_run_is_a_job_and_reaches_the_store(cluster: Cluster) -> None:
    def ended() -> set[str] | None:
        jobs = cluster.objects("jobs")
        return {one["type"] for job in jobs for one in job["status"].get("conditions", ())} or None

    assert wait_for(ended, 600, "the first run's job") == {"Complete"}
    path = "/api/v1/namespaces/syncbit/services/victoriametrics:8428/proxy/api/v1/export"
    line = f"kubectl get --raw '{path}?match[]=fitbit_steps_total'"
    assert len(json.loads(cluster.run(line))["values"]) >= 3


@pytest.mark.usefixtures("authorized")
def test_the_token_is_in_the_database(cluster: Cluster) -> None:
    psql = "kubectl -n syncbit exec postgresql -- psql --host /var/run/postgresql"
    query = "select count(*) from syncbit_state where subject = 'token'"
    line = f'{psql} --username dagster --tuples-only --command "{query}" syncbit'
    assert cluster.run(line).split() == ["1"]


def test_the_ui_answers_behind_the_cluster_s_login(cluster: Cluster) -> None:
    assert f"`{PORT_FORWARD}`" in (DOCS / "deploy.md").read_text()
    cluster.rolled_out("deploy/dagster-dagster-webserver")
    with shell.start(
        f"{PORT_FORWARD.removesuffix('3000')}:3000", files.ROOT, os.environ
    ) as process:
        assert process.stdout is not None
        port = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert port
        try:
            answer = requests.get(f"http://127.0.0.1:{port[1]}/server_info", timeout=30)
        finally:
            process.terminate()
    assert "dagster_webserver_version" in answer.json()


def test_processes_have_no_rights_and_a_root_that_cannot_be_written(cluster: Cluster) -> None:
    look = "cat /proc/1/status; touch /probe 2>/dev/null && echo written || true"
    for name in (*DEPLOYMENTS, CODE):
        said = cluster.run(f"kubectl -n syncbit exec deploy/{name} -- sh -c '{look}'")
        found = dict(line.split(":\t", 1) for line in said.splitlines() if ":\t" in line)
        assert {found[one] for one in ("CapEff", "CapPrm", "CapBnd")} == {"0" * 16}, name
        assert found["NoNewPrivs"] == "1", name
        assert "written" not in said, name
