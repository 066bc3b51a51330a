"""The values for Dagster's chart, as far as they can be tried without the chart.

What it does with these values is little: it writes the launcher's part of ``dagster.yaml`` and
hands a container context to the code location. From these, Dagster itself makes the job of a run,
which is held to the schemas here. ``test_chart.py`` asks the chart itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
import yaml
from dagster._config import process_config
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster_k8s import K8sRunLauncher
from kubernetes import client  # type: ignore[import-untyped]

from syncbit_dagster_tests.deploy import files
from syncbit_dagster_tests.deploy.chart import code_location, container_context, launcher_config
from syncbit_dagster_tests.deploy.manifests import Manifest, documents, validate, values

if TYPE_CHECKING:
    from pathlib import Path

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: none
contexts: [{name: none, context: {cluster: none, user: none}}]
clusters: [{name: none, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: none, user: {}}]
"""
SCRATCH = "/tmp"  # noqa: S108 - a path inside of the container
SECRETS = {"syncbit_state_url", "google_client_id", "google_client_secret"}


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manifest:
    """The Kubernetes job that Dagster makes for a run."""
    config = tmp_path / "kubeconfig"
    config.write_text(KUBECONFIG)
    checked = process_config(K8sRunLauncher.config_type(), launcher_config())  # type: ignore[no-untyped-call]
    assert checked.success, checked.errors
    created: list[Any] = []

    def create(_: object, body: object, namespace: str, **_options: object) -> None:
        assert namespace == "syncbit"
        created.append(body)

    monkeypatch.setattr(client.BatchV1Api, "create_namespaced_job", create)
    launcher = K8sRunLauncher(
        **{**launcher_config(), "load_incluster_config": False, "kubeconfig_file": str(config)}
    )
    image = code_location()["image"]
    origin = RepositoryPythonOrigin(
        executable_path="python",
        code_pointer=ModuleCodePointer("syncbit_dagster.definitions", "defs"),
        container_image=f"{image['repository']}:{image['tag']}",
        container_context=container_context(),
    )
    with dg.DagsterInstance.ephemeral() as instance:
        launcher.register_instance(instance)
        run = dg.DagsterRun("sync", job_code_origin=JobPythonOrigin("sync", origin))
        instance.add_run(run)
        launcher._launch_k8s_job_with_args("a-run", ["dagster", "api", "execute_run"], run)
    (body,) = created
    manifest: Manifest = client.ApiClient().sanitize_for_serialization(body)
    return {"apiVersion": "batch/v1", "kind": "Job", **manifest}


def test_the_job_of_a_run_is_legal(job: Manifest) -> None:
    validate(job)


def test_a_run_has_no_more_rights_than_it_needs(job: Manifest) -> None:
    spec = job["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert set(container["resources"]) == {"requests", "limits"}


def test_a_run_gets_settings_and_secret_files(job: Manifest) -> None:
    spec = job["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    mounts = {one["mountPath"]: one for one in container["volumeMounts"]}
    secret = {path: one for path, one in mounts.items() if path.startswith("/run/secrets/")}
    assert {path.rsplit("/", 1)[1] for path in secret} == SECRETS
    assert all(one["readOnly"] and one["subPath"] for one in secret.values())
    volumes = {one["name"]: one for one in spec["volumes"]}
    assert {volumes[one["name"]]["secret"]["secretName"] for one in secret.values()} == {
        "syncbit-secrets"
    }
    assert "emptyDir" in volumes[mounts[SCRATCH]["name"]]
    assert set(mounts) - set(secret) == {SCRATCH, values()["global"]["dagsterHome"]}
    sources = [one["configMapRef"]["name"] for one in container["envFrom"]]
    assert sources == container_context()["k8s"]["env_config_maps"]
    assert sources[-1] == "syncbit-settings"
    assert container["image"] == "registry.example.com/syncbit-dagster:0.1.0"


def test_the_networks_rules_mean_the_runs(job: Manifest) -> None:
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert code_location()["labels"].items() <= labels.items()


def test_dagsters_instance_is_the_projects() -> None:
    own = yaml.safe_load((files.ROOT / "dagster.yaml").read_text())
    extra = values()["additionalInstanceConfig"]
    elsewhere = {"storage", "compute_logs", "local_artifact_storage", "telemetry", "python_logs"}
    for section in set(own) - elsewhere:
        assert extra[section] == own[section], section
    daemon = values()["dagsterDaemon"]
    for chart in ("runCoordinator", "runMonitoring", "runRetries"):
        assert daemon[chart] == {"enabled": False}  # said once
    assert values()["retention"] == {"enabled": False}
    assert values()["telemetry"] == own["telemetry"]
    logged = values()["pythonLogs"]["managedPythonLoggers"]
    assert logged == own["python_logs"]["managed_python_loggers"]


def test_dagster_takes_what_is_added(tmp_path: Path) -> None:
    written = {**values()["additionalInstanceConfig"], "telemetry": values()["telemetry"]}
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(written))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        limits = instance.get_concurrency_config()
    assert limits.run_queue_config is not None
    assert limits.run_queue_config.max_concurrent_runs == 2
    assert limits.pool_config.default_pool_limit == 1


def test_the_ui_is_reached_by_nobody_from_outside() -> None:
    assert values()["ingress"] == {"enabled": False}
    assert values()["dagsterWebserver"]["service"]["type"] == "ClusterIP"


def test_the_ui_listens_on_a_port_that_is_not_roots() -> None:
    webserver = values()["dagsterWebserver"]
    port = webserver["service"]["port"]
    assert port >= 1024
    assert webserver["readinessProbe"]["httpGet"]["port"] == port
    page = (files.ROOT / "docs" / "deploy.md").read_text()
    assert f"port-forward svc/dagster-dagster-webserver {port}`" in page


def test_the_database_is_spelled_out_and_its_password_is_a_secret() -> None:
    database = values()["postgresql"]
    assert database["postgresqlScheme"] == "postgresql+psycopg2"
    assert "postgresqlPassword" not in database
    examples = files.ROOT / "deploy" / "kubernetes" / "syncbit" / "secrets.example.yaml"
    names = {one["metadata"]["name"] for one in documents(examples.read_text())}
    assert values()["global"]["postgresqlSecretName"] in names


def test_one_version_of_dagster() -> None:
    pinned = re.search(
        r"^dagster==(\S+)$", (files.ROOT / "constraints.txt").read_text(), re.MULTILINE
    )
    text = (files.ROOT / "deploy" / "kubernetes" / "dagster-values.yaml").read_text()
    assert pinned is not None
    assert set(re.findall(r"\b1\.\d+\.\d+\b", text)) == {pinned[1]}
    assert values()["dagsterWebserver"]["image"] == values()["dagsterDaemon"]["image"]
    assert files.service("code")["image"].endswith(code_location()["image"]["tag"])
