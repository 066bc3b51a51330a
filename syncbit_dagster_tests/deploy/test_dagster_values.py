"""The values for Dagster's chart, as far as they can be tried without the chart.

What it does with these values is little: it writes the launcher's part of ``dagster.yaml`` and
hands a container context to the code location. From these, Dagster itself makes the job of a run,
which is held to the schemas here.
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
from syncbit_dagster_tests.deploy.manifests import (
    FOLDER,
    Manifest,
    code_location,
    documents,
    validate,
    values,
)

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


def snake(given: Manifest) -> Manifest:
    names = {re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower(): name for name in given}
    return {name: given[camel] for name, camel in names.items()}


def launcher_config() -> Manifest:
    """The launcher's configuration that the chart writes into ``dagster.yaml``."""
    given = values()["runLauncher"]["config"]["k8sRunLauncher"]
    return {
        **{name: value for name, value in snake(given).items() if value},
        "run_k8s_config": snake(given["runK8sConfig"]),
        "job_namespace": "syncbit",
        "service_account_name": "dagster",
        "dagster_home": values()["global"]["dagsterHome"],
        "instance_config_map": "dagster-instance",
        "postgres_password_secret": values()["global"]["postgresqlSecretName"],
    }


def container_context() -> Manifest:
    """What the chart lets the code location say of its runs."""
    given, name = code_location(), "dagster-dagster-user-deployments"
    assert given["includeConfigInLaunchedRuns"]["enabled"]
    settings = [one["name"] for one in given["envConfigMaps"]]
    return {
        "image_pull_policy": given["image"]["pullPolicy"],
        "env_config_maps": [f"{name}-{given['name']}-user-env", *settings],
        "volume_mounts": given["volumeMounts"],
        **{one: given[one] for one in ("volumes", "labels", "resources")},
        "namespace": "syncbit",
        "service_account_name": f"{name}-user-deployments",
        "run_k8s_config": {"pod_spec_config": {"automount_service_account_token": True}},
    }


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
        container_context={"k8s": container_context()},
    )
    with dg.DagsterInstance.ephemeral() as instance:
        launcher.register_instance(instance)
        run = dg.DagsterRun("sync", job_code_origin=JobPythonOrigin("sync", origin))
        instance.add_run(run)
        launcher._launch_k8s_job_with_args("a-run", ["dagster", "api", "execute_run"], run)
    (body,) = created
    manifest: Manifest = client.ApiClient().sanitize_for_serialization(body)
    return {"apiVersion": "batch/v1", "kind": "Job", **manifest}


def test_the_job_of_a_run_is_legal_and_has_no_more_rights_than_it_needs(job: Manifest) -> None:
    validate(job)
    template = job["spec"]["template"]
    (container,) = template["spec"]["containers"]
    assert template["spec"]["securityContext"]["runAsUser"] == 10001
    assert template["spec"]["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert set(container["resources"]) == {"requests", "limits"}
    assert code_location()["labels"].items() <= template["metadata"]["labels"].items()


def test_a_run_gets_settings_and_secret_files(job: Manifest) -> None:
    spec = job["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    mounts = {one["mountPath"]: one for one in container["volumeMounts"]}
    secret = {path: one for path, one in mounts.items() if path.startswith("/run/secrets/")}
    assert {path.rsplit("/", 1)[1] for path in secret} == SECRETS
    assert all(one["readOnly"] and one["subPath"] for one in secret.values())
    volumes = {one["name"]: one for one in spec["volumes"]}
    given = {volumes[one["name"]]["secret"]["secretName"] for one in secret.values()}
    assert given == {"syncbit-secrets"}
    assert "emptyDir" in volumes[mounts[SCRATCH]["name"]]
    assert set(mounts) - set(secret) == {SCRATCH, values()["global"]["dagsterHome"]}
    sources = [one["configMapRef"]["name"] for one in container["envFrom"]]
    assert sources == container_context()["env_config_maps"]
    assert sources[-1] == "syncbit-settings"


def test_dagster_takes_the_instance_which_is_the_projects(tmp_path: Path) -> None:
    own = yaml.safe_load((files.ROOT / "dagster.yaml").read_text())
    extra, daemon = values()["additionalInstanceConfig"], values()["dagsterDaemon"]
    elsewhere = {"storage", "compute_logs", "local_artifact_storage", "telemetry", "python_logs"}
    assert {name: extra[name] for name in set(own) - elsewhere} == {
        name: own[name] for name in set(own) - elsewhere
    }
    for chart in ("runCoordinator", "runMonitoring", "runRetries"):
        assert daemon[chart] == {"enabled": False}  # said once
    assert values()["retention"] == {"enabled": False}
    assert values()["telemetry"] == own["telemetry"]
    logged = values()["pythonLogs"]["managedPythonLoggers"]
    assert logged == own["python_logs"]["managed_python_loggers"]
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump({**extra, "telemetry": own["telemetry"]}))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert instance.get_concurrency_config().pool_config.default_pool_limit == 1


def test_the_ui_is_reached_by_nobody_from_outside_and_the_password_is_a_secret() -> None:
    webserver, database = values()["dagsterWebserver"], values()["postgresql"]
    port = webserver["service"]["port"]
    assert values()["ingress"] == {"enabled": False}
    assert webserver["service"]["type"] == "ClusterIP"
    assert webserver["readinessProbe"]["httpGet"]["port"] == port >= 1024  # not root's
    page = (files.ROOT / "docs" / "deploy.md").read_text()
    assert f"port-forward svc/dagster-dagster-webserver {port}`" in page
    assert "postgresqlPassword" not in database
    examples = (FOLDER / "syncbit" / "secrets.example.yaml").read_text()
    names = {one["metadata"]["name"] for one in documents(examples)}
    assert values()["global"]["postgresqlSecretName"] in names


def test_one_version_of_dagster() -> None:
    constraints = (files.ROOT / "constraints.txt").read_text()
    pinned = re.findall(r"^dagster==(\S+)$", constraints, re.MULTILINE)
    text = (FOLDER / "dagster-values.yaml").read_text()
    assert set(re.findall(r"\b1\.\d+\.\d+\b", text)) == set(pinned)
    assert values()["dagsterWebserver"]["image"] == values()["dagsterDaemon"]["image"]
    assert files.service("code")["image"].endswith(code_location()["image"]["tag"])
